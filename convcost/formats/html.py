"""A page of charts and tables in one file, which opens offline: light, dark, and on paper. docs/report.md shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from convcost import units
from convcost.columns import Column, Sum, all_columns, sums, time_sum
from convcost.report import Report, WhatIf
from convcost.table import Line, View, lines

if TYPE_CHECKING:
    from convcost.budget.difference import Change, Difference
    from convcost.budget.verdicts import Checked, ModelCheck, Outcome
    from convcost.formats._page import Cell, Figure
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.sweeping.sweep import Configuration, Sweep

SUFFIX = ".html"
METRICS = ("macs", "flops", "params", "trainable_params", "weight_bytes", "peak_activation_bytes")
"""Of a report's totals, in the order of `sums`."""
SHARES = ("share", "time_share")
"""Columns whose cells are bars too."""


def prepare() -> None:
    from convcost.formats import _drawing

    _drawing.prepare()


def report(report: Report, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page

    sections = [_layers(report, view), *_notes(report)]
    return _page.page(report.name, _about(report), _figures(report, view), charts_of("report", report), sections)


def reports(reports: Sequence[Report], view: View) -> str:
    """A row a model."""
    from convcost.formats import _estimating, _page

    timed = reports[0].estimate
    titles = ["model", "input", *(line.what for line in sums(reports[0], view))]
    titles += ["estimated time"] if timed else []
    titles += ["separable MACs", "factor"] if view.separable else []
    rows = [_model(one, view) for one in reports]
    right = [False, False, *[True] * (len(titles) - 2)]
    sections = [_page.section("Models", _page.table(titles, rows, right, name="models", search="Search models"))]
    if timed:
        sections.append(
            _page.section("What the times stand on", *map(_page.paragraph, _estimating.origin(timed.device)))
        )
    return _page.page(f"{len(reports)} models", "", [], [], sections)


def _model(report: Report, view: View) -> list[Cell | str]:
    from convcost.formats._page import Cell

    totals, shown = report.totals, sums(report, view)
    row: list[Cell | str] = [report.source or report.name, units.shapes(report.input_shapes.values())]
    row += [Cell(line.now, getattr(totals, metric)) for line, metric in zip(shown, METRICS, strict=True)]
    if report.estimate and (time := time_sum(report, view)):
        row.append(Cell(time.now, report.estimate.seconds))
    if view.separable:
        macs = report.what_if.report.totals.macs if report.what_if else totals.macs
        row += [Cell(shown[0].then or shown[0].now, macs), Cell(shown[0].factor or "1.00×", totals.macs / (macs or 1))]
    return row


def variants(report: Report, what_ifs: Sequence[WhatIf], view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _estimating, _page

    titles = ["variant", "converted", "MACs", "factor", "params", "weights", "peak activations", "trained weights"]
    reports = [one.report for one in what_ifs]
    rows = [_variant("as it is", report, report, 0, ""), *(_variant_of(one, report) for one in what_ifs)]
    right = [False, *[True] * 6, False]
    if report.estimate is not None:
        titles, right = [*titles, *_estimating.TIME_TITLES], [*right, True, True]
        for row, time, one in zip(rows, _estimating.times(report, what_ifs), [report, *reports], strict=True):
            row += _sortable(time, {0: one.estimate.seconds if one.estimate else None})
    sections = [_page.section("Every variant", _page.table(titles, rows, right, name="variants"))]
    refused = [f"{one.variant}: {path}: {why}" for one in what_ifs for path, why in one.refused.items()]
    if refused:
        sections.append(_page.section("What a variant cannot be for", _page.listed(refused)))
    charts = charts_of("variants", report, what_ifs)
    return _page.page(f"{report.name} under variants", _about(report), _figures(report, view), charts, sections)


def planning(planning: Planning, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page, _planning

    sections = []
    if planning.plan is not None:
        totals = _page.table(
            _planning.TOTAL_TITLES, _planning.totals(planning, planning.plan, view), _planning.TOTAL_RIGHT
        )
        sections.append(_page.section("What the plan comes to", totals))
        shown = zip(_planning.layers(planning.plan, view), planning.plan.replacements, strict=True)
        rows: list[list[Cell]] = [
            _sortable(
                row, {2: one.macs_before, 3: one.macs_after, 4: one.macs_before / (one.macs_after or 1), 5: one.loss}
            )
            for row, one in shown
        ]
        table = _page.table(
            _planning.LAYER_TITLES, rows, _planning.LAYER_RIGHT, name="layers", search="Search replaced layers"
        )
        sections.append(_page.section("What it replaces", table))
    if planning.front:
        points = [row[:-1] for row in _planning.front(planning, view)]
        front = _page.table(_planning.FRONT_TITLES[:-1], points, _planning.FRONT_RIGHT[:-1])
        sections.append(_page.section("The least loss at other limits of MACs", front))
    sections.append(_page.section("What is assumed", *map(_page.paragraph, _planning.remarks(planning))))
    charts = charts_of("planning", planning)
    report = planning.report
    return _page.page(f"A plan for {report.name}", _about(report), _figures(report, view, "planned"), charts, sections)


def sweep(sweep: Sweep, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page, _sweeping

    shown = _sweeping.rows(sweep, view, _sweeping.MOST_ROWS)
    cells = zip(_sweeping.cells(sweep, shown, view), shown, strict=True)
    rows = [_sortable(row, _of_configuration(sweep, one)) for row, one in cells]
    table = _page.table(
        _sweeping.titles(sweep), rows, _sweeping.right(sweep), name="configurations", search="Search configurations"
    )
    sections = [_page.section("Configurations", table)]
    if told := _sweeping.reasons(sweep):
        sections.append(_page.section("Not valid", _page.table(["configurations", "why"], told, [True, False], head=1)))
    about = _sweeping.summary(sweep, shown)
    return _page.page(f"A sweep of {sweep.name}", about, [], charts_of("sweep", sweep), sections)


def footprint(footprint: Footprint, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page, _timeline

    figures = [_page.Figure(what, size) for what, size in _timeline.needs(footprint, view.raw)]
    figures += [
        _page.Figure(what, allowed, f"{needed} needed: {verdict} {distance}".rstrip())
        for what, needed, allowed, verdict, distance in _timeline.limits(footprint, view.raw)
    ]
    sections = []
    if footprint.peak is not None:
        alive = _page.table(
            ["layer", "bytes"],
            [[one.layer, units.size(one.bytes, view.raw)] for one in footprint.peak.live],
            [False, True],
        )
        sections.append(_page.section(f"Alive at the peak, {footprint.peak.layer}", alive))
    if said := _timeline.order(footprint, view.raw):
        sections.append(_page.section("Order of execution", _page.paragraph(said)))
    steps = [
        _sortable(row, {0: one.place + 1, 2: one.bytes, 3: one.written, 4: one.read, 5: one.waiting})
        for row, one in zip(_timeline.step_cells(footprint, view.raw), footprint.moments, strict=True)
    ]
    table = _page.table(_timeline.STEP_TITLES, steps, _timeline.STEP_RIGHT, name="steps", head=1, search="Search steps")
    charts = charts_of("footprint", footprint)
    title = f"Memory of {footprint.report.name}"
    return _page.page(title, _timeline.heading(footprint), figures, charts, [*sections, _page.section("Steps", table)])


def check(checked: Checked, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page, _verdicts

    outcomes: tuple[tuple[str, Outcome], ...]
    outcomes = (("passed", "ok"), ("warned", "warn"), ("failed", "fail"), ("skipped", "skip"))
    figures = [_page.Figure(name, str(checked.count(outcome))) for name, outcome in outcomes]
    about = _verdicts.summary(checked) + (f" · base {checked.base}" if checked.base else "")
    charts = charts_of("check", checked)
    return _page.page("Model budgets", about, figures, charts, [_checks(model, view) for model in checked.models])


def difference(difference: Difference, view: View) -> str:
    from convcost.charts import charts_of
    from convcost.formats import _page, _sides

    totals = _page.table(_sides.TOTAL_TITLES, _sides.totals(difference, view.raw), _sides.TOTAL_RIGHT)
    sections = [_page.section("Totals", totals)]
    changes = [change for change in difference.changes if change.sign != "="]
    if changes:
        shown = zip(_sides.layers(difference, view.raw), changes, strict=True)
        rows = [_sortable(row, _of_change(change)) for row, change in shown]
        table = _page.table(
            ["sign", *_sides.LAYER_TITLES[1:]], rows, _sides.LAYER_RIGHT, name="layers", head=1, search="Search layers"
        )
        sections.append(_page.section("Layers that differ", table, _page.paragraph(_sides.unchanged(difference))))
    return _page.page("Two models side by side", "", [], charts_of("difference", difference), sections)


def _variant_of(what_if: WhatIf, report: Report) -> list[Cell]:
    converted = len(what_if.converted)
    return _variant(what_if.variant, what_if.report, report, converted, what_if.weights if converted else "")


def _variant(name: str, then: Report, now: Report, converted: int, weights: str) -> list[Cell]:
    """A row of the table of variants."""
    from convcost.formats._page import Cell

    totals = then.totals
    ratio = now.totals.macs / totals.macs if totals.macs else None
    return [
        Cell(name),
        Cell(str(converted), converted),
        Cell(units.count(totals.macs), totals.macs),
        Cell(units.factor(ratio), ratio),
        Cell(units.count(totals.params), totals.params),
        Cell(units.size(totals.weight_bytes), totals.weight_bytes),
        Cell(units.size(totals.peak_activation_bytes), totals.peak_activation_bytes),
        Cell(weights),
    ]


def _sortable(row: Sequence[str], values: Mapping[int, float | None]) -> list[Cell]:
    """Cells, and by column the numbers that they sort by."""
    from convcost.formats._page import Cell

    return [Cell(text, values.get(column)) for column, text in enumerate(row)]


def _of_change(change: Change) -> dict[int, float | None]:
    """What a layer of a diff sorts by, by column."""
    values: dict[int, float | None] = {}
    for column, metric in ((3, "macs"), (6, "params")):
        values[column] = change.old.values[metric] if change.old else None
        values[column + 1] = change.new.values[metric] if change.new else None
        values[column + 2] = change.delta(metric)
    return values


def _of_configuration(sweep: Sweep, one: Configuration) -> dict[int, float | None]:
    """What a configuration sorts by, by column: numbers along the axes, metrics, the front."""
    numbers = [value if type(value) in (int, float) else None for value in one.values]
    figures = [getattr(one, metric) for metric in sweep.metrics]
    return dict(enumerate([*numbers, *figures, one.on_front * 1.0]))


def _about(report: Report) -> str:
    parts = [report.source, f"input {units.shapes(report.input_shapes.values())}", f"{len(report.rows)} layers"]
    if report.batch > 1:
        parts.append(f"batch {report.batch}")
    if report.convention:
        parts.append(f"counted as by {report.convention.source}")
    return " · ".join(part for part in parts if part)


def _figures(report: Report, view: View, then: str | None = None) -> list[Figure]:
    """The totals; below each, what a variant makes of it, called `then` where it is not named as it is."""
    from convcost.formats._page import Figure

    called = then or (report.what_if.variant if report.what_if else "")

    def below(line: Sum) -> str:
        return "" if line.then in (None, line.now) else f"{called}: {line.then}, {line.factor}"

    figures = [Figure(line.what, line.now, below(line)) for line in sums(report, view)]
    if report.estimate and (time := time_sum(report, view)):
        notes = filter(None, (below(time), f"estimated for {report.estimate.device.title}"))
        figures.append(Figure("time", time.now, "; ".join(notes)))
    return figures


def _layers(report: Report, view: View) -> str:
    """All columns of all layers, whatever the width."""
    from convcost.formats import _page

    wide = msgspec.structs.replace(view, width=None, flops=True)
    chosen = all_columns(wide, report.figures)
    shown = lines(report, view)
    largest = {
        column.key: max((column.value(line, report) or 0 for line in shown), default=0)
        for column in chosen
        if column.key in SHARES and column.value
    }
    rows = [
        [_page.Cell(str(place), place), *(_layer_cell(column, line, report, wide, largest) for column in chosen)]
        for place, line in enumerate(shown, start=1)
    ]
    titles = ["#", *(column.title for column in chosen)]
    right = [True, *(column.right or column.key in SHARES for column in chosen)]
    table = _page.table(titles, rows, right, name="layers", head=1, search="Search layers")
    everything = len(lines(report, View(depth=view.depth)))
    some = f"{len(shown)} of {everything} lines shown; the totals are those of all."
    return _page.section("Every layer", _page.paragraph(some) if len(shown) < everything else "", table)


def _layer_cell(column: Column, line: Line, report: Report, view: View, largest: Mapping[str, float]) -> Cell:
    """`largest`: the greatest share by column, which has the longest bar."""
    from convcost.formats._page import Cell

    value = column.value(line, report) if column.value else None
    sorts = value if isinstance(value, int | float) else None
    if column.key in SHARES:
        text = column.text(line, report, msgspec.structs.replace(view, width=0)).strip()  # without a bar of its own
        return Cell(text, sorts, "share", sorts / largest[column.key] if sorts and largest[column.key] else None)
    return Cell(column.text(line, report, view), sorts)


def _notes(report: Report) -> Iterator[str]:
    """What is not counted, cannot be converted, or must be known to read the figures."""
    from convcost.formats import _estimating, _page

    if report.uncounted:
        rows = [[row.path, row.kind, row.reason] for row in report.uncounted]
        table = _page.table(["layer", "kind", "why"], rows, [False, False, False])
        yield _page.section("Not counted, so that totals are lower bounds (≥)", table)
    if report.what_if and report.what_if.refused:
        refused = [f"{path}: {why}" for path, why in report.what_if.refused.items()]
        yield _page.section(f"What {report.what_if.variant} cannot be for", _page.listed(refused))
    if report.estimate is not None:
        remarks = _estimating.told(report, what_if=report.what_if is not None)
        yield _page.section("What the times stand on", *map(_page.paragraph, chain.from_iterable(remarks)))
    if report.convention:
        yield _page.section(f"How {report.convention.name} counts", _page.listed(report.convention.notes))
    if report.warnings:
        yield _page.section("Warnings", _page.listed(report.warnings))


def _checks(model: ModelCheck, view: View) -> str:
    """The verdicts on a model, and which layers grew."""
    from convcost.formats import _page, _verdicts
    from convcost.formats._blocks import RIGHT, TITLES

    parts = [_page.paragraph(model.source)]
    if model.problem:
        parts.append(_page.paragraph(f"Could not be checked: {model.problem.text}"))
    rows: list[list[Cell | str]] = []
    for verdict in model.verdicts:
        shown = _verdicts.cells(verdict, view.raw)
        check = f"{shown.check} ({shown.note})" if shown.note else shown.check
        outcome = _page.Cell(shown.outcome, css=f"outcome {verdict.outcome}")
        rows.append([outcome, check, shown.actual, shown.limit, shown.over_by, shown.used, shown.place])
    if rows:
        parts.append(_page.table(["verdict", *TITLES[1:]], rows, RIGHT, head=1))
    for grown in model.grown:
        layers = [
            [_verdicts.signed(one.delta, grown.unit, raw=True), one.path, _verdicts.reason(one)] for one in grown.layers
        ]
        parts.append(_page.paragraph(f"Grew most in {grown.metric} since {grown.since}:"))
        parts.append(_page.table(["more", "layer", "why"], layers, [True, False, False], head=1))
    if model.message:
        parts.append(_page.paragraph(model.message))
    return _page.section(model.name, *parts)
