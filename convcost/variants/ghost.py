"""`ghost(s, d)`: N/s filters of the whole window, and cheap d×d depthwise ones that make the other N − N/s from them.

MACs: HoWo·(k²·C·n + d²·n·(s − 1)), params k²·C·n + d²·n·(s − 1), n = N/s. What follows the convolution in the model
serves both halves.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from convcost.layers.base import Positive
from convcost.layers.merging import Concatenate
from convcost.model import Shape
from convcost.naming import unnamed
from convcost.variants.base import BaseVariant, NotApplicableError
from convcost.variants.replacing import StandIn, nested
from convcost.variants.steps import Conv, channel_axis, depthwise, end_of, window_of


class Ghost(BaseVariant, frozen=True):
    name = "ghost"
    formula = "1/s + (s − 1)·d²/(s·k²·C)"
    source = "arXiv 1911.11907"
    weights = "initialised"

    s: Annotated[int, msgspec.Meta(ge=2)] = 2
    d: Positive = 3

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        if rule.filters % self.s:
            raise NotApplicableError(f"s = {self.s} does not divide {rule.filters} filters")
        primary = type(rule)(filters=rule.filters // self.s, **window_of(rule), **end_of(rule))
        window = type(rule)(filters=1, kernel_size=self.d, padding="same", data_format=rule.data_format, **end_of(rule))
        cheap = depthwise(window, primary.filters, self.s - 1, last=True)
        joined = Concatenate(axis=channel_axis(rule))
        first, second, last = unnamed(type(one).__name__ for one in (primary, cheap, joined))
        return nested([(first, primary, ["input"]), (second, cheap, [first]), (last, joined, [first, second])])
