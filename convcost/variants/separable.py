"""`separable(m)`: depthwise, then pointwise, with nothing between: Keras's fused SeparableConv.

MACs: HoWo·m·C·(k² + N), params m·C·(k² + N), against HoWo·k²·C·N and k²·C·N: a ratio of m·(1/N + 1/k²). The depthwise
step carries kernel, strides, padding and dilation; the pointwise one mixes channels and carries bias and activation.
In three dimensions and under causal padding, where Keras has no fused layer, it is two layers that cost the same.
"""

from __future__ import annotations

from convcost.layers.arithmetic import split
from convcost.layers.base import Positive
from convcost.layers.convolution import Conv1D, Conv3D, SeparableConv1D, SeparableConv2D
from convcost.model import Shape
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, depthwise, end_of, pointwise, window_of


class Separable(BaseVariant, frozen=True):
    name = "separable"
    formula = "m·(1/N + 1/k²)"
    source = "arXiv 1704.04861, 1610.02357"
    weights = "fitted"
    fit = "depthwise_first"

    m: Positive = 1

    def rank(self, rule: Conv, shape: Shape) -> int:
        return self.m

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        if isinstance(rule, Conv3D) or rule.padding == "causal":
            channels = split(shape, rule.layout)[2]
            return chain([depthwise(rule, channels, self.m), pointwise(rule, rule.filters, last=True)])
        fused = SeparableConv1D if isinstance(rule, Conv1D) else SeparableConv2D
        return fused(filters=rule.filters, depth_multiplier=self.m, **window_of(rule), **end_of(rule))
