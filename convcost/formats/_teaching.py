"""One layer, explained in words and numbers, as a teacher would at the blackboard."""

from __future__ import annotations

from math import prod

from convcost import units
from convcost.comparison import Comparison, Part
from convcost.formats._plain import aligned


def explained(comparison: Comparison, bold: bool = False) -> str:
    """The text of `convcost compare`, without what was measured."""
    parts = [_question(comparison, bold), _standard(comparison), _separable(comparison), _params(comparison)]
    parts += [_ratio(comparison), _verdict(comparison, bold)]
    if comparison.estimate is not None:
        from convcost.formats._estimating import compared

        parts.append("\n".join(compared(comparison, comparison.estimate)))
    if comparison.alternatives:
        rows = [ALTERNATIVE_TITLES, *alternatives(comparison)]
        text = aligned(rows, ALTERNATIVE_RIGHT)
        parts.append("This layer as every variant:\n" + "\n".join(f"  {line}" for line in text.splitlines()))
    return "\n\n".join(parts)


ALTERNATIVE_TITLES = ["variant", "MACs", "factor", "params", "trained weights"]
ALTERNATIVE_RIGHT = [False, True, True, True, False]


def alternatives(comparison: Comparison) -> list[list[str]]:
    """The layer as every variant, a row each; the layer as it is first."""
    rows = [["as it is", f"{comparison.standard.macs:,}", "", f"{comparison.standard.params:,}", ""]]
    for one in comparison.alternatives:
        if one.macs is None:
            rows.append([one.variant, "", "", "", one.reason])
        else:
            factor = units.factor(comparison.standard.macs / one.macs)
            rows.append([one.variant, f"{one.macs:,}", factor, f"{one.params:,}", one.weights])
    return rows


def product(part: Part) -> str:
    """`3·3·3·128·5·5 = 86,400`."""
    return "·".join(map(str, part.factors)) + f" = {part.macs:,}"


def shape(dims: tuple[int, ...]) -> str:
    return "(" + ",".join(map(str, dims)) + ")"


def _strong(text: str, bold: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if bold else text


def _question(comparison: Comparison, bold: bool) -> str:
    kernel = "×".join(map(str, comparison.kernel_size))
    channels = comparison.input_shape[-1]
    grouped = f", {comparison.groups} groups" if comparison.groups > 1 else ""
    what = f"A {kernel} convolution, {channels} -> {comparison.filters} channels{grouped}"
    return _strong(f"{what}, on an input of {shape(comparison.input_shape)}", bold)


def _standard(comparison: Comparison) -> str:
    standard = comparison.standard
    per_group = "in" if comparison.groups == 1 else "in/groups"
    return (
        f"Standard: every filter looks at all channels of its window at once.\n"
        f"  MACs = kernel height · kernel width · {per_group} · out · output height · output width\n"
        f"       = {product(standard)}    -> {shape(standard.output_shape)}"
    )


def _separable(comparison: Comparison) -> str:
    depthwise, pointwise = comparison.depthwise, comparison.pointwise
    m = comparison.depth_multiplier
    each = "one filter" if m == 1 else f"{m} filters"
    total = comparison.separable.macs
    return (
        f"Separable: first look at each channel alone, then mix the channels at each position.\n"
        f"  depthwise  {each} a channel: height · width · in · {m} · positions\n"
        f"       = {product(depthwise)}    -> {shape(depthwise.output_shape)}\n"
        f"  pointwise  a 1×1 convolution: 1 · 1 · {'in' if m == 1 else f'{m}·in'} · out · positions\n"
        f"       = {product(pointwise)}    -> {shape(pointwise.output_shape)}\n"
        f"  together {depthwise.macs:,} + {pointwise.macs:,} = {total:,}"
    )


def _params(comparison: Comparison) -> str:
    depthwise, pointwise = comparison.depthwise, comparison.pointwise
    return (
        f"Params: {comparison.standard.params:,} against"
        f" {depthwise.params:,} + {pointwise.params:,} = {comparison.separable_params:,}"
        f" (Keras's fused SeparableConv2D: {comparison.fused_params:,})"
    )


def _ratio(comparison: Comparison) -> str:
    scale = comparison.groups * comparison.depth_multiplier
    taps = prod(comparison.kernel_size)
    times = f"{scale}·(" if scale > 1 else ""
    law = f"{times}1/{comparison.filters} + 1/{taps}{')' if scale > 1 else ''}"
    met = "met exactly" if comparison.bound_is_met else "not met"
    lines = [
        f"Reduction: {comparison.standard.macs:,} / {comparison.separable.macs:,}"
        f" = {units.factor(comparison.reduction_factor)}",
        f"Bound: separable / standard = {law} = {comparison.bound:.4f}, {met}",
        f"Ceiling: {comparison.ceiling:g}×, as the number of filters grows",
    ]
    if comparison.iso_cost_filters:
        lines.append(
            f"For the price of the standard layer a separable one could have {comparison.iso_cost_filters:,} filters"
            f" instead of {comparison.filters:,}"
        )
    return "\n".join(lines)


def _verdict(comparison: Comparison, bold: bool) -> str:
    standard, separable = comparison.standard.macs, comparison.separable.macs
    taps = prod(comparison.kernel_size)
    if comparison.verdict == "convertible":
        saved = units.percent(standard - separable, standard)
        text = f"Verdict: separable saves {saved} of the MACs."
        return _strong(text, bold) + " It is another layer, to be trained; and fewer MACs are not always less time."
    how = "costs the same" if comparison.verdict == "costs_same" else f"costs {separable / standard:.2f}× as many MACs"
    return _strong(f"Verdict: separable {how}: {_why(comparison, taps)}.", bold)


def _why(comparison: Comparison, taps: int) -> str:
    if taps == 1:
        return "with k = 1 there is no window to separate, and the depthwise step comes on top"
    scale = comparison.groups * comparison.depth_multiplier
    if comparison.groups == comparison.input_shape[-1] > 1:
        return "the standard layer is depthwise already (groups = channels), and the pointwise step comes on top"
    if scale > 1:
        return f"groups · depth multiplier = {scale} eats the ceiling of {taps}× that the window gives"
    filters = comparison.filters
    few = "1 filter is too few" if filters == 1 else f"{filters} filters are too few"
    enough = taps // (taps - 1) + 1
    return f"{few}, since the depthwise step is paid whatever their number; from {enough} filters on it saves"
