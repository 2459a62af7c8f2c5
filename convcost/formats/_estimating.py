"""What people read about an estimate: the device, where its figures come from, and what the what-if gains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcost import units
from convcost.comparison import ComparedTimes, Comparison
from convcost.device import ByKind, Device, Figure
from convcost.estimate import Estimate, Operation
from convcost.report import Report, WhatIf
from convcost.speedups import speedup
from convcost.units import printable

MOST_NO_FASTER = 5

FIGURE_TITLES = ["figure", "value", "origin", "source"]
FIGURE_RIGHT = [False, True, False, False]
DEVICE_TITLES = ["device", "what it is", "date", "MAC/s", "B/s", "origins"]
DEVICE_RIGHT = [False, False, False, True, True, False]


def told(report: Report, what_if: bool) -> list[list[str]]:
    """What stands below a report, by lines: what its estimate stands on, and what the what-if gains by it."""
    assert report.estimate is not None
    parts = [basis(report.estimate), gain(report) if what_if else []]
    return [lines for lines in parts if lines]


def times(report: Report, what_ifs: Sequence[WhatIf]) -> list[list[str]]:
    """For a model as it is, and under each what-if: the estimated time, and how much faster that is."""
    now = report.estimate
    assert now is not None
    least = "" if now.complete else "≥ "
    rows = [[least + units.duration(now.seconds), ""]]
    for one in what_ifs:
        then = one.report.estimate
        assert then is not None
        factor = units.factor(now.seconds / then.seconds) if then.seconds else ""
        rows.append([least + units.duration(then.seconds), factor])
    return rows


TIME_TITLES = ["est. time", "est. speed-up"]


def basis(estimate: Estimate) -> list[str]:
    """What an estimate stands on: the device, the date of its profile, and the figures that were used."""
    device = estimate.device
    headline, *notes = origin(device)
    return [headline, *_ceilings(estimate), *notes]


def origin(device: Device) -> list[str]:
    """That times are estimates, by which profile, and its notes."""
    headline = f"Estimate, not a measurement, for {named(device)}, profile of {device.date}."
    return [headline, printable(device.notes)] if device.notes else [headline]


def named(device: Device) -> str:
    return f"{printable(device.name)} ({printable(device.title)})"


def _ceilings(estimate: Estimate) -> Iterator[str]:
    used = [one for timing in estimate.timings for one in timing.operations]
    if any(one.law for one in used):
        yield "Times are those of the laws that were measured on it (convcost devices NAME lists them)."
        return
    for dtype, ceilings in estimate.device.macs_per_second.items():
        kinds = list(dict.fromkeys(one.kind for one in used if one.ceiling and one.dtype == dtype))
        if kinds:
            yield f"{dtype}: {_by_kind(ceilings, kinds)}."
    memory = estimate.device.bytes_per_second
    yield f"Memory: {rate(memory.all, 'B/s')}." if memory else "Memory: no bandwidth is told, so that none limits."
    if estimate.device.weight_bytes_per_second:
        yield f"Weights: {rate(estimate.device.weight_bytes_per_second.all, 'B/s')}."


def _by_kind(ceilings: ByKind, kinds: list[str]) -> str:
    """The ceilings of these kinds; those that have none of their own are told together."""
    own = [kind for kind in kinds if kind in ceilings.figures and kind != "all"]
    rest = [kind for kind in kinds if kind not in own]
    told = [f"{kind} {rate(ceilings.of(kind), 'MAC/s')}" for kind in own]
    if rest:
        shown = [kind if kind != "all" else "other" for kind in rest]
        single = f"{rate(ceilings.all, 'MAC/s')} for {', '.join(shown)}"
        told.append(single if own else f"{single}; the profile has one ceiling for all kinds")
    return ", ".join(told)


def rate(figure: Figure, unit: str) -> str:
    """`28.8 GMAC/s (derived)`."""
    return f"{units.rate(figure.value, unit)} ({figure.origin})"


def compared(comparison: Comparison, estimate: ComparedTimes) -> Iterator[str]:
    """The roofline of each step of a comparison, with its numbers written out."""
    device = estimate.device
    yield f"Estimated time on {named(device)} in {estimate.dtype}, by its profile of {device.date}:"
    for name in ("standard", "depthwise", "pointwise"):
        yield from _step(name, getattr(estimate, name))
    depthwise, pointwise = (units.duration(one.seconds) for one in (estimate.depthwise, estimate.pointwise))
    yield (
        f"  separable  {depthwise} + {pointwise} = {units.duration(estimate.separable_seconds)}: estimated speed-up"
        f" {units.factor(estimate.speed_up)}, where the MACs fall {units.factor(comparison.reduction_factor)}"
    )


def _step(name: str, one: Operation) -> Iterator[str]:
    """`overhead + max(MACs / ceiling, bytes / bandwidth)` of a step; by a law the sum of its terms."""
    terms = [term for term in _terms(one) if term[2] or not one.law]
    for place, (what, amount, figure, seconds) in enumerate(terms):
        head = name if place == 0 else ""
        unit = "MAC/s" if what == "MACs" else "B/s"
        shown = f"{rate(figure, unit)} = {units.duration(seconds)}" if figure else "a bandwidth that is not told"
        yield f"  {head:<9}  {amount} {what} / {shown}"
    told = "the sum" if one.law else "the longest"
    call = f", and {units.duration(one.overhead)} for the call" if one.overhead else ""
    limit = "" if one.law else f"; {'compute' if one.compute_seconds >= one.memory_seconds else 'memory'}-bound"
    yield f"{'':<13}{told}{call}: {units.duration(one.seconds)}{limit}, {2 * one.macs / one.bytes:.1f} FLOPs a byte"


def _terms(one: Operation) -> Iterator[tuple[str, str, Figure | None, float]]:
    """What there is to do, written out, at which rate it is done, and how long that takes."""
    yield "MACs", f"{one.macs:,}", one.ceiling, one.compute_seconds

    def moved(sizes: Sequence[int], figure: Figure | None) -> tuple[str, str, Figure | None, float]:
        total = sum(sizes)
        amount = " + ".join(f"{size:,}" for size in sizes) + (f" = {total:,}" if len(sizes) > 1 else "")
        return "bytes", amount, figure, total / figure.value if figure else 0.0

    if one.law is not None:
        yield moved((one.read, one.weights), one.law.bytes_read_per_second)
        yield moved((one.written,), one.law.bytes_written_per_second)
    elif one.weight_bandwidth is not None:
        yield moved((one.read, one.written), one.bandwidth)
        yield moved((one.weights,), one.weight_bandwidth)
    else:
        yield moved((one.read, one.weights, one.written), one.bandwidth)


def gain(report: Report) -> list[str]:
    """What the what-if gains, and which layers gain nothing."""
    found = speedup(report)
    if found is None or not found.changes or found.speed_up is None:
        return []
    least = "" if found.known else ", of the layers that have an estimate"
    lines = [
        f"Estimated speed-up {units.factor(found.speed_up)}{least}, where the MACs fall"
        f" {units.factor(found.reduction_factor)}."
    ]
    if found.no_faster:
        shown = [
            f"  {printable(one.path)}: {units.duration(one.before)} -> {units.duration(one.after)}"
            for one in found.no_faster[:MOST_NO_FASTER]
        ]
        rest = len(found.no_faster) - len(shown)
        lines += ["Estimated to be no faster:", *shown, *([f"  and {rest} more"] if rest else [])]
    return lines


def figures(device: Device) -> list[list[str]]:
    """Every figure of a profile with its source, a row each."""
    return [
        [key, shown(key, figure.value), figure.origin, printable(figure.source)]
        for key, figure in device.figures.items()
    ]


def shown(key: str, value: float) -> str:
    """A figure in the unit that its key tells."""
    if "seconds_per_call" in key:
        return units.duration(value)
    return units.rate(value, "MAC/s" if "macs_per_second" in key else "B/s")


def devices(profiles: Sequence[Device]) -> list[list[str]]:
    """The profiles, a row each."""
    return [
        [
            printable(one.name),
            printable(one.title),
            one.date,
            ", ".join(f"{dtype} {units.rate(by.all.value, '')}" for dtype, by in one.macs_per_second.items()),
            units.rate(one.bytes_per_second.all.value, "") if one.bytes_per_second else "—",
            ", ".join(dict.fromkeys(figure.origin for figure in one.figures.values())),
        ]
        for one in profiles
    ]
