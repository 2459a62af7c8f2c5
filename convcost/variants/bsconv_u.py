"""`bsconv_u`: blueprint separable: pointwise first, then depthwise.

MACs: HiWi·C·N + HoWo·k²·N, params N·(C + k²). With strides above 1 the pointwise step is paid at the input's
resolution.
"""

from __future__ import annotations

from convcost.model import Shape
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, depthwise, pointwise


class BsconvU(BaseVariant, frozen=True):
    name = "bsconv_u"
    formula = "HiWi/HoWo/k² + 1/C"
    source = "arXiv 2003.13549"
    weights = "fitted"
    fit = "pointwise_first"

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        return chain([pointwise(rule, rule.filters), depthwise(rule, rule.filters, last=True)])
