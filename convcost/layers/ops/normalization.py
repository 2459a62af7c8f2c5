"""Normalizations as operations, and the losses that a graph may hold: arithmetic per element, never MACs."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.arithmetic import prod
from convcost.layers.normalization import BatchNormalization, LayerNormalization, per_element
from convcost.layers.ops.base import BaseOp, elementwise
from convcost.layers.ops.reductions import reduced
from convcost.model import Shape


class BatchNorm(BaseOp):
    """With mean and variance as operands: x·a + b, as the layer has it."""

    formula = BatchNormalization.formula
    fusion = "producer"

    def cost(self, *inputs: Shape) -> Cost:
        return BatchNormalization().cost(inputs[0])


class BaseOverAxes(BaseOp):
    """Over axes of the first argument, then times `gamma` and plus `beta` where those are given."""

    formula = LayerNormalization.formula
    arguments = ("x", "gamma", "beta")

    x: Any = None
    gamma: Any = None
    beta: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0]

    def cost(self, *inputs: Shape) -> Cost:
        shape, *learned = self.operands(inputs)
        return LayerNormalization(scale=len(learned) > 0, center=len(learned) > 1).cost(shape)


class LayerNorm(BaseOverAxes):
    pass


class RMSNorm(BaseOverAxes):
    """Square, mean and the product with 1/√mean: without a mean to subtract."""

    formula = "0 (normalization: 3 FLOPs an element, and the scale one)"

    def cost(self, *inputs: Shape) -> Cost:
        shape, *learned = self.operands(inputs)
        return per_element(3 + len(learned), shape)


class Normalize(BaseOp):
    """Divided by a norm along an axis."""

    formula = "0 (normalization: 3 FLOPs an element)"

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(3, inputs[0])


class BaseLoss(BaseOp):
    """Between a target and an output."""

    formula = "0 (elementwise: so many FLOPs per element of the output)"
    arguments = ("target", "output")

    target: Any = None
    output: Any = None
    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        return reduced(self.operands(inputs)[1], self.axis, keepdims=False)

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(3, self.operands(inputs)[1])


class CategoricalCrossentropy(BaseLoss):
    """−Σ t·log(p)."""


class SparseCategoricalCrossentropy(BaseLoss):
    """−log(p) at the target, of scores that are divided by their sum."""


class BinaryCrossentropy(BaseLoss):
    """−t·log(p) − (1 − t)·log(1 − p)."""

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[1]

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(8, self.operands(inputs)[1])


class PSNR(BaseLoss):
    """20·log₁₀(max / √mean((x₁ − x₂)²)): one number."""

    def output_shape(self, *inputs: Shape) -> Shape:
        return ()


class CTCLoss(BaseLoss):
    """One number a sample: a sum in log space over 2·labels + 1 states at each step, from three states before it.

    Graves et al., ICML 2006, section 4.1.
    """

    formula = "0 (elementwise: 8 FLOPs per step and state, 5 per score)"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0][:1]

    def cost(self, *inputs: Shape) -> Cost:
        (batch, labels), (_, steps, *_) = self.operands(inputs)[:2]
        states = 2 * labels + 1
        scores = prod(self.operands(inputs)[1])
        return elementwise(8, (batch, steps, states)) + elementwise(5, (scores,))
