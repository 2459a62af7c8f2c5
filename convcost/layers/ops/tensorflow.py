"""Functions of TensorFlow that Keras 2 graphs hold and for which Keras 3 has no operation of the same arguments."""

from __future__ import annotations

from typing import Any

from convcost import model
from convcost.cost import Cost
from convcost.layers.base import TENSORFLOW
from convcost.layers.ops import contractions
from convcost.layers.ops.base import BaseOp
from convcost.layers.ops.elementwise import BaseBinary


class Shape(BaseOp):
    """`tf.shape`: the sizes of a tensor, as a tensor."""

    registry = TENSORFLOW

    def output_shape(self, *inputs: model.Shape) -> model.Shape:
        return (len(inputs[0]),)


class SquaredDifference(BaseBinary):
    """(x − y)²."""

    registry = TENSORFLOW
    flops = 2


class Matmul(BaseOp):
    """`tf.matmul`: Keras's operation, with either matrix transposed on the way."""

    registry = TENSORFLOW
    formula = contractions.Matmul.formula
    arguments = ("a", "b")

    a: Any = None
    b: Any = None
    transpose_a: bool = False
    transpose_b: bool = False
    adjoint_a: bool = False
    adjoint_b: bool = False

    def _matrices(self, inputs: tuple[model.Shape, ...]) -> tuple[model.Shape, model.Shape]:
        left, right = self.operands(inputs)
        return _turned(left, self.transpose_a or self.adjoint_a), _turned(right, self.transpose_b or self.adjoint_b)

    def output_shape(self, *inputs: model.Shape) -> model.Shape:
        return contractions.Matmul().output_shape(*self._matrices(inputs))

    def cost(self, *inputs: model.Shape) -> Cost:
        return contractions.Matmul().cost(*self._matrices(inputs))


def _turned(shape: model.Shape, transposed: bool) -> model.Shape:
    return (*shape[:-2], shape[-1], shape[-2]) if transposed and len(shape) > 1 else shape
