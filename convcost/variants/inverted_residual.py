"""`inverted_residual(t)`: expand to h = t·C channels, depthwise, project: MobileNet V2's block, with its residual.

MACs: HiWi·C·h + HoWo·h·(k² + N), params h·(C + k² + N). With strides above 1 the expansion is paid at the input's
resolution. The paper's t = 6 is meant for narrow ends; between the wide ends of an ordinary network only t near 1
saves.
"""

from __future__ import annotations

from convcost.layers.activations import ReLU
from convcost.layers.arithmetic import split
from convcost.layers.base import Positive
from convcost.layers.merging import Add
from convcost.layers.normalization import BatchNormalization
from convcost.model import Rule, Shape
from convcost.naming import unnamed
from convcost.variants.base import BaseVariant
from convcost.variants.replacing import StandIn, chain, nested
from convcost.variants.steps import Conv, channel_axis, depthwise, pointwise


class InvertedResidual(BaseVariant, frozen=True):
    name = "inverted_residual"
    formula = "(HiWi·C·h + HoWo·h·(k² + N)) / (HoWo·k²·C·N), h = t·C"
    source = "arXiv 1801.04381"
    weights = "initialised"

    t: Positive = 1

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        hidden = self.t * split(shape, rule.layout)[2]
        axis = channel_axis(rule)
        rules: list[Rule] = [
            pointwise(rule, hidden),
            BatchNormalization(axis=axis),
            ReLU(max_value=6),
            depthwise(rule, hidden),
            BatchNormalization(axis=axis),
            ReLU(max_value=6),
            pointwise(rule, rule.filters, last=True),
        ]
        if rule.output_shape(shape) != shape:
            return chain(rules)
        rules.append(Add())
        names = unnamed(type(one).__name__ for one in rules)
        reads = [[read] for read in ["input", *names[:-1]]]
        reads[-1].append("input")
        return nested(list(zip(names, rules, reads, strict=True)))
