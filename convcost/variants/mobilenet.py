"""`mobilenet`: depthwise, BN, ReLU, pointwise, as MobileNet V1 builds it.

MACs: HoWo·C·(k² + N), a ratio of 1/N + 1/k². The BatchNormalization and the ReLU that follow the convolution in the
model serve the pointwise step; bias and activation of the convolution go there too.
"""

from __future__ import annotations

from convcost.layers.activations import ReLU
from convcost.layers.arithmetic import split
from convcost.layers.normalization import BatchNormalization
from convcost.model import Shape
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, channel_axis, depthwise, pointwise


class Mobilenet(BaseVariant, frozen=True):
    name = "mobilenet"
    formula = "1/N + 1/k²"
    source = "arXiv 1704.04861, figure 3"
    weights = "initialised"

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        channels = split(shape, rule.layout)[2]
        normalization = BatchNormalization(axis=channel_axis(rule))
        last = pointwise(rule, rule.filters, last=True)
        return chain([depthwise(rule, channels), normalization, ReLU(max_value=6), last])
