"""For people: a Rich table in a terminal, plain aligned text in a pipe or a file."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.budget.difference import Difference
from convcost.budget.verdicts import Checked
from convcost.columns import columns, sums, time_sum
from convcost.comparison import Comparison
from convcost.formats import _explaining, _planning, _scores, _sides, _verifying, _widening
from convcost.formats._blocks import blocks
from convcost.formats._plain import aligned, folded
from convcost.formats._teaching import explained
from convcost.report import Report, Totals, WhatIf, savings
from convcost.table import View, lines
from convcost.units import printable

if TYPE_CHECKING:
    from rich.console import Console

    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.sweeping.sweep import Sweep
    from convcost.verification import Verification
    from convcost.widening import Widening

__all__ = ["folded"]

SUFFIX = ".txt"
MOST_LIVE = 4
MOST_SAVINGS = 3
GAP = 2
LEAST_TEXT = 16
"""Characters that a column of text keeps on a narrow terminal."""

Grid = tuple[list[str], list[list[str]], list[bool]]
"""Titles, rows of cells, and which columns end flush right."""


def report(report: Report, view: View) -> str:
    shown = lines(report, view)
    chosen = columns(view, report.figures)
    cells = [[column.text(line, report, view) for column in chosen] for line in shown]
    layers = ([column.title for column in chosen], cells, [column.right for column in chosen])
    parts = [_heading(report), _drawn(layers, view), _drawn(_totals(report, view), view), *_remarks(report, view)]
    everything = len(lines(report, View(depth=view.depth)))
    if len(shown) < everything:
        parts.insert(2, f"{len(shown)} of {everything} lines shown; the totals are those of all.")
    return "\n\n".join(parts) + "\n"


def reports(reports: Sequence[Report], view: View) -> str:
    """One summary row a model."""
    shown = [sums(one, view) for one in reports]
    titles = ["model", "input", *(line.what for line in shown[0] if line.what != "trainable params")]
    if reports[0].estimate is not None:
        titles.append("estimated time")
    if view.separable:
        titles += ["separable MACs", "factor"]
    cells = []
    for one, (macs, flops, params, _, weights, peak) in zip(reports, shown, strict=True):
        row = [printable(one.source or one.name), units.shapes(one.input_shapes.values())]
        row += [line.now for line in (macs, flops, params, weights, peak)]
        if time := time_sum(one, view):
            row.append(time.now)
        if view.separable:
            row += [macs.then or macs.now, macs.factor or "1.00×"]
        cells.append(row)
    less_needed = ["weights", "input", "FLOPs", "separable MACs", "peak activations"]
    parts = [_drawn((titles, cells, [False, False] + [True] * (len(titles) - 2)), view, less_needed)]
    if reports[0].estimate is not None:
        from convcost.formats import _estimating

        parts.append("\n".join(_estimating.origin(reports[0].estimate.device)))
    return "\n\n".join(parts) + "\n"


def variants(report: Report, what_ifs: Sequence[WhatIf], view: View) -> str:
    """The model as it is, and under each variant by itself."""
    titles = ["variant", "converted", "MACs", "factor", "params", "weights", "peak activations", "trained weights"]
    now = report.totals
    cells = [
        ["as it is", "", *_counts(now, view, factor=""), ""],
        *(
            [
                printable(one.variant),
                str(len(one.converted)),
                *_counts(one.report.totals, view, _ratio(now.macs, one.report.totals.macs)),
                one.weights if one.converted else "",
            ]
            for one in what_ifs
        ),
    ]
    right = [False, *[True] * 6, False]
    if report.estimate is not None:
        from convcost.formats import _estimating

        titles += _estimating.TIME_TITLES
        cells = [[*row, *times] for row, times in zip(cells, _estimating.times(report, what_ifs), strict=True)]
        right += [True, True]
    less_needed = ["weights", "converted", "trained weights", "peak activations"]
    parts = [_heading(report), _drawn((titles, cells, right), view, less_needed)]
    if report.estimate is not None:
        parts += map("\n".join, _estimating.told(report, what_if=False))
    parts += [
        f"{printable(one.variant)} cannot be for\n"
        + _listed([[printable(path), printable(why)] for path, why in one.refused.items()], flush_first=False)
        for one in what_ifs
        if one.refused
    ]
    return "\n\n".join(parts) + "\n"


def _counts(totals: Totals, view: View, factor: str) -> list[str]:
    counts = [units.count(totals.macs, view.raw), factor, units.count(totals.params, view.raw)]
    return counts + [units.size(size, view.raw) for size in (totals.weight_bytes, totals.peak_activation_bytes)]


def _ratio(before: int, after: int) -> str:
    return units.factor(before / after) if after else ""


def comparison(comparison: Comparison, view: View) -> str:
    parts = [explained(comparison, bold=view.terminal and view.color)]
    if comparison.bench is not None:
        from convcost.formats import _timing

        measured = _drawn(_timing.grid(comparison.bench, view), view, _timing.LESS_NEEDED)
        parts.append("Measured:\n" + (measured if view.terminal else indent(measured, "  ")))
        parts.append("\n".join(_timing.remarks(comparison.bench)))
    return "\n\n".join(parts) + "\n"


def separability(result: Separability, view: View) -> str:
    parts = [
        _heading(result.report),
        _drawn((_scores.titles(result), _scores.cells(result), _scores.right(result)), view),
    ]
    if result.left_out:
        parts.append(f"Left out:\n{_listed(_scores.left_out(result), flush_first=False)}")
    return "\n\n".join([*parts, "\n".join(map(printable, result.verdict))]) + "\n"


def footprint(footprint: Footprint, view: View) -> str:
    from convcost.formats import _timeline

    return _timeline.text(footprint, view)


def planning(planning: Planning, view: View) -> str:
    parts = [_heading(planning.report)]
    if planning.plan is not None:
        if rows := _planning.layers(planning.plan, view):
            parts.append(_drawn((_planning.LAYER_TITLES, rows, _planning.LAYER_RIGHT), view))
        totals = _planning.totals(planning, planning.plan, view)
        parts.append(_drawn((_planning.TOTAL_TITLES, totals, _planning.TOTAL_RIGHT), view))
    if planning.report.estimate is not None:
        from convcost.formats import _estimating

        parts += map("\n".join, _estimating.told(planning.report, what_if=True))
    if planning.front:
        grid = (_planning.FRONT_TITLES, _planning.front(planning, view), _planning.FRONT_RIGHT)
        parts.append(f"The least loss at other limits of MACs:\n{_drawn(grid, view)}")
    return "\n\n".join([*parts, "\n".join(_planning.remarks(planning))]) + "\n"


def widening(widening: Widening, view: View) -> str:
    rows = _widening.cells(widening, view)
    parts = [_heading(widening.report), _drawn((_widening.TITLES, rows, _widening.RIGHT), view)]
    return "\n\n".join([*parts, _widening.told(widening)]) + "\n"


def sweep(sweep: Sweep, view: View) -> str:
    from convcost.formats import _sweeping

    shown = _sweeping.rows(sweep, view, _sweeping.MOST_ROWS)
    grid = (_sweeping.titles(sweep), _sweeping.cells(sweep, shown, view), _sweeping.right(sweep))
    parts = [f"{printable(sweep.name)} · {_sweeping.summary(sweep, shown)}"]
    if shown:
        parts.append(_drawn(grid, view, _sweeping.LESS_NEEDED))
    if sweep.objectives and (picture := _sweeping.picture(sweep, view)):
        parts.append(picture)
    if told := _sweeping.reasons(sweep):
        parts.append(f"Not valid:\n{_listed(told)}")
    return "\n\n".join(parts) + "\n"


def explanation(explanation: Explanation, view: View) -> str:
    report = explanation.report
    grid = (_explaining.TITLES, _explaining.cells(explanation), _explaining.RIGHT)
    sources = dict.fromkeys((one.tool, one.source) for one in explanation.figures if one.source)
    read = f"Counted as the source of each tool does:\n{_listed(list(map(list, sources)), flush_first=False)}"
    return "\n\n".join([_heading(report), _drawn(grid, view), read, *_uncounted(report)]) + "\n"


def bench(bench: Bench, view: View) -> str:
    from convcost.formats import _timing

    parts = [_heading(bench.candidates[0].report), _drawn(_timing.grid(bench, view), view, _timing.LESS_NEEDED)]
    return "\n\n".join([*parts, "\n".join(_timing.remarks(bench))]) + "\n"


def calibration(calibration: Calibration, view: View) -> str:
    from convcost.formats import _timing

    errors = _drawn((_timing.ERROR_TITLES, _timing.errors(calibration), _timing.ERROR_RIGHT), view)
    return "\n\n".join([errors, "\n".join(_timing.calibration_remarks(calibration))]) + "\n"


def devices(profiles: Sequence[Device], view: View) -> str:
    from convcost.formats import _estimating

    grid = (_estimating.DEVICE_TITLES, _estimating.devices(profiles), _estimating.DEVICE_RIGHT)
    return _drawn(grid, view, ["date", "what it is", "origins"]) + "\n"


def device(device: Device, view: View) -> str:
    from convcost.formats import _estimating

    head = f"{_estimating.named(device)}, profile of {device.date}"
    grid = (_estimating.FIGURE_TITLES, _estimating.figures(device), _estimating.FIGURE_RIGHT)
    return "\n\n".join([head, _drawn(grid, view), *([printable(device.notes)] if device.notes else [])]) + "\n"


def check(checked: Checked, view: View) -> str:
    return blocks(checked, view)


def difference(difference: Difference, view: View) -> str:
    parts = [_drawn((_sides.TOTAL_TITLES, _sides.totals(difference, view.raw), _sides.TOTAL_RIGHT), view)]
    if rows := _sides.layers(difference, view.raw):
        cells = [[printable(cell) for cell in row] for row in rows]
        less_needed = ["kind", "new params", "params", "new MACs", "MACs"]
        parts.append(_drawn((_sides.LAYER_TITLES, cells, _sides.LAYER_RIGHT), view, less_needed))
    return "\n\n".join([*parts, _sides.unchanged(difference)]) + "\n"


def verification(verification: Verification, view: View) -> str:
    return _verifying.text(verification)


def _heading(report: Report) -> str:
    batch = f" · batch {report.batch}" if report.batch > 1 else ""
    counted = f" · counted as by {report.convention.source}" if report.convention else ""
    inputs = units.shapes(report.input_shapes.values())
    return f"{printable(report.name)} · input {inputs} · {len(report.rows)} layers{batch}{counted}"


def _totals(report: Report, view: View) -> Grid:
    shown = sums(report, view)
    if time := time_sum(report, view):
        shown.append(time)
    if all(line.then is None for line in shown):
        return ["total", "as it is"], [[line.what, line.now] for line in shown], [False, True]
    cells = [[line.what, line.now, line.then or "", line.factor] for line in shown]
    variant = printable(report.what_if.variant) if report.what_if else ""
    return ["total", "as it is", variant, "factor"], cells, [False, True, True, True]


def _remarks(report: Report, view: View) -> list[str]:
    remarks = []
    if report.peak.layer:
        live = [[units.size(one.bytes, view.raw), printable(one.layer)] for one in report.peak.live[:MOST_LIVE]]
        if len(report.peak.live) > MOST_LIVE:
            rest = report.peak.live[MOST_LIVE:]
            live.append([units.size(sum(one.bytes for one in rest), view.raw), f"{len(rest)} more"])
        remarks.append(f"Alive at the peak of activations, {printable(report.peak.layer)}:\n{_listed(live)}")
    if view.separable and report.what_if:
        remarks.append(_savings(report, view))
    if report.estimate is not None:
        from convcost.formats import _estimating

        remarks += map("\n".join, _estimating.told(report, view.separable))
    if report.convention:
        listed = "\n".join(f"  {note}" for note in report.convention.notes)
        remarks.append(f"How {report.convention.name} counts:\n{listed}")
    return remarks + _uncounted(report)


def _uncounted(report: Report) -> list[str]:
    """The layers that no rule counts, where there are any."""
    if not report.uncounted:
        return []
    names = [[printable(row.path), row.kind, printable(row.reason)] for row in report.uncounted]
    return [f"Not counted, so that totals are lower bounds (≥):\n{_listed(names, flush_first=False)}"]


def _savings(report: Report, view: View) -> str:
    what_if = report.what_if
    assert what_if is not None
    name = printable(what_if.variant)
    if not what_if.converted:
        return f"{name}: no layer of this model would become cheaper."
    largest = [
        [f"{units.count(one.macs, view.raw)} MACs", units.factor(one.before / one.after), printable(one.path)]
        for one in savings(report)[:MOST_SAVINGS]
        if one.after
    ]
    told = f"{name}: {len(what_if.converted)} of {len(report.rows)} layers converted. Largest savings:"
    return f"{told}\n{_listed(largest)}"


def _listed(rows: list[list[str]], flush_first: bool = True) -> str:
    """Indented lines, all but the last cell aligned."""
    text = aligned(rows, [flush_first] + [False] * (len(rows[0]) - 1))
    return "\n".join(f"  {line}" for line in text.splitlines())


def _drawn(grid: Grid, view: View, less_needed: Sequence[str] = ()) -> str:
    """The grid as text; on a terminal that is too narrow without the columns of these titles, the first one first."""
    if not view.terminal:
        titles, cells, right = grid
        return aligned([titles, *cells], right)
    for title in less_needed:
        if view.width is None or sum(GAP + width for width in _least_widths(grid)) <= view.width:
            break
        grid = _without(grid, title)
    return _rich(grid, view)


def _least_widths(grid: Grid) -> list[int]:
    """What each column takes at least: figures are shown whole, texts may fold."""
    titles, cells, right = grid
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    return [width if flush else min(width, LEAST_TEXT) for width, flush in zip(widths, right, strict=True)]


def _without(grid: Grid, title: str) -> Grid:
    kept = [place for place, one in enumerate(grid[0]) if one != title]
    titles, cells, right = grid
    return [titles[p] for p in kept], [[row[p] for p in kept] for row in cells], [right[p] for p in kept]


def _rich(grid: Grid, view: View) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    titles, cells, right = grid
    cells = [[printable(cell) for cell in row] for row in cells]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for place, (title, flush, least) in enumerate(zip(titles, right, _least_widths(grid), strict=True)):
        table.add_column(
            Text(title),
            justify="right" if flush else "left",
            overflow="fold",
            no_wrap=flush,
            min_width=least,
            style="cyan" if place == 0 else None,
        )
    for row in cells:
        table.add_row(*map(Text, row))
    console = _console(view)
    with console.capture() as captured:
        console.print(table, end="")
    return "\n".join(line for line in captured.get().splitlines() if line.strip())


def _console(view: View) -> Console:
    from rich.console import Console

    options: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "legacy_windows": False}
    return Console(
        width=view.width, force_terminal=view.color, color_system="standard" if view.color else None, **options
    )
