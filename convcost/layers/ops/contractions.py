"""Products of two tensors that sum over an axis of both: every multiply-accumulate counts.

Products that sum over nothing (`outer`, `kron`, `cross`, an einsum like "ij,ij->ij") are elementwise: no MACs.
"""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.ops.base import BaseOp, axes_of, elementwise
from convcost.model import Shape


class BaseProduct(BaseOp):
    """Of two operands, of which one may be a constant."""

    formula = "output elements · contracted size"
    arguments = ("x1", "x2")

    x1: Any = None
    x2: Any = None

    def both(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        left, right = self.operands(inputs)
        return left, right

    def contracted(self, left: Shape, right: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The axes of both that are summed over."""
        raise NotImplementedError

    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.both(inputs)
        from_left, from_right = self.contracted(left, right)
        met = [(left[one], right[other]) for one, other in zip(from_left, from_right, strict=True)]
        if any(one != other for one, other in met):
            raise ShapeError(f"shapes {left} and {right} do not contract along {from_left} and {from_right}")
        return (
            *(size for axis, size in enumerate(left) if axis not in from_left),
            *(size for axis, size in enumerate(right) if axis not in from_right),
        )

    def cost(self, *inputs: Shape) -> Cost:
        left, right = self.both(inputs)
        summed, _ = self.contracted(left, right)
        return product_cost(self.output_shape(*inputs), tuple(left[axis] for axis in summed))


def product_cost(output: Shape, summed: Shape) -> Cost:
    """Output elements times the sizes summed over; with no axis summed over, one FLOP per element."""
    return Cost(prod(output) * prod(summed)) if summed else elementwise(1, output)


class Dot(BaseProduct):
    """Last axis with the last but one (of a vector: its only one); a scalar multiplies."""

    def contracted(self, left: Shape, right: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not left or not right:
            return (), ()
        return (len(left) - 1,), (max(len(right) - 2, 0),)


class Inner(BaseProduct):
    """Last axis with last axis; a scalar multiplies."""

    def contracted(self, left: Shape, right: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not left or not right:
            return (), ()
        return (len(left) - 1,), (len(right) - 1,)


class Tensordot(BaseProduct):
    """`axes`: how many of the last and first axes meet, or which of each."""

    axes: int | tuple[int | tuple[int, ...], ...] = 2

    def contracted(self, left: Shape, right: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if isinstance(self.axes, int):
            many = max(self.axes, 0)
            return tuple(range(len(left) - many, len(left))), tuple(range(many))
        if len(self.axes) != 2:
            raise ShapeError(f"axes is {self.axes}, allowed: an int, or the axes of each operand")
        return axes_of(self.axes[0], len(left)), axes_of(self.axes[1], len(right))


class Vdot(BaseProduct):
    """All elements with all elements."""

    def both(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        left, right = super().both(inputs)
        return (prod(left),), (prod(right),)

    def contracted(self, left: Shape, right: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (0,), (0,)


class Matmul(BaseProduct):
    """Rows with columns, where leading axes broadcast; a vector is a row on the left and a column on the right."""

    formula = "leading positions · rows · contracted size · columns"

    def _matrices(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
        """The leading axes of the output, and both matrices."""
        left, right = self.both(inputs)
        row = left if len(left) > 1 else (1, *left)
        column = right if len(right) > 1 else (*right, 1)
        if not left or not right or row[-1] != column[-2]:
            raise ShapeError(f"shapes {left} and {right} do not multiply as matrices")
        return broadcast(row[:-2], column[:-2]), row[-2:], column[-2:]

    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.both(inputs)
        leading, row, column = self._matrices(inputs)
        return (*leading, *(row[:1] if len(left) > 1 else ()), *(column[1:] if len(right) > 1 else ()))

    def cost(self, *inputs: Shape) -> Cost:
        leading, (rows, contracted), (_, columns) = self._matrices(inputs)
        return Cost(prod(leading) * rows * contracted * columns)


class BaseSpread(BaseProduct):
    """Every element of one with every element of the other: nothing is summed."""

    formula = "0 (elementwise: 1 FLOP per output element)"

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, self.output_shape(*inputs))


class Outer(BaseSpread):
    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.both(inputs)
        return (prod(left), prod(right))


class Kron(BaseSpread):
    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.both(inputs)
        rank = max(len(left), len(right))
        padded = ((1,) * (rank - len(shape)) + shape for shape in (left, right))
        return tuple(one * other for one, other in zip(*padded, strict=True))


class Cross(BaseProduct):
    """The vector product of three components (a difference of two products each), or of two."""

    formula = "0 (elementwise: 3 FLOPs per output element)"

    axisa: int = -1
    axisb: int = -1
    axisc: int = -1
    axis: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.both(inputs)
        at = [self.axis if self.axis is not None else axis for axis in (self.axisa, self.axisb, self.axisc)]
        (one,), (other,) = axes_of(at[0], len(left)), axes_of(at[1], len(right))
        rest = broadcast(left[:one] + left[one + 1 :], right[:other] + right[other + 1 :])
        if 3 not in (left[one], right[other]):
            return rest
        (into,) = axes_of(at[2], len(rest) + 1)
        return (*rest[:into], 3, *rest[into:])

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(3, self.output_shape(*inputs))


class Correlate(BaseProduct):
    """The shorter vector slides along the longer one. Taps outside of it count, as in any padded convolution."""

    formula = "output elements · shorter size"

    mode: str = "valid"

    def output_shape(self, *inputs: Shape) -> Shape:
        (left,), (right,) = self.both(inputs)
        shorter, longer = sorted((left, right))
        return ({"full": left + right - 1, "same": longer}.get(self.mode, longer - shorter + 1),)

    def cost(self, *inputs: Shape) -> Cost:
        return product_cost(self.output_shape(*inputs), (min(map(prod, self.both(inputs))),))


class Corrcoef(BaseOp):
    """The correlation of every row with every row: their centred products, over their deviations."""

    formula = "rows² · columns"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], *inputs[0][-2:-1])

    def cost(self, *inputs: Shape) -> Cost:
        output = self.output_shape(*inputs)
        return product_cost(output, inputs[0][-1:]) + elementwise(2, inputs[0]) + elementwise(2, output)
