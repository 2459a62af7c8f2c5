"""Specs as texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcost.model import Model
from convcost.readers import read

Spec = Callable[..., Model]


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    """Reads a text as the file `spec.yaml`, with parameters."""

    def call(text: str, **parameters: Any) -> Model:
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return read(path, parameters)

    return call


@pytest.fixture
def layers(spec: Spec) -> Spec:
    """Reads the items of `layers` alone, on an input of 8×8×3; what is given as a parameter is declared."""

    def call(items: str, **parameters: Any) -> Model:
        declared = ", ".join(f"{name}: null" for name in parameters)
        return spec(f"convcost: 1\nparameters: {{{declared}}}\ninput: [8, 8, 3]\nlayers:\n{items}", **parameters)

    return call
