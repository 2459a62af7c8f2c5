"""A live Keras model -> Model, through the JSON that it writes of itself."""

from __future__ import annotations

from typing import Any

import msgspec

from convcost.model import Model
from convcost.readers.keras_config import model_of
from convcost.readers.keras_json import decode


def read_live(model: Any) -> Model:
    """The Model of a Keras model object: what `model.to_json()` says."""
    entry = decode(model.to_json())
    return msgspec.structs.replace(model_of(entry, source=str(model.name)), format="live")
