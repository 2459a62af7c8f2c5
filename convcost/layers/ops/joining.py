"""Operations that join tensors: no arithmetic."""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.errors import ShapeError
from convcost.layers.arithmetic import prod
from convcost.layers.base import axis_of
from convcost.layers.merging import concatenated
from convcost.layers.ops.base import BaseOp
from convcost.model import Shape


class BaseJoin(BaseOp):
    """Of a list of tensors; some may be constants."""

    arguments: ClassVar[tuple[str, ...]] = ("xs",)

    xs: Any = None

    def joined(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that meet. Raises ShapeError where there is none."""
        shapes = tuple(self.operands(inputs))
        if not shapes:
            raise ShapeError("it joins no tensor, allowed: one or more")
        return shapes


class Concatenate(BaseJoin):
    axis: int = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        return concatenated(self.joined(inputs), self.axis)


class Stack(BaseJoin):
    axis: int = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        shapes = self.joined(inputs)
        if len(set(shapes)) > 1:
            raise ShapeError(f"shapes {' and '.join(map(str, sorted(set(shapes))))} do not stack")
        at = axis_of(self.axis, len(shapes[0]) + 1)
        return (*shapes[0][:at], len(shapes), *shapes[0][at:])


class Hstack(BaseJoin):
    """Along the second axis, vectors along their only one."""

    def output_shape(self, *inputs: Shape) -> Shape:
        shapes = self.joined(inputs)
        return concatenated(shapes, min(len(shapes[0]) - 1, 1))


class Vstack(BaseJoin):
    """Along the first axis, vectors too (where numpy makes rows of them)."""

    def output_shape(self, *inputs: Shape) -> Shape:
        return concatenated(self.joined(inputs), 0)


class Dstack(BaseJoin):
    """Along the third axis; vectors are rows, and matrices one layer deep."""

    def output_shape(self, *inputs: Shape) -> Shape:
        rows = ((1,) * (2 - len(shape)) + shape for shape in self.joined(inputs))
        return concatenated(tuple(shape + (1,) * (3 - len(shape)) for shape in rows), 2)


class Append(BaseJoin):
    """The second after the first along an axis; without one, both flattened."""

    arguments = ("x1", "x2")

    x1: Any = None
    x2: Any = None
    axis: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        shapes = self.joined(inputs)
        return (sum(map(prod, shapes)),) if self.axis is None else concatenated(shapes, self.axis)


class Meshgrid(BaseJoin):
    """As many tensors as vectors, each as large as all of them together."""

    arguments = ("*xs",)

    indexing: str = "xy"

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        sizes = [prod(shape) for shape in self.joined(inputs)]
        if self.indexing == "xy":
            sizes[:2] = reversed(sizes[:2])
        return [tuple(sizes)] * len(sizes)
