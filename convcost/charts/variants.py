"""A model under several variants: what is left of its MACs, params and peak, in percent of what it has now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convcost import units
from convcost.charts.base import BLUE, GREEN, ORANGE, RED, SHARES, Chart, legend, mark_at, names, vega_lite
from convcost.report import Report, WhatIf
from convcost.units import printable

METRICS = {"MACs": ("macs", ORANGE), "params": ("params", BLUE), "peak activations": ("peak_activation_bytes", GREEN)}
GROUP = 44
"""Pixels from variant to variant: three bars, and room between."""


def chart(report: Report, what_ifs: Sequence[WhatIf]) -> Chart | None:
    """None where no variant converts anything."""
    shown = [one for one in what_ifs if one.converted]
    if not shown or not report.totals.macs:
        return None
    least = min(shown, key=lambda one: one.report.totals.macs)
    whole = report.totals.macs
    text = (
        f"{len(shown)} of {len(what_ifs)} variants convert layers of this model. {printable(least.variant)} has the"
        f" fewest MACs: {units.count(least.report.totals.macs)} of {units.count(whole)}"
        f" ({units.percent(least.report.totals.macs, whole)})."
    )
    height = GROUP * len(shown)
    values = [value for one in shown for value in _bars(report, one)]
    bars = {
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "y": {**names("variant"), "scale": {"paddingInner": 0.3}},
            "yOffset": {"field": "metric", "sort": None},
            "x": {"field": "share", "type": "quantitative", "title": "of what the model has now", "axis": SHARES},
            "color": {
                "field": "metric",
                "scale": legend([(name, color) for name, (_, color) in METRICS.items()]),
                "title": None,
            },
            "tooltip": [
                {"field": "variant"},
                {"field": "metric"},
                {"field": "shown", "title": "then"},
                {"field": "share", "format": ".1%"},
            ],
            "description": {"field": "told"},
        },
    }
    now = mark_at("share", 1, RED)
    return Chart("variants", "Under every variant", text, vega_lite(text, height, layer=[bars, now]), height)


def _bars(report: Report, what_if: WhatIf) -> list[dict[str, Any]]:
    bars = []
    for name, (attribute, _) in METRICS.items():
        before, after = getattr(report.totals, attribute), getattr(what_if.report.totals, attribute)
        if before:
            shown = units.size(after) if attribute.endswith("_bytes") else units.count(after)
            variant = printable(what_if.variant)
            told = f"{variant}: {name} {shown}, {units.percent(after, before)}"
            bars.append({"variant": variant, "metric": name, "share": after / before, "shown": shown, "told": told})
    return bars
