"""Pictures of results: each a Vega or Vega-Lite spec (plain data), a title, and the same in words.

To add a chart, write its module, with a function that gives a `Chart` or None where there is nothing to draw, and name
that function here, under the result that it draws, and its name in `NAMES`. Nothing here draws:
`convcost.formats._drawing` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convcost.charts.base import Chart

if TYPE_CHECKING:
    from convcost.budget.difference import Difference
    from convcost.budget.verdicts import Checked
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.report import Report, WhatIf
    from convcost.sweeping.sweep import Sweep

__all__ = ["NAMES", "Chart", "charts_of"]


def charts_of(what: str, *results: object) -> list[Chart]:
    """The charts of a result, the first being the one that stands for it; `what` is the function of a format."""
    return [chart for chart in _OF[what](*results) if chart is not None]


def _report(report: Report) -> Sequence[Chart | None]:
    from convcost.charts import icicle, roofline, separable, timeline

    return (
        icicle.chart(report),
        separable.of_what_if(report, report.what_if),
        timeline.of_report(report),
        roofline.chart(report),
    )


def _variants(report: Report, what_ifs: Sequence[WhatIf]) -> Sequence[Chart | None]:
    from convcost.charts import icicle, variants

    return variants.chart(report, what_ifs), icicle.chart(report)


def _planning(planning: Planning) -> Sequence[Chart | None]:
    from convcost.charts import icicle, pareto, separable

    return pareto.chart(planning), separable.of_plan(planning.plan), icicle.chart(planning.report)


def _sweep(sweep: Sweep) -> Sequence[Chart | None]:
    from convcost.charts import grid

    return (grid.chart(sweep),)


def _footprint(footprint: Footprint) -> Sequence[Chart | None]:
    from convcost.charts import timeline

    return (timeline.of_footprint(footprint),)


def _check(checked: Checked) -> Sequence[Chart | None]:
    from convcost.charts import budget

    return (budget.chart(checked),)


def _difference(difference: Difference) -> Sequence[Chart | None]:
    from convcost.charts import changes

    return (changes.chart(difference),)


NAMES = {
    "report": ("icicle", "separable", "timeline", "roofline"),
    "variants": ("variants", "icicle"),
    "planning": ("pareto", "separable", "icicle"),
    "sweep": ("pareto",),
    "footprint": ("timeline",),
    "check": ("budget",),
    "difference": ("changes",),
}
"""The charts of a result, by the name that `-o svg.NAME:PATH` takes."""

_OF: dict[str, Callable[..., Sequence[Chart | None]]] = {
    "report": _report,
    "variants": _variants,
    "planning": _planning,
    "sweep": _sweep,
    "footprint": _footprint,
    "check": _check,
    "difference": _difference,
}
