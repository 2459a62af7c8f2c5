"""Each convolution beside its depthwise separable twin: what that would cost, and one verdict in a word.

The verdicts are `convertible`, `costs_same`, `costs_more`, `pointwise` (k = 1: nothing to separate),
`already_separable`, `grouped` (numbers shown, not converted by default) and `transposed`.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from convcost.layers.arithmetic import prod, split
from convcost.layers.convolution import BaseConvTranspose, BaseDepthwiseConv, BaseSeparableConv, BaseWindowed
from convcost.model import Shape
from convcost.report import Report, Row, Separable
from convcost.variants.base import totals, what_it_sees
from convcost.variants.separable import Separable as SeparableVariant
from convcost.variants.steps import Conv


def bound(filters: int, kernel: Shape, groups: int = 1, depth_multiplier: int = 1) -> float:
    """separable / standard in MACs, without bias: g·m·(1/N + 1/k²)  (arXiv 1704.04861, section 3.1)."""
    return groups * depth_multiplier * (1 / filters + 1 / prod(kernel))


def ceiling(kernel: Shape, groups: int = 1, depth_multiplier: int = 1) -> float:
    """What the reduction factor tends to as filters grow: k² / (g·m)."""
    return prod(kernel) / (groups * depth_multiplier)


def iso_cost_filters(filters: int, kernel: Shape, groups: int = 1, depth_multiplier: int = 1) -> int:
    """Filters that a separable layer could have for the MACs of the standard one: ⌊k²·(N/(g·m) − 1)⌋, at least 0."""
    taps = prod(kernel)
    return max(0, taps * filters // (groups * depth_multiplier) - taps)


def judged(report: Report) -> Report:
    """`report` with `separable` filled in for every convolution."""
    seen: dict[Hashable, Separable | None] = {}
    rows = []
    for row in report.rows:
        if isinstance(row.layer.rule, BaseWindowed):
            key = what_it_sees(row)
            if key not in seen:
                seen[key] = judge(row)
            row = msgspec.structs.replace(row, separable=seen[key])
        rows.append(row)
    return msgspec.structs.replace(report, rows=tuple(rows))


def judge(row: Row) -> Separable | None:
    """The separable twin of a row; None where the layer is no convolution, or its input is not known."""
    rule = row.layer.rule
    if isinstance(rule, BaseDepthwiseConv | BaseSeparableConv):
        return Separable("already_separable")
    if isinstance(rule, BaseConvTranspose):
        return Separable("transposed")
    if not isinstance(rule, Conv) or row.cost is None:
        return None
    if prod(rule.kernel) == 1:
        return Separable("pointwise")
    first = row.calls[0].inputs[0]
    assert first is not None
    if rule.groups == split(first, rule.layout)[2] > 1:
        return Separable("already_separable")
    twin = SeparableVariant().stand_in(rule, first)
    per_call = [totals(twin, call.inputs[0]) for call in row.calls if call.inputs[0] is not None]
    macs = sum(macs for macs, _ in per_call)
    return Separable(
        verdict="grouped" if rule.groups > 1 else verdict(row.cost.macs, macs),
        macs=macs,
        params=per_call[0][1],
        reduction_factor=row.cost.macs / macs if macs else None,
        bound=bound(rule.filters, rule.kernel, rule.groups),
    )


def verdict(standard: int, separable: int) -> str:
    """Which of the two has fewer MACs."""
    if separable < standard:
        return "convertible"
    return "costs_same" if separable == standard else "costs_more"
