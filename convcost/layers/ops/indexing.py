"""Operations that read or write some elements of a tensor: no arithmetic."""

from __future__ import annotations

from typing import Any

from convcost.errors import ShapeError, UncountedError
from convcost.layers.arithmetic import broadcast
from convcost.layers.base import axis_of
from convcost.layers.ops.base import BaseOp, define, own_batch, with_own_batch
from convcost.layers.ops.reductions import reduced
from convcost.model import OpenShape, Shape


class GetItem(BaseOp):
    """`x[key]`: indices, slices, an ellipsis and new axes."""

    arguments = ("x", "key")

    key: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        keys = list(self.key) if isinstance(self.key, list) else [self.key]
        rank = len(inputs[0])
        consumed = sum(key is not None and not _is(key, "__ellipsis__") for key in keys)
        if consumed > rank:
            raise ShapeError(f"it has {consumed} indices for an input of {rank} dimensions (batch included)")
        if not any(_is(key, "__ellipsis__") for key in keys):
            keys.append({"class_name": "__ellipsis__"})
        result: list[int] = []
        axis = 0
        for key in keys:
            if key is None:
                result.append(1)
            elif _is(key, "__ellipsis__"):
                result += inputs[0][axis : axis + rank - consumed]
                axis += rank - consumed
            else:
                result += _picked(key, inputs[0][axis])
                axis += 1
        if 0 in result and 0 not in inputs[0]:
            raise UncountedError(f"it takes nothing of an input of {inputs[0]}: does it cut the batch?")
        return tuple(result)


def _is(key: Any, kind: str) -> bool:
    return isinstance(key, dict) and key.get("class_name") == kind


def _picked(key: Any, size: int) -> list[int]:
    """What is left of an axis: the size that a slice takes, or nothing for an index."""
    if isinstance(key, int):
        if not -size <= key < size:
            raise ShapeError(f"index {key} is outside of a size of {size}")
        return []
    settings = key.get("config") if _is(key, "__slice__") else None
    if not isinstance(settings, dict):
        raise ShapeError(f"it is indexed with {key}, allowed: indices, slices, an ellipsis and new axes")
    return [len(range(*slice(*(settings.get(end) for end in ("start", "stop", "step"))).indices(size)))]


class Take(BaseOp):
    """The elements at `indices` along an axis; without one, of the flattened tensor."""

    arguments = ("x", "indices")

    x: Any = None
    indices: Any = None
    axis: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        tensor, indices = self.operands(inputs)
        if self.axis is None:
            return indices
        at = axis_of(self.axis, len(tensor))
        return (*tensor[:at], *indices, *tensor[at + 1 :])


class TakeAlongAxis(Take):
    """One element per index, where the other axes broadcast."""

    def output_shape(self, *inputs: Shape) -> Shape:
        tensor, indices = self.operands(inputs)
        if self.axis is None:
            return indices
        at = axis_of(self.axis, len(tensor))
        return broadcast((*tensor[:at], *indices[at : at + 1], *tensor[at + 1 :]), indices)


class Slice(BaseOp):
    """A block of the given shape, where -1 takes what is left. Older versions of Keras give the shape to the call."""

    arguments = ("inputs", "start_indices", "shape")

    shape: tuple[int, ...]
    start_indices: Any = None

    @classmethod
    def settled(cls, settings: dict[str, Any], recorded: list[OpenShape]) -> dict[str, Any]:
        return with_own_batch(settings, "shape", recorded)

    def output_shape(self, *inputs: Shape) -> Shape:
        starts = self.start_indices if isinstance(self.start_indices, list) else [0] * len(self.shape)
        block = zip(inputs[0], own_batch(self.shape, inputs[0]), starts, strict=True)
        return tuple(total - start if size == -1 else size for total, size, start in block)


class BaseUpdate(BaseOp):
    """A copy of the first argument with some elements replaced."""

    arguments = ("inputs",)

    inputs: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0]


define(BaseUpdate, "ScatterUpdate SliceUpdate")


class Scatter(BaseOp):
    """Values at indices of a tensor of zeros. Older versions of Keras give the shape to the call."""

    arguments = ("indices", "values", "shape")

    shape: tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape


class UnravelIndex(BaseOp):
    """Flat indices as one index along each axis of `shape`."""

    shape: tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [inputs[0]] * len(self.shape)


class OneHot(BaseOp):
    """A new axis with a one at each index."""

    num_classes: int
    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        at = axis_of(self.axis, len(inputs[0]) + 1)
        return (*inputs[0][:at], self.num_classes, *inputs[0][at:])


class MultiHot(OneHot):
    """A one at each of the indices of a row: the maximum of their one-hot rows."""

    def output_shape(self, *inputs: Shape) -> Shape:
        rows = super().output_shape(*inputs)
        return reduced(rows, min(len(inputs[0]) - 1, 1), keepdims=False)


class BaseScalar(BaseOp):
    """A number that is known from the shape."""

    def output_shape(self, *inputs: Shape) -> Shape:
        return ()


define(BaseScalar, "Ndim Size")


class Full(BaseOp):
    """A tensor of one value."""

    shape: int | tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        return (self.shape,) if isinstance(self.shape, int) else self.shape
