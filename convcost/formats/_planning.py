"""A plan as rows of cells: the layers that it replaces, the totals beside their limits, and what other limits take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost import units
from convcost.columns import bar, time_sum
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.planning.planner import Plan, Planning
    from convcost.table import View

LAYER_TITLES = ["layer", "becomes", "MACs", "planned MACs", "factor", "loss", "why"]
LAYER_RIGHT = [False, False, True, True, True, True, False]
TOTAL_TITLES = ["total", "as it is", "planned", "factor", "limit"]
TOTAL_RIGHT = [False, True, True, True, True]
FRONT_TITLES = ["MACs", "of all", "replaced", "loss", ""]
FRONT_RIGHT = [True, True, True, True, False]

TOTALS = {
    "MACs": "macs",
    "FLOPs": "flops",
    "params": "params",
    "weights": "weight_bytes",
    "peak activations": "peak_activation_bytes",
}


def layers(plan: Plan, view: View) -> list[list[str]]:
    return [
        [
            printable(one.path),
            one.variant,
            units.count(one.macs_before, view.raw),
            units.count(one.macs_after, view.raw),
            units.factor(one.macs_before / one.macs_after if one.macs_after else None),
            f"{one.loss:.4f}",
            one.reason,
        ]
        for one in plan.replacements
    ]


def totals(planning: Planning, plan: Plan, view: View) -> list[list[str]]:
    rows = []
    for title, metric in TOTALS.items():
        show = units.size if metric.endswith("_bytes") else units.count
        before, after = getattr(planning.report.totals, metric), getattr(plan.totals, metric)
        limit = show(planning.limits[metric], view.raw) if metric in planning.limits else ""
        ratio = units.factor(before / after if after else None)
        rows.append([title, show(before, view.raw), show(after, view.raw), ratio, limit])
    if time := time_sum(planning.report, view):
        rows.append([time.what, time.now, time.then or time.now, time.factor or "1.00×", ""])
    return rows


def front(planning: Planning, view: View) -> list[list[str]]:
    """One row a point, the model as it is first; the bars are the picture of the losses."""
    whole, most = planning.report.totals.macs, max((point.loss for point in planning.front), default=0.0)
    return [
        [
            units.count(point.macs, view.raw),
            units.percent(point.macs, whole),
            str(point.replaced),
            f"{point.loss:.4f}",
            bar(round(1e6 * point.loss), round(1e6 * most), cells=32),
        ]
        for point in planning.front
    ]


def remarks(planning: Planning) -> list[str]:
    """What the losses are, and what is assumed of them."""
    said = [f"A loss is {printable(planning.losses)}."]
    if planning.plan is not None:
        total = f"loss {planning.plan.loss:.4f} in all, the least that meets the limits, given that losses add up"
        said.insert(0, f"{len(planning.plan.replacements)} of {len(planning.report.rows)} layers replaced: {total}.")
    if uncounted := [printable(row.path) for row in planning.report.uncounted]:
        said.append(
            f"Totals are lower bounds, and limits hold for what is counted. Not counted: {', '.join(uncounted)}."
        )
    return said
