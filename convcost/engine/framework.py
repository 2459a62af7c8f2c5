"""TensorFlow and Keras, imported when a command needs them, or one line on how to install them."""

from __future__ import annotations

from typing import Any

from convcost.errors import MeasureError


def tensorflow_and_keras() -> tuple[Any, Any]:
    """Both modules. Raises MeasureError where they are missing, or Keras runs on another backend."""
    try:
        import keras
        import tensorflow
    except ImportError as error:
        raise MeasureError(
            f"this needs TensorFlow and Keras ({error.name} is missing): pip install 'convcost[tensorflow]'"
        ) from None
    if keras.backend.backend() != "tensorflow":
        raise MeasureError(
            f"Keras runs on the backend {keras.backend.backend()!r}, allowed: 'tensorflow' (set KERAS_BACKEND)"
        )
    return tensorflow, keras
