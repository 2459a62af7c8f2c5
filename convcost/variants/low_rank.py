"""`low_rank(r)`: r filters of the whole window, then a pointwise step that mixes them (channel decomposition).

MACs: HoWo·r·(k²·C + N), params r·(k²·C + N). Without r, the largest rank that costs no more than `separable`, at least
1.
"""

from __future__ import annotations

from convcost.layers.arithmetic import prod, split
from convcost.layers.base import Positive
from convcost.model import Shape
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, pointwise, window_of


class LowRank(BaseVariant, frozen=True):
    name = "low_rank"
    formula = "r·(1/N + 1/(k²·C))"
    source = "arXiv 1505.06798"
    weights = "fitted"
    fit = "channel"

    r: Positive | None = None

    def rank(self, rule: Conv, shape: Shape) -> int:
        channels, taps = split(shape, rule.layout)[2], prod(rule.kernel)
        return self.r or max(1, channels * (taps + rule.filters) // (taps * channels + rule.filters))

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        basis = type(rule)(filters=self.rank(rule, shape), **window_of(rule), use_bias=False)
        return chain([basis, pointwise(rule, rule.filters, last=True)])
