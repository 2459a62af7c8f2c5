"""Operations that make numbers between two, or powers: elementwise arithmetic."""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.cost import Cost
from convcost.layers.arithmetic import broadcast
from convcost.layers.base import axis_of
from convcost.layers.ops.base import BaseOp, define, elementwise
from convcost.model import Shape


class BaseSpace(BaseOp):
    """`num` values from `start` to `stop` along a new axis."""

    formula = "0 (elementwise)"
    arguments = ("start", "stop")
    flops: ClassVar[int]

    start: Any = None
    stop: Any = None
    num: int = 50
    axis: int = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        ends = broadcast(*self.operands(inputs))
        at = axis_of(self.axis, len(ends) + 1)
        return (*ends[:at], self.num, *ends[at:])

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, self.output_shape(*inputs))


define(BaseSpace, flops={2: "Linspace", 3: "Geomspace Logspace"})


class Vander(BaseOp):
    """The powers of each element, N of them (without N, as many as elements)."""

    formula = "0 (elementwise: 1 FLOP per output element)"
    N: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], inputs[0][0] if self.N is None else self.N)

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, self.output_shape(*inputs))


class Diff(BaseOp):
    """Differences of neighbours, `n` times over."""

    formula = "0 (elementwise: n FLOPs per output element)"
    n: int = 1
    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        at = axis_of(self.axis, len(inputs[0]))
        return (*inputs[0][:at], max(inputs[0][at] - self.n, 0), *inputs[0][at + 1 :])

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.n, self.output_shape(*inputs))
