"""`bsconv_s`: blueprint separable with a pointwise step of low rank M = min(C, max(4, ⌈C/4⌉)).

MACs: HiWi·M·(C + N) + HoWo·k²·N, params M·(C + N) + k²·N.
"""

from __future__ import annotations

from convcost.layers.arithmetic import ceil_div, split
from convcost.model import Shape
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, depthwise, pointwise


class BsconvS(BaseVariant, frozen=True):
    name = "bsconv_s"
    formula = "(HiWi·M·(C + N) + HoWo·k²·N) / (HoWo·k²·C·N)"
    source = "arXiv 2003.13549"
    weights = "initialised"

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        channels = split(shape, rule.layout)[2]
        rank = min(channels, max(4, ceil_div(channels, 4)))
        return chain([pointwise(rule, rank), pointwise(rule, rule.filters), depthwise(rule, rule.filters, last=True)])
