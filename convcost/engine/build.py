"""A Keras model from the graph of one: what a spec describes, made to be trained."""

from __future__ import annotations

import json
from typing import Any

from convcost.engine.framework import one_line, tensorflow_and_keras
from convcost.errors import ConvcostError


def built(entry: dict[str, Any], source: str) -> Any:
    """The Keras model that an entry of config.json describes, with initial weights.

    Raises ConvcostError where Keras refuses a layer.
    """
    _, keras = tensorflow_and_keras()
    try:
        return keras.models.model_from_json(json.dumps(entry))
    except Exception as error:  # whatever Keras raises
        # It tells the cause last, below all that it was in the middle of.
        told = [line for line in str(error).splitlines() if line.startswith("Exception encountered: ")]
        cause = told[-1].removeprefix("Exception encountered: ") if told else one_line(error)
        raise ConvcostError(f"{source}: Keras {keras.__version__} cannot make it: {cause}") from error
