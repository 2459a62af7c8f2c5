"""Elementwise operations on tensors, with numpy's broadcasting."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.ops.base import BaseOp, shape_of_constant
from convcost.model import Shape


class BaseBinary(BaseOp):
    """Elementwise on two operands, with broadcasting; one of them may be a constant."""

    formula = "0 (elementwise: 1 FLOP per output element)"
    arguments = ("x1", "x2")

    x1: Any = None
    x2: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        constants = (shape_of_constant(value) for value in (self.x1, self.x2) if value is not None)
        return broadcast(*inputs, *constants)

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"elementwise": prod(self.output_shape(*inputs))})


class Add(BaseBinary):
    pass


class Multiply(BaseBinary):
    pass
