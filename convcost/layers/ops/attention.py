"""Scaled dot-product attention on projected heads (arXiv 1706.03762, section 3.2.1)."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.arithmetic import prod
from convcost.layers.attention import weighted_sum_cost
from convcost.layers.ops.base import BaseOp, elementwise
from convcost.model import Shape


class DotProductAttention(BaseOp):
    """softmax(QKᵀ/√d + bias)·V: (batch, positions, heads, head size) each; heads of key and value may be shared."""

    formula = "heads · queries · keys · (head size + value size)"
    arguments = ("query", "key", "value", "bias", "mask")

    query: Any = None
    key: Any = None
    value: Any = None
    bias: Any = None
    mask: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        query, _, value, *_ = self.operands(inputs)
        return (*query[:-1], value[-1])

    def cost(self, *inputs: Shape) -> Cost:
        (batch, queries, heads, size), key, value, *added = self.operands(inputs)
        scores = (batch, heads, queries, key[1])
        added_up = elementwise(1 + len(added), scores)  # the scale, and bias and mask
        return Cost(prod(scores) * size) + added_up + weighted_sum_cost(scores, value[-1])
