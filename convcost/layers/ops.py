"""Tensor operations that a Functional graph records (`keras.ops.*`).

What a call was given besides tensors (a scalar, a constant) is a setting under the argument's name.
"""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.base import OPS, Kind
from convcost.model import Shape


class _Op(Kind):
    registry = OPS
    package = "keras.ops"


class _Binary(_Op):
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


class Add(_Binary):
    pass


class Multiply(_Binary):
    pass


def shape_of_constant(value: Any) -> Shape:
    """The shape of a constant as Keras serializes it: a number, nested lists, `__numpy__` or `__tensor__`."""
    if isinstance(value, dict):
        return shape_of_constant(value.get("config", {}).get("value"))
    shape: list[int] = []
    while isinstance(value, (list, tuple)):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)
