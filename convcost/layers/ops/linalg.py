"""Matrices: their diagonals, and factorizations with a fixed count of operations.

The counts are the leading terms of LAPACK Working Note 41 (Blackford and Dongarra, 1999), appendix C. They are FLOPs of
their own category, no MACs: nothing is contracted with a weight or another activation.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import prod
from convcost.layers.ops.base import BaseOp, axes_of, define, elementwise
from convcost.model import Shape


def diagonal_size(rows: int, columns: int, offset: int) -> int:
    """The elements of a diagonal, `offset` above the main one."""
    return max(0, min(rows, columns, columns - offset, rows + offset))


class Diagonal(BaseOp):
    """The diagonal of two axes, as a new last one."""

    offset: int = 0
    axis1: int = 0
    axis2: int = 1

    def taken(self, shape: Shape) -> tuple[Shape, int]:
        """The other axes, and the size of the diagonal."""
        one, other = axes_of((self.axis1, self.axis2), len(shape))
        rest = tuple(size for axis, size in enumerate(shape) if axis not in (one, other))
        return rest, diagonal_size(shape[one], shape[other], self.offset)

    def output_shape(self, *inputs: Shape) -> Shape:
        rest, size = self.taken(inputs[0])
        return (*rest, size)


class Trace(Diagonal):
    """The sum of a diagonal."""

    formula = "0 (elementwise: 1 FLOP per element of the diagonal)"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.taken(inputs[0])[0]

    def cost(self, *inputs: Shape) -> Cost:
        rest, size = self.taken(inputs[0])
        return elementwise(1, (*rest, size))


class Diagflat(BaseOp):
    """A matrix with the elements on its diagonal."""

    k: int = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        return (prod(inputs[0]) + abs(self.k),) * 2


class Diag(Diagflat):
    """A matrix from a vector, or the diagonal of a matrix."""

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) == 1:
            return super().output_shape(*inputs)
        rows, columns = inputs[0]
        return (diagonal_size(rows, columns, self.k),)


class BaseSquare(BaseOp):
    """Of square matrices: `thirds` · n³ / 3 FLOPs each."""

    formula = "0 (linalg: n³/3 FLOPs and multiples)"
    thirds: ClassVar[int]

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        rows, columns = inputs[0][-2:]
        if rows != columns:
            raise ShapeError(f"its input has matrices of {rows}×{columns}, allowed: square ones")
        return inputs[0]

    def cost(self, *inputs: Shape) -> Cost:
        *batch, _, size = inputs[0]
        return Cost(0, {"linalg": prod(batch) * self.thirds * size**3 // 3})


define(BaseSquare, thirds={1: "Cholesky", 2: "CholeskyInverse", 6: "Inv"})


class BaseDeterminant(BaseSquare):
    """The product of the diagonal of LU."""

    thirds = 2

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        super().output_shape(*inputs)
        return inputs[0][:-2]


define(BaseDeterminant, "Det Logdet")


class Slogdet(BaseDeterminant):
    """Sign and logarithm."""

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [inputs[0][:-2]] * 2


class LuFactor(BaseOp):
    """Both triangles in one matrix, and the row exchanges."""

    formula = "0 (linalg: 2·m·n·k − (m + n)·k² + 2·k³/3 FLOPs, k = min(m, n))"

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        *batch, rows, columns = inputs[0]
        return [inputs[0], (*batch, min(rows, columns))]

    def cost(self, *inputs: Shape) -> Cost:
        *batch, rows, columns = inputs[0]
        least = min(rows, columns)
        thirds = 6 * rows * columns * least - 3 * (rows + columns) * least**2 + 2 * least**3
        return Cost(0, {"linalg": prod(batch) * thirds // 3})


class Qr(BaseOp):
    """Householder reflections, and Q from them: as much again."""

    formula = "0 (linalg: 4·m·n·k − 4·k³/3 FLOPs for k = min(m, n) columns of Q)"

    mode: Literal["reduced", "complete"] = "reduced"

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        *batch, rows, columns = inputs[0]
        inner = min(rows, columns) if self.mode == "reduced" else rows
        return [(*batch, rows, inner), (*batch, inner, columns)]

    def cost(self, *inputs: Shape) -> Cost:
        *batch, rows, columns = inputs[0]
        least = min(rows, columns)
        return Cost(0, {"linalg": prod(batch) * (12 * rows * columns * least - 4 * least**3) // 3})


class SolveTriangular(BaseOp):
    """Substitution: n² FLOPs a right-hand side."""

    formula = "0 (linalg: n² FLOPs a right-hand side)"
    arguments = ("a", "b")

    a: Any = None
    b: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[1]

    def cost(self, *inputs: Shape) -> Cost:
        matrix, right = self.operands(inputs)
        return Cost(0, {"linalg": prod(right) * matrix[-1]})


class Solve(SolveTriangular):
    """LU, and two substitutions."""

    formula = "0 (linalg: 2·n³/3 FLOPs, and 2·n² a right-hand side)"

    def cost(self, *inputs: Shape) -> Cost:
        matrix, right = self.operands(inputs)
        *batch, _, size = matrix
        return Cost(0, {"linalg": prod(batch) * 2 * size**3 // 3 + 2 * prod(right) * size})
