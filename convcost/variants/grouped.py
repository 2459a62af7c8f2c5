"""`grouped(g)`: a convolution in g groups, then a channel shuffle, so that the next layer's groups see all of them.

MACs: HoWo·k²·C·N/g, params k²·C·N/g: a ratio of 1/g. The shuffle moves elements and computes nothing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from convcost.layers.arithmetic import split
from convcost.layers.reshaping import Permute, Reshape
from convcost.model import Shape
from convcost.variants.base import BaseVariant, NotApplicableError
from convcost.variants.replacing import StandIn, chain
from convcost.variants.steps import Conv, end_of, window_of


class Grouped(BaseVariant, frozen=True):
    name = "grouped"
    formula = "1/g"
    source = "arXiv 1707.01083"
    weights = "initialised"

    g: Annotated[int, msgspec.Meta(ge=2)] = 2

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        channels, filters, g = split(shape, rule.layout)[2], rule.filters, self.g
        wrong = [f"{size} {what}" for size, what in ((channels, "channels"), (filters, "filters")) if size % g]
        if wrong:
            raise NotApplicableError(f"{g} groups do not divide {' and '.join(wrong)}")
        convolution = type(rule)(filters=filters, groups=g, **window_of(rule), **end_of(rule))
        output = convolution.output_shape(shape)
        spatial = split(output, rule.layout)[1]
        rank = len(spatial)
        if rule.layout == "channels_first":
            apart, swapped = (g, filters // g, *spatial), (2, 1, *range(3, rank + 3))
        else:
            apart, swapped = (*spatial, g, filters // g), (*range(1, rank + 1), rank + 2, rank + 1)
        return chain(
            [convolution, Reshape(target_shape=apart), Permute(dims=swapped), Reshape(target_shape=output[1:])]
        )
