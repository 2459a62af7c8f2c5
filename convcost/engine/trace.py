"""Trace a live Keras model with TensorFlow, and count the multiply-accumulates of the graph: the oracle.

The count owes nothing to `convcost.layers`: it comes from the shapes of the operations that Keras makes TensorFlow run.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from convcost.engine.calls import Call, recorded
from convcost.engine.framework import keras_of, one_line, tensorflow_and_keras
from convcost.engine.graph import Walk
from convcost.engine.inputs import Inputs, inputs_of
from convcost.errors import MeasureError
from convcost.model import Shape


class Trace(msgspec.Struct, frozen=True):
    """MACs of a traced graph, by the path of the innermost layer or operation that each operation belongs to.

    `batch` is how many samples were traced: 1, unless the model fixes another. `uncounted` are the layers with
    operations whose arithmetic the graph does not show: there `macs` is a lower bound.
    """

    by_layer: Mapping[str, int]
    batch: int = 1
    uncounted: tuple[str, ...] = ()

    @property
    def macs(self) -> int:
        return sum(self.by_layer.values())

    def under(self, path: str) -> int:
        """MACs of the layer at `path` and of all layers inside it."""
        return sum(count for inner, count in self.by_layer.items() if f"{inner}/".startswith(f"{path}/"))


class Traced:
    """A live model as TensorFlow traced it: its graph, and the calls of its layers (the first is that of the model)."""

    def __init__(self, model: Any, inputs: Inputs, graph: Any, calls: list[Call], paths: Mapping[str, str]) -> None:
        self.model = model
        self.inputs = inputs
        self.graph = graph
        self.calls = calls
        self.paths = paths

    def walk(self, strict: bool) -> tuple[Mapping[str, int], Mapping[str, str]]:
        """MACs by layer, and why some are not counted. `strict`: MeasureError where the graph leaves open a size."""
        tensorflow, _ = tensorflow_and_keras()
        walk = Walk(self.paths, tensorflow.get_static_value, strict)
        return dict(walk.graph(self.graph)), walk.uncounted


def trace(model: Any, input_shapes: Shape | Mapping[str, Shape] | None = None) -> Trace:
    """Count the MACs of `model` (a live Keras model) as TensorFlow traces it for inference.

    Args:
        input_shapes: per sample, without the batch dimension; several inputs by name. Needed where the model leaves a
            dimension open, and for a subclassed model.

    Raises:
        ConvcostError: a shape is missing.
        MeasureError: TensorFlow is missing, or cannot trace the model, or the graph leaves open what a count needs.
    """
    traced = traced_graph(model, input_shapes)
    counted, uncounted = traced.walk(strict=True)
    return Trace(counted, traced.inputs.batch, tuple(sorted(uncounted)))


def traced_graph(model: Any, input_shapes: Shape | Mapping[str, Shape] | None = None, batch: int = 1) -> Traced:
    """The graph of `model` for inference on `batch` samples, or as many as it fixes. Raises as `trace` does."""
    tensorflow, _ = tensorflow_and_keras()
    keras = keras_of(model)
    inputs = inputs_of(model, input_shapes, batch, tensorflow, keras)
    told = {"training": False} if _is_told_training(model, keras) else {}

    def concrete() -> Any:
        function = tensorflow.function(lambda values: model(values, **told), autograph=False)
        try:
            return function.get_concrete_function(inputs.specs)
        except Exception as error:  # whatever a model's own code raises
            raise MeasureError(f"{model.name}: TensorFlow cannot trace the model: {one_line(error)}") from error

    with _plain_errors(tensorflow, keras):
        if not getattr(model, "inputs", None):
            concrete()  # A subclassed model builds its layers when it is first called, by calls that are no part of it.
        with recorded(tensorflow, keras) as calls:
            graph = concrete().graph
    return Traced(model, inputs, graph, calls.last, calls.paths)


def _is_told_training(model: Any, keras: Any) -> bool:
    """Whether a call of the model takes `training`. Keras 3 drops it where `call` does not; Keras 2 hands it on."""
    if hasattr(keras, "Operation"):
        return True
    parameters = inspect.signature(model.call).parameters.values()
    return any(one.name == "training" or one.kind is one.VAR_KEYWORD for one in parameters)


@contextmanager
def _plain_errors(tensorflow: Any, keras: Any) -> Iterator[None]:
    """Keep Keras from wrapping errors into a report of many lines with terminal escapes."""
    config = getattr(keras, "config", tensorflow.debugging)  # Keras 2 does as TensorFlow does
    if not config.is_traceback_filtering_enabled():
        yield
        return
    config.disable_traceback_filtering()
    try:
        yield
    finally:
        config.enable_traceback_filtering()
