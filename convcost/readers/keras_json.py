"""`.json`: what `model.to_json()` says. It has no weights: params of layers that no rule knows stay unknown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.model import Model

FILES = ".json files of Keras"


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix == ".json" and b'"convcost"' not in head  # a spec may be JSON as well


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in a JSON file. Raises ConvcostError where it is none."""
    from convcost.readers.files import content
    from convcost.readers.keras_text import LARGEST_GRAPH, model_in
    from convcost.readers.keras_unknown import without_weights

    model = model_in(content(path, LARGEST_GRAPH), str(path), "json")
    return without_weights(model, "a .json file has no weights")
