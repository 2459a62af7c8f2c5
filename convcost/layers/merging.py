"""Layers that merge several tensors into one."""

from __future__ import annotations

from convcost.cost import NOTHING, Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.base import Kind, axis_of
from convcost.model import Shape


class BaseMerge(Kind):
    """Elementwise, with broadcasting: one FLOP per output element and further input."""

    formula = "0 (merge: inputs − 1 FLOPs per output element)"

    def output_shape(self, *inputs: Shape) -> Shape:
        if not inputs:
            raise ShapeError("it merges no input, allowed: one or more")
        return _merged(inputs)

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"merge": (len(inputs) - 1) * prod(_merged(inputs))})


def _merged(inputs: tuple[Shape, ...]) -> Shape:
    """Inputs of lower rank meet the others behind the batch, as Keras's merging layers have it."""
    rank = max(map(len, inputs))
    return broadcast(*((shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in inputs))


class Add(BaseMerge):
    pass


class Subtract(BaseMerge):
    pass


class Multiply(BaseMerge):
    pass


class Maximum(BaseMerge):
    pass


class Minimum(BaseMerge):
    pass


class Average(BaseMerge):
    formula = "0 (merge: inputs FLOPs per output element)"

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"merge": len(inputs) * prod(_merged(inputs))})


class Concatenate(Kind):
    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        return concatenated(inputs, self.axis)

    def cost(self, *inputs: Shape) -> Cost:
        return NOTHING


def concatenated(inputs: tuple[Shape, ...], axis: int) -> Shape:
    """The inputs joined along `axis`. Raises ShapeError where another size differs."""
    first = inputs[0]
    at = axis_of(axis, len(first))
    for shape in inputs[1:]:
        if len(shape) != len(first) or any(
            here != there for place, (here, there) in enumerate(zip(shape, first, strict=True)) if place != at
        ):
            raise ShapeError(f"shapes {first[1:]} and {shape[1:]} do not concatenate along axis {axis}")
    return (*first[:at], sum(shape[at] for shape in inputs), *first[at + 1 :])


class Dot(Kind):
    """A contraction of two tensors along `axes`, batch by batch."""

    formula = "output elements · contracted size"

    axes: int | tuple[int, ...]
    normalize: bool = False

    def _axes(self, left: Shape, right: Shape) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return axis_of(pair[0], len(left)), axis_of(pair[1], len(right))

    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = inputs
        from_left, from_right = self._axes(left, right)
        if left[from_left] != right[from_right]:
            raise ShapeError(f"it contracts sizes {left[from_left]} and {right[from_right]}, which differ")
        kept = [size for axis, size in enumerate(left) if axis != from_left]
        kept += [size for axis, size in enumerate(right) if axis not in (0, from_right)]
        return tuple(kept) if len(kept) > 1 else (*kept, 1)

    def cost(self, *inputs: Shape) -> Cost:
        contracted = inputs[0][self._axes(*inputs)[0]]
        norms = 3 * sum(map(prod, inputs)) if self.normalize else 0
        return Cost(prod(self.output_shape(*inputs)) * contracted, {"normalization": norms} if norms else {})
