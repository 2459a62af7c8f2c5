"""YAML specs: a network written by hand, with parameters and blocks (docs/spec.md). JSON is YAML too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.collecting import uncollected
from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.paths import YAML

_VERSION = re.compile(rb"""^\{?\s*["']?convcost["']?\s*:""", re.MULTILINE)

FILES = "YAML specs"


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix in YAML or _VERSION.search(head) is not None


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model that a spec describes, `parameters` in the place of its own."""
    import msgspec

    from convcost.readers.spec.document import model_of
    from convcost.readers.yaml_lines import read_yaml

    try:
        with uncollected():
            model = model_of(read_yaml(path), str(path), path.stem, parameters)
    except RecursionError:
        raise ConvcostError(f"{path}: its blocks and repeats are nested too deep") from None
    return msgspec.structs.replace(model, source=str(path), format="spec")
