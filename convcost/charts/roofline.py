"""The roofline of a device, and where the layers are under it (Williams, Waterman and Patterson, CACM 52(4), 2009).

Both axes are logarithmic: MACs for each byte moved, and MACs a second. A layer is a point, as large as its share of the
time; what it is below the roof, its calls themselves take, or weights in a memory of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor, log10
from typing import Any

from convcost import units
from convcost.charts.base import BLUE, COUNTS, GREY, INK, MUTED, ORANGE, Chart, legend, vega_lite
from convcost.estimate import Estimate, Timing
from convcost.report import Report
from convcost.units import printable

HEIGHT = 380
BOUNDS = (("compute", ORANGE), ("memory", BLUE), ("overhead", GREY))
LARGEST = 900
"""Square pixels of the point that takes most."""
LABEL_ABOVE = -22
"""Pixels from a ceiling to its label, which stays clear of the points."""
CLOSE = 1.35
"""Ceilings whose labels would overlap, as a factor."""
BEYOND = 4.0
"""How far the roofs go on beside the points, as a factor."""


def chart(report: Report) -> Chart | None:
    """None where there is no device, or no layer with MACs on it."""
    estimate = report.estimate
    points = [one for one in estimate.timings if one.macs and one.seconds] if estimate else []
    if estimate is None or not points:
        return None
    kinds = {row.path: printable(row.kind) for row in report.rows}
    shares = dict.fromkeys((name for name, _ in BOUNDS), 0.0)
    for one in estimate.timings:
        if one.limited_by:
            shares[one.limited_by] += estimate.share(one)
    slowest = max(points, key=lambda one: one.seconds)
    limits = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items() if share)
    text = (
        f"About {units.duration(estimate.seconds)} on {printable(estimate.device.title)}."
        f" What limits it, by time: {limits}."
        f" {printable(slowest.path)} takes most, {100 * estimate.share(slowest):.1f} %."
    )
    values = [_point(one, kinds[one.path], estimate) for one in points]
    bounds = [bound for bound in BOUNDS if any(value["bound"] == bound[0] for value in values)]
    layers = [*_roofs(points), _points(values, bounds)]
    return Chart("roofline", "Roofline", text, vega_lite(text, HEIGHT, layer=layers), HEIGHT)


def _point(timing: Timing, kind: str, estimate: Estimate) -> dict[str, Any]:
    share = estimate.share(timing)
    return {
        "layer": printable(timing.path),
        "kind": kind,
        "intensity": timing.macs / timing.bytes if timing.bytes else 0.0,
        "rate": timing.macs / timing.seconds,
        "share": share,
        "bound": timing.limited_by,
        "time": units.duration(timing.seconds),
        "told": f"{printable(timing.path)}: {units.duration(timing.seconds)}, {100 * share:.1f} %, {timing.limited_by}",
    }


def _roofs(points: list[Timing]) -> list[dict[str, Any]]:
    """A line for each ceiling and bandwidth that layers run under: rising where bytes limit, level where MACs do."""
    intensities = [one.macs / one.bytes for one in points if one.bytes]
    least, most = min(intensities) / BEYOND, max(intensities) * BEYOND
    roofs: dict[tuple[float, float], str] = {}
    for timing in points:
        for one in timing.operations:
            if one.ceiling is not None and one.bandwidth is not None and one.law is None:
                roofs.setdefault((one.ceiling.value, one.bandwidth.value), f"{one.dtype} {one.kind}")
    lines = []
    for number, (ceiling, bandwidth) in enumerate(roofs):
        ends = sorted({least, min(max(ceiling / bandwidth, least), most), most})
        lines += [{"roof": number, "intensity": x, "rate": min(ceiling, bandwidth * x)} for x in ends]
    x = {"field": "intensity", "type": "quantitative"}
    y = {"field": "rate", "type": "quantitative"}
    return [
        {
            "data": {"values": lines},
            "mark": {"type": "line", "color": MUTED, "strokeWidth": 1.5},
            "encoding": {"x": x, "y": y, "detail": {"field": "roof"}},
        },
        {
            "data": {"values": _labels(roofs, most)},
            "mark": {"type": "text", "align": "right", "dy": LABEL_ABOVE, "color": MUTED},
            "encoding": {"x": x, "y": y, "text": {"field": "label"}},
        },
    ]


def _labels(roofs: Mapping[tuple[float, float], str], most: float) -> list[dict[str, Any]]:
    """What each ceiling is, at the right end of its line; those that are close share a label."""
    ceilings: dict[float, list[str]] = {}
    for (ceiling, _), name in roofs.items():
        ceilings.setdefault(ceiling, []).append(name)
    labels: list[dict[str, Any]] = []
    for ceiling in sorted(ceilings, reverse=True):
        told = units.rate(ceiling, "MAC/s") + (f" {', '.join(ceilings[ceiling])}" if len(roofs) > 1 else "")
        if labels and labels[-1]["rate"] < CLOSE * ceiling:
            labels[-1]["label"] += f" · {told}"
        else:
            labels.append({"intensity": most, "rate": ceiling, "label": told})
    return labels


def _decades(values: Iterable[float]) -> list[float]:
    """The powers of ten around values, for an axis."""
    logs = [log10(value) for value in values if value > 0]
    return [10.0**power for power in range(floor(min(logs)), ceil(max(logs)) + 1)]


def _points(values: list[dict[str, Any]], bounds: list[tuple[str, str]]) -> dict[str, Any]:
    scale = {"type": "log", "nice": False}
    return {
        "data": {"values": values},
        "mark": {"type": "circle", "opacity": 0.8, "stroke": INK, "strokeWidth": 0.5},
        "encoding": {
            "x": {
                "field": "intensity",
                "type": "quantitative",
                "title": "MACs for each byte moved",
                "scale": scale,
                "axis": {"values": _decades(one["intensity"] for one in values), "format": "~r"},
            },
            "y": {
                "field": "rate",
                "type": "quantitative",
                "title": "MAC/s",
                "scale": {"type": "log"},
                "axis": {**COUNTS, "values": _decades(one["rate"] for one in values)},
            },
            "size": {"field": "share", "type": "quantitative", "legend": None, "scale": {"range": [24, LARGEST]}},
            "color": {"field": "bound", "scale": legend(bounds), "title": "limited by"},
            "tooltip": [
                {"field": "layer"},
                {"field": "kind"},
                {"field": "time"},
                {"field": "share", "format": ".1%"},
                {"field": "bound", "title": "limited by"},
            ],
            "description": {"field": "told"},
        },
    }
