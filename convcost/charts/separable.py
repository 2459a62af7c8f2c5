"""What a variant makes of each layer: the MACs that stay, and those that it saves, stacked to what there are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.charts.base import BAR, COUNTS, GREEN, MOST_BARS, ORANGE, RED, Chart, legend, names, vega_lite
from convcost.report import Report, Saving, WhatIf, savings
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.planning.planner import Plan

PARTS = (("stays", GREEN), ("saved", ORANGE), ("added", RED))


def of_what_if(report: Report, what_if: WhatIf | None) -> Chart | None:
    """None where no layer is converted."""
    if what_if is None or not what_if.converted:
        return None
    places = {row.path: place for place, row in enumerate(report.rows)}
    found = sorted(savings(report), key=lambda one: places.get(one.path, 0))
    name = printable(what_if.variant)
    return _chart(found, f"Standard and {name}, layer by layer" if name == "separable" else f"As it is, and {name}")


def of_plan(plan: Plan | None) -> Chart | None:
    """None where nothing is replaced."""
    if plan is None or not plan.replacements:
        return None
    found = [Saving(one.path, one.macs_before, one.macs_after) for one in plan.replacements]
    return _chart(found, "What the plan makes of each layer")


def _chart(found: Sequence[Saving], title: str) -> Chart:
    before, after = sum(one.before for one in found), sum(one.after for one in found)
    largest = max(found, key=lambda one: one.macs)
    text = (
        f"{units.count(before)} MACs in {len(found)} layer{'s' * (len(found) != 1)} become {units.count(after)}"
        f" ({units.factor(before / after if after else None)}). Most is saved in {printable(largest.path)}:"
        f" {units.count(largest.before)} become {units.count(largest.after)}."
    )
    shown = set(sorted(found, key=lambda one: -abs(one.macs))[:MOST_BARS])
    if len(found) > len(shown):
        text += f" The picture has the {len(shown)} layers that change most."
    values = [value for one in found if one in shown for value in _parts(one)]
    parts = [part for part in PARTS if any(value["part"] == part[0] for value in values)]
    height = BAR * len(shown)
    encoding = {
        "y": names("layer"),
        "x": {"field": "macs", "type": "quantitative", "title": "MACs", "axis": COUNTS},
        "color": {"field": "part", "scale": legend(parts), "title": None},
        "order": {"field": "order"},
        "tooltip": [
            {"field": "layer"},
            {"field": "before", "title": "now"},
            {"field": "after", "title": "then"},
            {"field": "factor"},
        ],
        "description": {"field": "told"},
    }
    spec = vega_lite(text, height, data={"values": values}, mark="bar", encoding=encoding)
    return Chart("separable", title, text, spec, height)


def _parts(saving: Saving) -> list[dict[str, Any]]:
    """One bar: what stays, and what is saved (or added). Parts that are nothing are left out."""
    stays = min(saving.before, saving.after)
    amounts = {"stays": stays, "saved": saving.before - stays, "added": saving.after - stays}
    factor = units.factor(saving.before / saving.after if saving.after else None)
    name, before, after = printable(saving.path), units.count(saving.before), units.count(saving.after)
    about = {"layer": name, "before": before, "after": after, "factor": factor}
    return [
        {
            **about,
            "part": part,
            "macs": macs,
            "order": order,
            "told": f"{name}: {part} {units.count(macs)}, {before} now, {after} then",
        }
        for order, (part, macs) in enumerate(amounts.items())
        if macs
    ]
