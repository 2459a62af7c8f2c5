"""What a live model is called with: a specification of every input, as the model has its inputs structured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.errors import ConvcostError
from convcost.model import Shape

ALONE = "input"
"""What an input is called that has no name."""


class Inputs:
    """`specs`: what to call the model with. `names`: of the inputs in it, in TensorFlow's order of a structure."""

    def __init__(self, specs: Any, names: list[str], tensorflow: Any) -> None:
        self.specs = specs
        flat = tensorflow.nest.flatten(specs)
        self.batch = int(flat[0].shape[0])
        self.shapes: dict[str, Shape] = {name: tuple(spec.shape[1:]) for name, spec in zip(names, flat, strict=True)}


def inputs_of(
    model: Any, shapes: Shape | Mapping[str, Shape] | None, batch: int, tensorflow: Any, keras: Any
) -> Inputs:
    """The inputs of `model` for `batch` samples, or as many as it fixes itself.

    `shapes`: per sample; several inputs by name. Raises ConvcostError where one is missing, or names no input.
    """
    given = shapes if isinstance(shapes, Mapping) or shapes is None else {"": tuple(shapes)}
    if not getattr(model, "inputs", None):
        return _of_subclassed(model, given or _built_on(model), batch, tensorflow)
    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    flat = tensorflow.nest.flatten(structure)
    names = [_name(tensor) for tensor in flat]
    asked = _by_name(model, names, given or {})
    fixed = next((tensor.shape[0] for tensor in flat if tensor.shape[0] is not None), batch)
    specs = [_spec(model, tensor, name, asked, fixed, tensorflow) for tensor, name in zip(flat, names, strict=True)]
    return Inputs(tensorflow.nest.pack_sequence_as(structure, specs), names, tensorflow)


def _name(tensor: Any) -> str:
    """The name of the input layer that a symbolic tensor comes from (Keras 2 has layers only, Keras 3 operations)."""
    history = tensor._keras_history
    return str((history.operation if hasattr(history, "operation") else history.layer).name)


def _by_name(model: Any, names: list[str], given: Mapping[str, Shape]) -> dict[str, Shape]:
    """The shapes that were given, each under the name of an input."""
    asked = dict(given)
    if "" in asked and len(names) == 1:
        asked[names[0]] = asked.pop("")
    for name in asked:
        if name not in names:
            what = f"no input is named {name!r}" if name else f"the model has {len(names)} inputs, which have names"
            raise ConvcostError(f"{model.name}: {what}; the inputs are {', '.join(names)}")
    return asked


def _spec(model: Any, tensor: Any, name: str, asked: Mapping[str, Shape], batch: int, tensorflow: Any) -> Any:
    declared = tuple(tensor.shape[1:])
    shape = asked.get(name, declared)
    if len(shape) != len(declared):
        raise ConvcostError(f"{model.name}: input {name!r} has {len(declared)} dimensions {declared}, got {shape}")
    if None in shape:
        raise ConvcostError(f"{model.name}: input {name!r} has the open shape {shape}: give it with --input-shape")
    return tensorflow.TensorSpec((batch, *shape), tensor.dtype)


def _of_subclassed(model: Any, given: Mapping[str, Shape] | None, batch: int, tensorflow: Any) -> Inputs:
    """A model that tells no inputs takes one tensor, or a dictionary of several."""
    if not given:
        raise ConvcostError(f"{model.name}: the model tells no input shape: give it with --input-shape")
    specs = {name: tensorflow.TensorSpec((batch, *shape), "float32") for name, shape in given.items()}
    if "" in specs:
        return Inputs(specs[""], [ALONE], tensorflow)
    return Inputs(specs, sorted(specs), tensorflow)


def _built_on(model: Any) -> dict[str, Shape] | None:
    """The shape that a subclassed model was built on, where it tells a whole one."""
    shape = (model.get_build_config() or {}).get("input_shape")
    if not isinstance(shape, tuple | list) or not all(isinstance(size, int) for size in shape[1:]):
        return None
    return {"": tuple(shape[1:])}
