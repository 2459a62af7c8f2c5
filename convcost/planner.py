"""Which replacements meet the limits at the least loss: a plan, proven optimal for losses that add up.

Every ordinary convolution has options: to stay, or to become one of several variants. Costs are exact and add up over
layers (MACs, FLOPs, params, weight bytes); the peak of activations does not add up, and is checked on the whole model
afterwards. That losses add up is the assumption of the model, not a fact about networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from convcost.errors import ConvcostError
from convcost.knapsack import Option, least, solve
from convcost.model import Model
from convcost.profile import profile
from convcost.report import Report, Row, Totals
from convcost.variants import assigned, written
from convcost.variants.base import BaseVariant, NotApplicableError, is_ordinary, measured

ADDITIVE = ("macs", "flops", "params", "weight_bytes")
PEAK = "peak_activation_bytes"
METRICS = (*ADDITIVE, PEAK)

Loss = Callable[[Row, BaseVariant], float | None]
"""What a layer loses as a variant; None: the variant is not for this layer. To stay loses nothing."""


class Replacement(msgspec.Struct, frozen=True):
    """A layer that the plan replaces: by what, its MACs before and after, and the loss that it was charged."""

    path: str
    variant: str
    macs_before: int
    macs_after: int
    loss: float


class Plan(msgspec.Struct, frozen=True):
    """Replacements, what the model then costs, and the sum of their losses."""

    replacements: tuple[Replacement, ...]
    totals: Totals
    loss: float


class ImpossibleError(ConvcostError):
    """No plan meets the limits; the message says how far the best one gets."""

    exit_code = 1


def plan(model: Model, report: Report, variants: Sequence[BaseVariant], limits: Mapping[str, int], loss: Loss) -> Plan:
    """The plan of least loss. `report` is the model's profile; `limits` are by metric.

    Raises ImpossibleError where no choice meets the limits.
    """
    for metric in limits:
        if metric not in METRICS:
            raise ConvcostError(f"no limit is known for {metric!r}, allowed: {', '.join(METRICS)}")
    additive = [metric for metric in ADDITIVE if metric in limits] or ["macs"]
    candidates = [(row, _choices(row, variants, loss, limits.get(PEAK))) for row in report.rows if is_ordinary(row)]
    candidates = [(row, choices) for row, choices in candidates if len(choices) > 1]
    rest = [_total(report.totals, metric) - sum(_costs(row)[metric] for row, _ in candidates) for metric in additive]
    room = [
        limits.get(metric, _total(report.totals, metric)) - fixed for metric, fixed in zip(additive, rest, strict=True)
    ]
    items = [[Option(tuple(c.costs[m] for m in additive), c.loss) for c in choices] for _, choices in candidates]
    chosen = solve(items, room) if items else None if min(room) < 0 else []
    if chosen is None:
        raise ImpossibleError(_how_far(items, additive, rest, limits))
    taken = [(row, choices[place]) for (row, choices), place in zip(candidates, chosen, strict=True)]
    replaced = [(row, choice) for row, choice in taken if choice.variant is not None]
    done = assigned(model, report, {row.path: choice.variant for row, choice in replaced if choice.variant})
    then = profile(done.model, report.input_shapes, report.batch)
    if PEAK in limits and then.peak.bytes > limits[PEAK]:
        raise ImpossibleError(
            f"{PEAK}: the best plan for the other limits peaks at {then.peak.bytes:,} bytes, at {then.peak.layer!r};"
            f" the limit is {limits[PEAK]:,}"
        )
    replacements = tuple(
        Replacement(row.path, written(choice.variant), _costs(row)["macs"], choice.costs["macs"], choice.loss)
        for row, choice in replaced
        if choice.variant
    )
    return Plan(replacements, then.totals, sum(choice.loss for _, choice in taken))


class _Choice(msgspec.Struct, frozen=True):
    """What a layer may become (None: it stays), what it then costs by additive metric, and the loss."""

    variant: BaseVariant | None
    costs: Mapping[str, int]
    loss: float


def _choices(row: Row, variants: Sequence[BaseVariant], loss: Loss, most_bytes: int | None) -> list[_Choice]:
    choices = [_Choice(None, _costs(row), 0.0)]
    for variant in variants:
        try:
            costs, peak = measured(variant.made_for(row), row)
        except NotApplicableError:
            continue
        lost = loss(row, variant)
        if lost is not None and (most_bytes is None or peak <= most_bytes):
            choices.append(_Choice(variant, costs, lost))
    return choices


def _costs(row: Row) -> dict[str, int]:
    cost = row.cost
    assert cost is not None
    return {"macs": cost.macs, "flops": cost.flops, "params": row.params, "weight_bytes": row.weight_bytes}


def _total(totals: Totals, metric: str) -> int:
    value: int = getattr(totals, metric)
    return value


def _how_far(
    items: Sequence[Sequence[Option]], metrics: Sequence[str], rest: Sequence[int], limits: Mapping[str, int]
) -> str:
    reached = [
        f"{metric} down to {fixed + (least(items, place) if items else 0):,} (the limit is {limits[metric]:,})"
        for place, (metric, fixed) in enumerate(zip(metrics, rest, strict=True))
        if metric in limits
    ]
    together = " together" if len(reached) > 1 else ""
    return f"no plan meets the limits{together}; replacements get {', '.join(reached)}, each by itself"
