"""Which replacements meet the limits at the least loss: a plan, proven optimal for losses that add up.

Every ordinary convolution has options: to stay, or to become one of several variants. Costs are exact and add up over
layers (MACs, FLOPs, params, weight bytes). The peak of activations does not: it is profiled, and an option at whose
step it is above its limit is taken away, until none is; what is alive at a step of a layer hangs on that layer's
option alone. That losses add up is the assumption of the model, not a fact about networks.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.planning.knapsack import Option, least, solve
from convcost.profile import profile
from convcost.report import Report, Row, Totals
from convcost.variants import assigned, written
from convcost.variants.base import BaseVariant, NotApplicableError, is_ordinary, measured, what_it_sees

ADDITIVE = ("macs", "flops", "params", "weight_bytes")
PEAK = "peak_activation_bytes"
METRICS = (*ADDITIVE, PEAK)


class Offer(msgspec.Struct, frozen=True):
    """What a layer may become, what that loses, and why so much. To stay loses nothing."""

    variant: BaseVariant
    loss: float
    reason: str = ""


Offers = Mapping[str, Sequence[Offer]]
"""By path; a layer that is not in it stays as it is."""


class Replacement(msgspec.Struct, frozen=True):
    """A layer that the plan replaces: by what, its MACs before and after, the loss that it was charged, and why."""

    path: str
    variant: str
    macs_before: int
    macs_after: int
    loss: float
    reason: str = ""


class Plan(msgspec.Struct, frozen=True):
    """Replacements, what the model then costs, and the sum of their losses."""

    replacements: tuple[Replacement, ...]
    totals: Totals
    loss: float


class Point(msgspec.Struct, frozen=True):
    """The least loss at so many MACs, and how many layers are replaced for it."""

    macs: int
    loss: float
    replaced: int


class Planning(msgspec.Struct, frozen=True):
    """A model's plan for these limits, and what other limits would take. `losses` says what a loss is."""

    report: Report
    limits: Mapping[str, int]
    losses: str
    plan: Plan | None = None
    front: tuple[Point, ...] = ()


class ImpossibleError(ConvcostError):
    """No plan meets the limits; the message says how far the best one gets."""

    exit_code = 1


def plan(model: Model, report: Report, offers: Offers, limits: Mapping[str, int]) -> Plan:
    """The plan of least loss. `report` is the model's profile; `limits` are by metric.

    Raises ImpossibleError where no choice meets the limits.
    """
    for metric in limits:
        if metric not in METRICS:
            raise ConvcostError(f"no limit is known for {metric!r}, allowed: {', '.join(METRICS)}")
    layers = _layers(report, offers)
    lowest: int | None = None
    while True:
        taken = _least_loss(layers, report, limits, lowest)
        made = {layer.row.path: choice.variant for layer, choice in taken if choice.variant}
        done = assigned(model, report, made)
        then = profile(done.model, report.input_shapes, report.batch)
        if PEAK not in limits or then.peak.bytes <= limits[PEAK]:
            replacements = tuple(_replacement(layer, choice) for layer, choice in taken if choice.variant)
            return Plan(replacements, then.totals, sum(choice.loss for _, choice in taken))
        lowest = min(then.peak.bytes, lowest or then.peak.bytes)
        layers = _without_peak(layers, taken, then, limits[PEAK])


def front(report: Report, offers: Offers, limits: Mapping[str, int], points: int = 12) -> tuple[Point, ...]:
    """The least loss at limits of MACs that are evenly spaced between the least possible and what the model has.

    Other additive limits hold as well; that of the peak does not enter.
    """
    layers = _layers(report, offers)
    others = {metric: limit for metric, limit in limits.items() if metric in ADDITIVE and metric != "macs"}
    whole = report.totals.macs
    lowest = whole - sum(layer.costs["macs"] - min(c.costs["macs"] for c in layer.choices) for layer in layers)
    found: dict[int, Point] = {}
    for place in range(points + 1):
        limit = whole - (whole - lowest) * place // points
        try:
            taken = _least_loss(layers, report, {"macs": limit, **others}, None)
        except ImpossibleError:
            continue
        macs = whole + sum(choice.costs["macs"] - layer.costs["macs"] for layer, choice in taken)
        replaced = sum(choice.variant is not None for _, choice in taken)
        found.setdefault(macs, Point(macs, sum(choice.loss for _, choice in taken), replaced))
    return tuple(found.values())


class _Choice(msgspec.Struct, frozen=True):
    """What a layer may become (None: it stays), what it then costs by additive metric, and the loss."""

    variant: BaseVariant | None
    costs: Mapping[str, int]
    loss: float = 0.0
    reason: str = ""


class _Layer(msgspec.Struct, frozen=True):
    """A layer that may be replaced, what it costs, and its choices."""

    row: Row
    costs: Mapping[str, int]
    choices: Sequence[_Choice]


def _layers(report: Report, offers: Offers) -> list[_Layer]:
    layers = []
    seen: dict[Hashable, Mapping[str, int]] = {}
    for row in report.rows:
        if row.cost is None or not is_ordinary(row):
            continue
        sees = (what_it_sees(row), row.layer.policy)
        costs = {
            "macs": row.cost.macs, "flops": row.cost.flops, "params": row.params, "weight_bytes": row.weight_bytes
        }  # fmt: skip
        choices = [_Choice(None, costs)]
        for offer in offers.get(row.path, ()):
            key = (sees, offer.variant)
            try:
                if key not in seen:
                    seen[key] = measured(offer.variant.made_for(row), row)
                choices.append(_Choice(offer.variant, seen[key], offer.loss, offer.reason))
            except NotApplicableError:
                continue
        if len(choices) > 1:
            layers.append(_Layer(row, costs, choices))
    return layers


Taken = list[tuple[_Layer, _Choice]]


def _least_loss(layers: Sequence[_Layer], report: Report, limits: Mapping[str, int], lowest_peak: int | None) -> Taken:
    """The choice of least loss within the additive limits. Raises ImpossibleError."""
    metrics = [metric for metric in ADDITIVE if metric in limits] or ["macs"]
    totals = {metric: getattr(report.totals, metric) for metric in metrics}
    fixed = {metric: totals[metric] - sum(layer.costs[metric] for layer in layers) for metric in metrics}
    # Where only the peak is limited, whatever else it takes is allowed.
    most = {metric: sum(max(c.costs[metric] for c in layer.choices) for layer in layers) for metric in metrics}
    room = [limits[metric] - fixed[metric] if metric in limits else most[metric] for metric in metrics]
    items = [[Option(tuple(c.costs[m] for m in metrics), c.loss) for c in layer.choices] for layer in layers]
    chosen = solve(items, room) if items else [] if min(room) >= 0 else None
    if chosen is None:
        raise ImpossibleError(_how_far(items, metrics, fixed, limits, lowest_peak))
    return [(layer, layer.choices[place]) for layer, place in zip(layers, chosen, strict=True)]


def _without_peak(layers: Sequence[_Layer], taken: Taken, then: Report, limit: int) -> list[_Layer]:
    """`layers` without the choice at whose step the peak is. Raises ImpossibleError where no choice is left."""
    for place, (layer, choice) in enumerate(taken):
        if f"{then.peak.layer}/".startswith(f"{layer.row.path}/"):
            rest = [one for one in layer.choices if one is not choice]
            if rest:
                return [*layers[:place], msgspec.structs.replace(layer, choices=rest), *layers[place + 1 :]]
    raise ImpossibleError(
        f"no plan meets the limits: at {then.peak.layer!r} no choice gets {PEAK} below {then.peak.bytes:,}"
        f" (the limit is {limit:,})"
    )


def _replacement(layer: _Layer, choice: _Choice) -> Replacement:
    assert choice.variant is not None
    before, after = layer.costs["macs"], choice.costs["macs"]
    return Replacement(layer.row.path, written(choice.variant), before, after, choice.loss, choice.reason)


def _how_far(
    items: Sequence[Sequence[Option]],
    metrics: Sequence[str],
    fixed: Mapping[str, int],
    limits: Mapping[str, int],
    lowest_peak: int | None,
) -> str:
    reached = [
        f"{metric} down to {fixed[metric] + (least(items, place) if items else 0):,} (the limit is {limits[metric]:,})"
        for place, metric in enumerate(metrics)
        if metric in limits
    ]
    if lowest_peak is not None:
        reached.append(f"{PEAK} down to {lowest_peak:,} (the limit is {limits[PEAK]:,})")
    together = " together" if len(reached) > 1 else ""
    each = ", each by itself" if len(reached) > 1 else ""
    return f"no plan meets the limits{together}; replacements get {', '.join(reached)}{each}"
