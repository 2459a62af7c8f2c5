"""Operations that give a tensor another shape or order, or repeat it: no arithmetic."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from convcost.errors import ShapeError
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.base import axis_of
from convcost.layers.ops.base import Axes, BaseOp, axes_of, own_batch, with_own_batch
from convcost.layers.reshaping import filled_in
from convcost.model import OpenShape, Shape

MOST_PIECES = 10_000
"""Outputs of one operation: a file may ask for more than fit into memory."""


def expect_pieces(pieces: int) -> None:
    """Raises ShapeError unless so many outputs are allowed."""
    if not 1 <= pieces <= MOST_PIECES:
        raise ShapeError(f"it puts out {pieces:,} pieces, allowed: 1 to {MOST_PIECES:,}")


class Reshape(BaseOp):
    fusion = "alias"
    newshape: int | tuple[int, ...]

    @classmethod
    def settled(cls, settings: dict[str, Any], recorded: list[OpenShape]) -> dict[str, Any]:
        return with_own_batch(settings, "newshape", recorded)

    def output_shape(self, *inputs: Shape) -> Shape:
        target = (self.newshape,) if isinstance(self.newshape, int) else self.newshape
        return filled_in(own_batch(target, inputs[0]), prod(inputs[0]))


class Ravel(BaseOp):
    fusion = "alias"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (prod(inputs[0]),)


class ExpandDims(BaseOp):
    fusion = "alias"
    axis: Axes

    def output_shape(self, *inputs: Shape) -> Shape:
        axes = (len(inputs[0]),) if self.axis is None else (self.axis,) if isinstance(self.axis, int) else self.axis
        rank = len(inputs[0]) + len(axes)
        new = axes_of(axes, rank)
        sizes = iter(inputs[0])
        return tuple(1 if axis in new else next(sizes) for axis in range(rank))


class Squeeze(BaseOp):
    """Without axes, every size goes that the file fixes at 1: an open batch dimension stays."""

    fusion = "alias"
    axis: Axes = None

    @classmethod
    def settled(cls, settings: dict[str, Any], recorded: list[OpenShape]) -> dict[str, Any]:
        if settings.get("axis") is not None or not recorded:
            return settings
        return {**settings, "axis": [axis for axis, size in enumerate(recorded[0]) if size == 1]}

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = inputs[0]
        if self.axis is None:
            return tuple(size for size in shape if size != 1)
        gone = axes_of(self.axis, len(shape))
        if any(shape[axis] != 1 for axis in gone):
            raise ShapeError(f"axis is {self.axis}: sizes {tuple(shape[axis] for axis in gone)}, allowed: 1")
        return tuple(size for axis, size in enumerate(shape) if axis not in gone)


class Transpose(BaseOp):
    axes: tuple[int, ...] | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.axes is None:
            return inputs[0][::-1]
        order = axes_of(self.axes, len(inputs[0]))
        if sorted(order) != list(range(len(inputs[0]))):
            raise ShapeError(f"axes are {self.axes}, allowed: an order of 0 to {len(inputs[0]) - 1}")
        return tuple(inputs[0][axis] for axis in order)


class Moveaxis(BaseOp):
    source: int | tuple[int, ...]
    destination: int | tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(inputs[0])
        moved = axes_of(self.source, rank)
        order = [axis for axis in range(rank) if axis not in moved]
        for target, axis in sorted(zip(axes_of(self.destination, rank), moved, strict=True)):
            order.insert(target, axis)
        return tuple(inputs[0][axis] for axis in order)


def swapped(shape: Shape, axis1: int, axis2: int) -> Shape:
    """`shape` with two sizes exchanged."""
    sizes = list(shape)
    one, other = axes_of((axis1, axis2), len(shape))
    sizes[one], sizes[other] = sizes[other], sizes[one]
    return tuple(sizes)


class Swapaxes(BaseOp):
    axis1: int
    axis2: int

    def output_shape(self, *inputs: Shape) -> Shape:
        return swapped(inputs[0], self.axis1, self.axis2)


class Rot90(BaseOp):
    """`k` quarter turns."""

    k: int = 1
    axes: tuple[int, int] = (0, 1)

    def output_shape(self, *inputs: Shape) -> Shape:
        return swapped(inputs[0], *self.axes) if self.k % 2 else inputs[0]


class BroadcastTo(BaseOp):
    shape: tuple[int, ...]

    @classmethod
    def settled(cls, settings: dict[str, Any], recorded: list[OpenShape]) -> dict[str, Any]:
        return with_own_batch(settings, "shape", recorded)

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(inputs[0], own_batch(self.shape, inputs[0]))


class Tile(BaseOp):
    repeats: int | tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        repeats = (self.repeats,) if isinstance(self.repeats, int) else self.repeats
        rank = max(len(repeats), len(inputs[0]))
        sizes = (1,) * (rank - len(inputs[0])) + inputs[0]
        times = (1,) * (rank - len(repeats)) + repeats
        return tuple(size * by for size, by in zip(sizes, times, strict=True))


class Repeat(BaseOp):
    """Every element so many times, or each its own number of times."""

    repeats: int | tuple[int, ...]
    axis: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = (prod(inputs[0]),) if self.axis is None else inputs[0]
        at = axis_of(self.axis or 0, len(shape))
        repeats = (self.repeats,) if isinstance(self.repeats, int) else self.repeats
        if len(repeats) not in (1, shape[at]):
            raise ShapeError(f"repeats has {len(repeats)} entries, allowed: one, or {shape[at]} of them")
        size = shape[at] * repeats[0] if len(repeats) == 1 else sum(repeats)
        return (*shape[:at], size, *shape[at + 1 :])


class Pad(BaseOp):
    """(before, after) for each axis, the batch included; one pair, or one int, is for all axes."""

    pad_width: int | tuple[int | tuple[int, ...], ...]
    mode: str = "constant"

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(inputs[0])
        width = self.pad_width
        if isinstance(width, int):
            width = ((width, width),)
        elif all(isinstance(one, int) for one in width):
            width = (width,)  # type: ignore[assignment]
        pairs = width * rank if len(width) == 1 else width
        if len(pairs) != rank or any(isinstance(pair, int) or len(pair) != 2 for pair in pairs):
            raise ShapeError(f"pad_width is {self.pad_width}, allowed: (before, after) for each of {rank} axes")
        return tuple(size + sum(pair) for size, pair in zip(inputs[0], pairs, strict=True))  # type: ignore[arg-type]


class BaseSplit(BaseOp):
    """Into equal sections, or at the given indices."""

    indices_or_sections: int | tuple[int, ...]
    axis: int = 0

    def at(self, shape: Shape) -> int:
        """The axis that is cut."""
        return axis_of(self.axis, len(shape))

    def sizes(self, size: int) -> list[int]:
        """The sizes of the pieces of `size`."""
        cuts = self.indices_or_sections
        if isinstance(cuts, int):
            if size % cuts:
                raise ShapeError(f"a size of {size} does not split into {cuts} equal sections")
            return [size // cuts] * cuts
        return [max(end - start, 0) for start, end in pairwise((0, *(min(cut, size) for cut in cuts), size))]

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        shape = inputs[0]
        at = self.at(shape)
        cuts = self.indices_or_sections
        expect_pieces(cuts if isinstance(cuts, int) else len(cuts) + 1)
        return [(*shape[:at], size, *shape[at + 1 :]) for size in self.sizes(shape[at])]


class Split(BaseSplit):
    pass


class ArraySplit(BaseSplit):
    """Where the sections cannot be equal, the first ones are larger by one."""

    def sizes(self, size: int) -> list[int]:
        cuts = self.indices_or_sections
        if isinstance(cuts, int):
            return [size // cuts + (section < size % cuts) for section in range(cuts)]
        return super().sizes(size)


class Hsplit(BaseSplit):
    def at(self, shape: Shape) -> int:
        return min(len(shape) - 1, 1)


class Vsplit(BaseSplit):
    pass


class Dsplit(BaseSplit):
    axis: int = 2


class Unstack(BaseOp):
    num: int | None = None
    axis: int = 0

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        at = axis_of(self.axis, len(inputs[0]))
        pieces = inputs[0][at] if self.num is None else self.num
        expect_pieces(pieces)
        return [(*inputs[0][:at], *inputs[0][at + 1 :])] * pieces


class ViewAsComplex(BaseOp):
    """Pairs of the last axis as complex numbers."""

    fusion = "alias"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0][:-1]


class ViewAsReal(BaseOp):
    fusion = "alias"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], 2)
