"""Trace a live Keras model with TensorFlow, and count the multiply-accumulates of the graph: the oracle.

The count owes nothing to `convcost.layers`: it comes from the shapes of the operations that Keras makes TensorFlow run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from convcost.engine.framework import tensorflow_and_keras
from convcost.engine.graph import Walk
from convcost.errors import ConvcostError, MeasureError
from convcost.model import Shape

SCOPE = "convcost>"
"""How the name scope of every traced call begins; a number follows."""


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


def trace(model: Any, input_shapes: Shape | Mapping[str, Shape] | None = None) -> Trace:
    """Count the MACs of `model` (a Keras 3 model) as TensorFlow traces it for inference.

    Args:
        input_shapes: per sample, without the batch dimension; several inputs by name. Needed where the model leaves a
            dimension open, and for a subclassed model.

    Raises:
        ConvcostError: a shape is missing.
        MeasureError: TensorFlow is missing, or cannot trace the model, or the graph leaves open what a count needs.
    """
    tensorflow, keras = tensorflow_and_keras()
    if not isinstance(model, keras.Model):
        raise MeasureError(f"cannot trace a {type(model).__name__}, allowed: a Keras 3 model")
    inputs, batch = _inputs(model, input_shapes, tensorflow, keras)
    function = tensorflow.function(lambda values: model(values, training=False), autograph=False)
    with _named_calls(tensorflow, keras) as paths, _plain_errors(keras):
        try:
            concrete = function.get_concrete_function(inputs)
        except Exception as error:  # whatever a model's own code raises
            told = str(error).strip().partition("\n")[0] or type(error).__name__
            raise MeasureError(f"{model.name}: TensorFlow cannot trace the model: {told}") from error
    walk = Walk(paths, tensorflow.get_static_value)
    counted = walk.graph(concrete.graph)
    return Trace(dict(counted), batch, tuple(sorted(walk.uncounted)))


@contextmanager
def _named_calls(tensorflow: Any, keras: Any) -> Iterator[Mapping[str, str]]:
    """Give every call of a layer or operation a name scope of its own, as long as the context lasts.

    Yields the path of the layer by scope. Keras names scopes too, but a second call of `conv` is `conv_1`, which may be
    the name of another layer, and operations such as `keras.ops.matmul` get no scope at all.
    """
    original = keras.Operation.__call__
    names: list[str] = []
    paths: dict[str, str] = {}

    def named(operation: Any, *args: Any, **kwargs: Any) -> Any:
        names.append(operation.name)
        scope = f"{SCOPE}{len(paths)}"
        paths[scope] = "/".join(names[1:])  # the first is the model
        try:
            with tensorflow.name_scope(scope):
                return original(operation, *args, **kwargs)
        finally:
            names.pop()

    keras.Operation.__call__ = named
    try:
        yield paths
    finally:
        keras.Operation.__call__ = original


@contextmanager
def _plain_errors(keras: Any) -> Iterator[None]:
    """Keep Keras from wrapping errors into a report of many lines with terminal escapes."""
    if not keras.config.is_traceback_filtering_enabled():
        yield
        return
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        keras.config.enable_traceback_filtering()


def _inputs(model: Any, shapes: Shape | Mapping[str, Shape] | None, tensorflow: Any, keras: Any) -> tuple[Any, int]:
    """What to call the model with, as the model has its inputs structured, and the samples in it."""
    given = shapes if isinstance(shapes, Mapping) or shapes is None else {"": shapes}
    tensors = getattr(model, "inputs", None)
    if not tensors:
        if not given:
            raise ConvcostError(f"{model.name}: the model tells no input shape: give it with --input-shape")
        specs = {name: tensorflow.TensorSpec((1, *shape), "float32") for name, shape in given.items()}
        return specs.get("", specs), 1
    batch = next((tensor.shape[0] for tensor in tensors if tensor.shape[0] is not None), 1)
    entries = [layer for layer in model.layers if isinstance(layer, keras.layers.InputLayer)]
    names = {id(entry.output): entry.name for entry in entries}

    def spec(tensor: Any) -> Any:
        shape, name = tensor.shape[1:], names.get(id(tensor), tensor.name)
        if given:
            shape = next(iter(given.values())) if len(tensors) == 1 else given.get(name, shape)
        if None in shape:
            raise ConvcostError(f"{model.name}: input {name!r} has the open shape {shape}: give it with --input-shape")
        return tensorflow.TensorSpec((batch, *shape), tensor.dtype)

    structure = tensors[0] if isinstance(model, keras.Sequential) else model.input
    return keras.tree.map_structure(spec, structure), batch
