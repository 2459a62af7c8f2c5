"""Markdown for pull requests and READMEs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from convcost.budget.difference import Difference
from convcost.budget.verdicts import Checked
from convcost.columns import WIDEST, columns, sums, time_sum
from convcost.comparison import Comparison
from convcost.formats import _explaining, _planning, _scores, _widening
from convcost.formats._marking import beginning, escaped, listed, table
from convcost.formats._teaching import ALTERNATIVE_RIGHT, ALTERNATIVE_TITLES, alternatives, product, shape
from convcost.report import Report, WhatIf
from convcost.table import View, lines
from convcost.units import count, factor, shapes

if TYPE_CHECKING:
    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.sweeping.sweep import Sweep
    from convcost.widening import Widening

SUFFIX = ".md"


def report(report: Report, view: View) -> str:
    wide = msgspec.structs.replace(view, width=WIDEST)
    chosen = [column for column in columns(wide, report.figures) if "share" not in column.key]
    rows = [[column.text(line, report, wide) for column in chosen] for line in lines(report, view)]
    layers = table([column.title for column in chosen], rows, [column.right for column in chosen])
    lines_of_totals = [*sums(report, view), time_sum(report, view)]
    totals = table(
        ["total", "as it is", report.what_if.variant if report.what_if else "", "factor"],
        [[line.what, line.now, line.then or "", line.factor] for line in lines_of_totals if line],
        [False, True, True, True],
    )
    parts = [f"### {escaped(report.name)}", totals, layers]
    if report.convention:
        parts.insert(1, f"Counted as by {escaped(report.convention.source)}.")
    if report.estimate is not None:
        from convcost.formats import _estimating

        parts += map(listed, _estimating.told(report, view.separable))
    if report.uncounted:
        uncounted = "\n".join(
            f"- {beginning(row.path)} ({escaped(row.kind)}): {escaped(row.reason)}" for row in report.uncounted
        )
        parts.append(f"Not counted, so that totals are lower bounds (≥):\n\n{uncounted}")
    return "\n\n".join(parts) + "\n"


def reports(reports: Sequence[Report], view: View) -> str:
    rows = []
    for one in reports:
        macs, flops, params, _, weights, peak = shown = sums(one, view)
        inputs = shapes(one.input_shapes.values())
        row = [one.source or one.name, inputs, macs.now, flops.now, params.now, weights.now, peak.now]
        if time := time_sum(one, view):
            row.append(time.now)
        rows.append([*row, macs.then or macs.now] if view.separable else row)
    titles = ["model", "input", *(line.what for line in shown if line.what != "trainable params")]
    device = reports[0].estimate.device if reports[0].estimate else None
    if device is not None:
        titles.append("estimated time")
    if view.separable:
        titles.append("separable MACs")
    parts = [table(titles, rows, [False, False] + [True] * (len(titles) - 2))]
    if device is not None:
        from convcost.formats import _estimating

        parts.append(listed(_estimating.origin(device)))
    return "\n\n".join(parts) + "\n"


def variants(report: Report, what_ifs: Sequence[WhatIf], view: View) -> str:
    now = report.totals
    rows = [["as it is", "", count(now.macs, view.raw), "", count(now.params, view.raw), ""]]
    for one in what_ifs:
        then = one.report.totals
        ratio = factor(now.macs / then.macs) if then.macs else ""
        converted = str(len(one.converted))
        rows.append(
            [one.variant, converted, count(then.macs, view.raw), ratio, count(then.params, view.raw), one.weights]
        )
    titles = ["variant", "converted", "MACs", "factor", "params", "trained weights"]
    right = [False, True, True, True, True, False]
    if report.estimate is None:
        return table(titles, rows, right) + "\n"
    from convcost.formats import _estimating

    rows = [[*row, *times] for row, times in zip(rows, _estimating.times(report, what_ifs), strict=True)]
    told = map(listed, _estimating.told(report, what_if=False))
    shown = table([*titles, *_estimating.TIME_TITLES], rows, [*right, True, True])
    return "\n\n".join([shown, *told]) + "\n"


def comparison(comparison: Comparison, view: View) -> str:
    steps = (comparison.standard, comparison.depthwise, comparison.pointwise)
    rows = [[part.name, shape(part.output_shape), f"{part.params:,}", product(part)] for part in steps]
    together = f"{comparison.separable.macs:,} ({factor(comparison.reduction_factor)} fewer)"
    rows.append(["separable", shape(comparison.standard.output_shape), f"{comparison.separable_params:,}", together])
    parts = [table(["step", "output", "params", "MACs"], rows, [False, False, True, True])]
    if comparison.estimate is not None:
        from convcost.formats import _estimating

        parts.append("\n".join(["```text", *_estimating.compared(comparison, comparison.estimate), "```"]))
    if comparison.alternatives:
        parts.append(table(ALTERNATIVE_TITLES, alternatives(comparison), ALTERNATIVE_RIGHT))
    if comparison.bench is not None:
        parts.append(bench(comparison.bench, view).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def separability(result: Separability, view: View) -> str:
    parts = [table(_scores.titles(result), _scores.cells(result), _scores.right(result))]
    if result.left_out:
        parts.append(table(["left out", "why"], _scores.left_out(result), [False, False]))
    return "\n\n".join([*parts, *map(beginning, result.verdict)]) + "\n"


def footprint(footprint: Footprint, view: View) -> str:
    from convcost.formats import _timeline

    parts = [f"### {escaped(_timeline.heading(footprint))}"]
    parts.append(table(["", "bytes"], _timeline.needs(footprint, view.raw), [False, True]))
    if found := _timeline.limits(footprint, view.raw):
        parts.append(table(_timeline.LIMIT_TITLES, found, _timeline.LIMIT_RIGHT))
    if said := _timeline.order(footprint, view.raw):
        parts.append(said)
    parts.append(table(_timeline.STEP_TITLES, _timeline.step_cells(footprint, view.raw), _timeline.STEP_RIGHT))
    return "\n\n".join(parts) + "\n"


def planning(planning: Planning, view: View) -> str:
    parts = []
    if planning.plan is not None:
        parts.append(table(_planning.LAYER_TITLES, _planning.layers(planning.plan, view), _planning.LAYER_RIGHT))
        totals = _planning.totals(planning, planning.plan, view)
        parts.append(table(_planning.TOTAL_TITLES, totals, _planning.TOTAL_RIGHT))
    if planning.report.estimate is not None:
        from convcost.formats import _estimating

        parts += map(listed, _estimating.told(planning.report, what_if=True))
    if planning.front:
        parts.append(table(_planning.FRONT_TITLES, _planning.front(planning, view), _planning.FRONT_RIGHT))
    return "\n\n".join([*parts, *map(beginning, _planning.remarks(planning))]) + "\n"


def widening(widening: Widening, view: View) -> str:
    rows = table(_widening.TITLES, _widening.cells(widening, view), _widening.RIGHT)
    return f"{rows}\n\n{beginning(_widening.told(widening))}\n"


def sweep(sweep: Sweep, view: View) -> str:
    from convcost.formats import _sweeping

    shown = _sweeping.rows(sweep, view)
    parts = [f"### {escaped(sweep.name)}", f"{_sweeping.summary(sweep, shown)}."]
    parts.append(
        table(
            _sweeping.titles(sweep),
            _sweeping.cells(sweep, shown, view),
            _sweeping.right(sweep),
        )
    )
    if told := _sweeping.reasons(sweep):
        parts.append("Not valid:\n\n" + "\n".join(f"- {number}: {escaped(why)}" for number, why in told))
    return "\n\n".join(parts) + "\n"


def explanation(explanation: Explanation, view: View) -> str:
    return table(_explaining.TITLES, _explaining.cells(explanation), _explaining.RIGHT) + "\n"


def bench(bench: Bench, view: View) -> str:
    from convcost.formats import _timing

    return "\n\n".join([table(*_timing.grid(bench, view)), *map(beginning, _timing.remarks(bench))]) + "\n"


def calibration(calibration: Calibration, view: View) -> str:
    from convcost.formats import _timing

    errors = table(_timing.ERROR_TITLES, _timing.errors(calibration), _timing.ERROR_RIGHT)
    return "\n\n".join([errors, *map(escaped, _timing.calibration_remarks(calibration))]) + "\n"


def devices(profiles: Sequence[Device], view: View) -> str:
    from convcost.formats import _estimating

    return table(_estimating.DEVICE_TITLES, _estimating.devices(profiles), _estimating.DEVICE_RIGHT) + "\n"


def device(device: Device, view: View) -> str:
    from convcost.formats import _estimating

    parts = [f"### {escaped(_estimating.named(device))}", f"Profile of {device.date}."]
    parts.append(table(_estimating.FIGURE_TITLES, _estimating.figures(device), _estimating.FIGURE_RIGHT))
    return "\n\n".join([*parts, *([beginning(device.notes)] if device.notes else [])]) + "\n"


def check(checked: Checked, view: View) -> str:
    from convcost.formats._comment import comment

    return comment(checked, view)


def difference(difference: Difference, view: View) -> str:
    from convcost.formats import _sides

    sums = table(_sides.TOTAL_TITLES, _sides.totals(difference, view.raw), _sides.TOTAL_RIGHT)
    rows = _sides.layers(difference, view.raw)
    layers = table(_sides.LAYER_TITLES, rows, _sides.LAYER_RIGHT) if rows else ""
    return "\n\n".join(part for part in (sums, layers, _sides.unchanged(difference)) if part) + "\n"
