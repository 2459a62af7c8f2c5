"""A Keras model as TensorFlow's converter makes it a `.tflite` file: the graph that LiteRT runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from convcost.engine.framework import keras_of, one_line, tensorflow_and_keras
from convcost.engine.inputs import inputs_of
from convcost.engine.loading import imported, live
from convcost.errors import MeasureError
from convcost.model import Shape


def converted(path: Path, shapes: Mapping[str, Shape] | None = None, batch: int = 1) -> bytes:
    """The bytes of a `.tflite` file, in the types of the model, for a fixed batch.

    Raises MeasureError where TensorFlow is missing, or the model cannot be loaded or converted; ConvcostError where an
    input has an open size.
    """
    tensorflow, _ = tensorflow_and_keras()
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as frozen

    with imported([]) as modules:
        model = live(path, modules, run_code=False)
    inputs = inputs_of(model, shapes, batch, tensorflow, keras_of(model))
    call = tensorflow.function(lambda given: model(given, training=False))
    try:
        traced = frozen(call.get_concrete_function(inputs.specs))
        return bytes(tensorflow.lite.TFLiteConverter.from_concrete_functions([traced]).convert())
    except Exception as error:  # whatever the converter, or the code of a layer, raises
        raise MeasureError(f"{path}: TensorFlow cannot convert it to .tflite: {one_line(error)}") from error
