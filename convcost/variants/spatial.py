"""`spatial(r)`: a k×1 convolution to r channels, then a 1×k one (spatial decomposition); in two dimensions alone.

MACs: HoWi·kh·C·r + HoWo·kw·r·N, params r·(kh·C + kw·N): cheaper where r < k·C·N/(C + N). Without r, the largest rank
that has no more params than `separable`, at least 1.
"""

from __future__ import annotations

from typing import Any

from convcost.layers.arithmetic import split
from convcost.layers.base import Positive, each
from convcost.layers.convolution import Conv2D
from convcost.model import Shape
from convcost.variants.base import BaseVariant, NotApplicableError
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, end_of


class Spatial(BaseVariant, frozen=True):
    name = "spatial"
    formula = "r·(HoWi·kh·C + HoWo·kw·N) / (HoWo·k²·C·N)"
    source = "arXiv 1405.3866, 1511.06067"
    weights = "fitted"
    fit = "spatial"

    r: Positive | None = None

    def rank(self, rule: Conv, shape: Shape) -> int:
        channels = split(shape, rule.layout)[2]
        height, width = rule.kernel
        affordable = channels * (height * width + rule.filters) // (height * channels + width * rule.filters)
        return self.r or max(1, affordable)

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        if not isinstance(rule, Conv2D) or min(rule.kernel) == 1:
            raise NotApplicableError("a spatial decomposition needs a window of two dimensions")
        height, width = rule.kernel
        down, across = each(rule.strides, 2, "strides")
        dilated_down, dilated_across = each(rule.dilation_rate, 2, "dilation_rate")
        shared: dict[str, Any] = {"padding": rule.padding, "data_format": rule.data_format, "use_bias": False}
        vertical = Conv2D(
            filters=self.rank(rule, shape),
            kernel_size=(height, 1),
            strides=(down, 1),
            dilation_rate=(dilated_down, 1),
            **shared,
        )
        horizontal = Conv2D(
            filters=rule.filters,
            kernel_size=(1, width),
            strides=(1, across),
            dilation_rate=(1, dilated_across),
            **{**shared, **end_of(rule)},
        )
        return chain([vertical, horizontal])
