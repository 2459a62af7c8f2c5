"""A live Keras model -> Model, through the JSON that it writes of itself."""

from __future__ import annotations

from typing import Any

from convcost.model import Model
from convcost.readers.keras_text import model_in


def read_live(model: Any) -> Model:
    """The Model of a Keras model object: what `model.to_json()` says."""
    return model_in(model.to_json(), str(model.name), "live")
