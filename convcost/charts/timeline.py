"""The memory timeline: the bytes of activations that are alive at each fused step, and the peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.charts.base import BLUE, GREEN, GREY, INK, RED, Chart, legend, scale_of_bytes, vega_lite
from convcost.errors import ConvcostError
from convcost.memory.live_set import Moment, timeline
from convcost.report import Report
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.memory.footprint import Footprint

HEIGHT = 260
PARTS = (("written by the step", BLUE), ("read by it", GREEN), ("kept for a later step", GREY))


def of_report(report: Report) -> Chart | None:
    """None where the steps are not known, or there are more than a picture can show."""
    if report.run is None:
        return None
    try:
        return _chart(timeline(report.run))
    except ConvcostError:  # more tensors are alive than can be told
        return None


def of_footprint(footprint: Footprint) -> Chart | None:
    return _chart(footprint.moments, footprint.ram)


def _chart(moments: Sequence[Moment], limit: int | None = None) -> Chart | None:
    peak = max(moments, key=lambda moment: moment.bytes, default=None)
    if peak is None or not peak.bytes:
        return None
    divisor, unit = scale_of_bytes(peak.bytes)
    at = next(step for step, moment in enumerate(moments, start=1) if moment is peak)
    alive = ", ".join(f"{printable(one.layer)} ({units.size(one.bytes)})" for one in peak.live[:3])
    text = (
        f"At most {units.size(peak.bytes)} of activations are alive, at step {at} of {len(moments)},"
        f" {printable(peak.layer)}: {alive}{' and others' if len(peak.live) > 3 else ''}."
    )
    label = f"peak {units.size(peak.bytes)}, {printable(peak.layer)[-48:]}"
    layers: list[dict[str, Any]] = [
        _bars(moments, divisor, unit),
        *_mark(label, at, peak.bytes / divisor, len(moments)),
    ]
    if limit is not None:
        text += f" There are {units.size(limit)}."
        layers += _limit(limit / divisor, f"RAM {units.size(limit)}")
    spec = vega_lite(text, HEIGHT, layer=layers)
    return Chart("timeline", "Memory, step by step", text, spec, HEIGHT)


def _bars(moments: Sequence[Moment], divisor: int, unit: str) -> dict[str, Any]:
    gap = 0.06 if len(moments) <= 200 else 0.0
    values = []
    for step, moment in enumerate(moments, start=1):
        low = 0
        for (part, _), amount in zip(PARTS, (moment.written, moment.read, moment.waiting), strict=True):
            if amount:
                values.append(
                    {
                        "from": step - 0.5 + gap,
                        "to": step + 0.5 - gap,
                        "low": low / divisor,
                        "high": (low + amount) / divisor,
                        "part": part,
                        "layer": printable(moment.layer),
                        "alive": units.size(moment.bytes),
                        "shown": units.size(amount),
                        "told": f"step {step}, {printable(moment.layer)}: {units.size(amount)} {part}",
                    }
                )
            low += amount
    return {
        "data": {"values": values},
        "mark": "rect",
        "encoding": {
            "x": {
                "field": "from",
                "type": "quantitative",
                "title": "fused step, in the order of execution",
                "scale": {"domain": [0.5, len(moments) + 0.5], "nice": False},
                "axis": {"grid": False, "tickMinStep": 1},
            },
            "x2": {"field": "to"},
            "y": {"field": "low", "type": "quantitative", "title": unit, "axis": {"tickCount": 6}},
            "y2": {"field": "high"},
            "color": {"field": "part", "scale": legend(PARTS), "title": None},
            "tooltip": [
                {"field": "layer"},
                {"field": "alive"},
                {"field": "part"},
                {"field": "shown", "title": "of these"},
            ],
            "description": {"field": "told"},
        },
    }


def _mark(label: str, step: int, height: float, steps: int) -> list[dict[str, Any]]:
    """The peak, named on the side where there is room."""
    data = {"values": [{"step": step, "high": height, "label": label}]}
    right = step <= steps / 2
    where = {"x": {"field": "step", "type": "quantitative"}, "y": {"field": "high", "type": "quantitative"}}
    return [
        {"data": data, "mark": {"type": "point", "shape": "triangle-down", "filled": True, "size": 70, "dy": -6,
         "yOffset": -7, "color": RED, "opacity": 1}, "encoding": where},
        {"data": data, "mark": {"type": "text", "align": "left" if right else "right", "dx": 10 if right else -10,
         "dy": -8, "color": INK, "fontSize": 12, "fontWeight": 600},
         "encoding": {**where, "text": {"field": "label"}}},
    ]  # fmt: skip


def _limit(height: float, label: str) -> list[dict[str, Any]]:
    data = {"values": [{"high": height, "label": label}]}
    where = {"y": {"field": "high", "type": "quantitative"}}
    return [
        {"data": data, "mark": {"type": "rule", "color": RED, "strokeDash": [6, 4]}, "encoding": where},
        {"data": data, "mark": {"type": "text", "align": "left", "x": 4, "dy": -7, "color": RED, "fontSize": 12},
         "encoding": {**where, "text": {"field": "label"}}},
    ]  # fmt: skip
