"""A Keras model as TensorFlow's converter makes it a `.tflite` file: the graph that LiteRT runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convcost.engine.framework import keras_of, one_line, tensorflow_and_keras
from convcost.engine.inputs import Inputs, inputs_of
from convcost.engine.loading import imported, live
from convcost.errors import MeasureError
from convcost.model import Shape

DTYPES = ("float32", "int8")
"""What a model can be converted to: as it is, or quantized throughout, with inputs and outputs."""

SAMPLES = 4
"""Random ones, from which the converter takes the ranges of activations. What an int8 model takes hangs on no range."""

LOOPS = ("LoopCond", "While", "StatelessWhile")
"""Operations that every loop of a graph has one of."""


def converted(path: Path, shapes: Mapping[str, Shape] | None = None, batch: int = 1) -> bytes:
    """The bytes of a `.tflite` file, in the types of the model, for a fixed batch.

    Raises MeasureError where TensorFlow is missing, or the model cannot be loaded or converted; ConvcostError where an
    input has an open size.
    """
    tensorflow_and_keras()
    with imported([]) as modules:
        model = live(path, modules, run_code=False)
    return converted_live(model, str(path), shapes, batch)


def converted_live(
    model: Any, source: str, shapes: Mapping[str, Shape] | None = None, batch: int = 1, dtype: str = "float32"
) -> bytes:
    """A live Keras model as the bytes of a `.tflite` file; `dtype` is of `DTYPES`. Raises as `converted` does."""
    tensorflow, _ = tensorflow_and_keras()
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as frozen

    inputs = inputs_of(model, shapes, batch, tensorflow, keras_of(model))
    call = tensorflow.function(lambda given: model(given, training=False))
    try:
        traced = frozen(call.get_concrete_function(inputs.specs))
        converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([traced])
        if dtype == "int8":
            _refuse_loops(traced, source)
            _quantize(converter, inputs, tensorflow)
        return bytes(converter.convert())
    except MeasureError:
        raise
    except Exception as error:  # whatever the converter, or the code of a layer, raises
        to = " in int8" if dtype == "int8" else ""
        raise MeasureError(f"{source}: TensorFlow cannot convert it to .tflite{to}: {one_line(error)}") from error


def _refuse_loops(traced: Any, source: str) -> None:
    """Raises MeasureError where a graph has a loop, as of recurrent layers: TensorFlow 2.21 crashes quantizing it."""
    if any(operation.type in LOOPS for operation in traced.graph.get_operations()):
        raise MeasureError(
            f"{source}: TensorFlow cannot convert loops to int8, such as that of a recurrent layer; float32 works"
        )


def _quantize(converter: Any, inputs: Inputs, tensorflow: Any) -> None:
    """Full-integer quantization after training (tensorflow.org/lite/performance/post_training_integer_quant)."""
    import numpy as np

    draw = np.random.default_rng(0)
    flat = tensorflow.nest.flatten(inputs.specs)

    def samples() -> Iterator[list[Any]]:
        for _ in range(SAMPLES):
            yield [draw.random(spec.shape, dtype=np.float32) for spec in flat]

    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
