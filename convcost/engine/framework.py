"""TensorFlow and Keras, imported when a command needs them, or one line on how to install them."""

from __future__ import annotations

import sys
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


def keras_2() -> Any:
    """`tf_keras`, the Keras 2 that goes with TensorFlow. Raises MeasureError where it is missing."""
    tensorflow_and_keras()
    try:
        import tf_keras
    except ImportError:
        raise MeasureError(
            "Keras 2 wrote this file, which needs tf_keras: pip install tf_keras (beside tensorflow-cpu with --no-deps)"
        ) from None
    return tf_keras


def keras_of(model: Any) -> Any:
    """The Keras that a live model is of: `keras` or `tf_keras`. Raises MeasureError where it is of neither."""
    _, keras = tensorflow_and_keras()
    for module in (keras, sys.modules.get("tf_keras")):
        if module is not None and isinstance(model, module.Model):
            return module
    raise MeasureError(f"cannot trace a {type(model).__name__}, allowed: a Keras 3 model, or one of tf_keras")


def version(keras: Any) -> str:
    """`Keras 3.15.1`, or `tf_keras 2.21.0`."""
    return f"{'Keras' if keras.__name__ == 'keras' else keras.__name__} {keras.__version__}"


def versions(keras: Any) -> str:
    """`Keras 3.15.1 / TensorFlow 2.21.0`."""
    tensorflow, _ = tensorflow_and_keras()
    return f"{version(keras)} / TensorFlow {tensorflow.__version__}"


def one_line(error: BaseException) -> str:
    """The first line of what a framework says, without terminal escapes."""
    told = str(error).strip().partition("\n")[0]
    return told or type(error).__name__
