"""A chart in pixels, where no SVG is taken: `-o png.timeline:peak.png`; the first of a result where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost.formats import _drawing

if TYPE_CHECKING:
    from convcost.budget.difference import Difference
    from convcost.budget.verdicts import Checked
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.report import Report, WhatIf
    from convcost.sweeping.sweep import Sweep
    from convcost.table import View

SUFFIX = ".png"
SHOWS_A_CHART = True

prepare = _drawing.prepare


def report(report: Report, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("report", (report,), view.chart))


def variants(report: Report, what_ifs: list[WhatIf], view: View) -> bytes:
    return _drawing.png(_drawing.chosen("variants", (report, what_ifs), view.chart))


def planning(planning: Planning, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("planning", (planning,), view.chart))


def sweep(sweep: Sweep, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("sweep", (sweep,), view.chart))


def footprint(footprint: Footprint, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("footprint", (footprint,), view.chart))


def check(checked: Checked, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("check", (checked,), view.chart))


def difference(difference: Difference, view: View) -> bytes:
    return _drawing.png(_drawing.chosen("difference", (difference,), view.chart))
