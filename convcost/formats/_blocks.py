"""Checks for people: a block for each model, the summary in the last line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convcost import units
from convcost.budget.verdicts import Checked, ModelCheck
from convcost.formats._plain import aligned
from convcost.formats._verdicts import MOST_LAYERS, SHOWN, cells, quantity, reason, signed, summary
from convcost.table import View
from convcost.units import printable

COLORS = {"FAIL": 31, "ERROR": 31, "WARN": 33, "ok": 32, "skip": 2}
TITLES = ["", "check", "actual", "limit", "over by", "used", "rule"]
RIGHT = [False, False, True, True, True, True, False]


def blocks(checked: Checked, view: View) -> str:
    parts = ["\n".join(_block(model, view)) for model in checked.models]
    if checked.base:
        parts.insert(0, f"base: {printable(checked.base)}")
    return "\n\n".join([*parts, summary(checked)]) + "\n"


def _block(model: ModelCheck, view: View) -> Iterator[str]:
    inputs = f"input {units.shapes(model.input_shapes.values())}" if model.input_shapes else ""
    yield " · ".join(printable(part) for part in (model.name, model.source, inputs) if part)
    if model.problem:
        yield f"  {_colored('ERROR', view)}  {printable(model.problem.text)}"
        return
    yield from _rows(model, view)
    for growing in model.grown:
        yield f"  grew most in {growing.metric} since {printable(growing.since)}:"
        rows = [
            [signed(one.delta, growing.unit, raw=True), printable(one.path), printable(reason(one))]
            for one in growing.layers[:MOST_LAYERS]
        ]
        yield from _listed(rows, len(growing.layers))
    for largest in model.largest:
        yield f"  largest in {largest.metric}:"
        yield from _listed(
            [[quantity(one.actual, largest.unit, view.raw), printable(one.path)] for one in largest.layers],
            len(largest.layers),
        )
    for note in model.notes:
        yield f"  {printable(note)}"
    if model.message and model.outcome in ("fail", "warn", "unmeasured"):
        yield f"  {printable(model.message)}"


def _rows(model: ModelCheck, view: View) -> Iterator[str]:
    """The verdicts, and below them the layers that do not keep a limit."""
    shown = [cells(verdict, view.raw) for verdict in model.verdicts]
    grid = [
        [one.outcome, printable(one.check), one.actual, one.limit, one.over_by, one.used, printable(one.place)]
        for one in shown
    ]
    header, *lines = aligned([TITLES, *grid], RIGHT).splitlines()
    yield f"  {header}"
    for verdict, cell, line in zip(model.verdicts, shown, lines, strict=True):
        outcome = SHOWN[verdict.outcome]
        yield f"  {_colored(outcome, view)}{line[len(outcome) :]}" + (f"  {printable(cell.note)}" if cell.note else "")
        if len(verdict.over) > 1:
            rows = [[quantity(one.actual, verdict.unit, raw=True), printable(one.path)] for one in verdict.over]
            yield from _listed(rows[:MOST_LAYERS], len(rows))


def _listed(rows: Sequence[Sequence[str]], there: int) -> Iterator[str]:
    if rows:
        for line in aligned(rows, [True] + [False] * (len(rows[0]) - 1)).splitlines():
            yield f"    {line}"
    if there > len(rows):
        yield f"    and {there - len(rows)} more"


def _colored(outcome: str, view: View) -> str:
    return f"\x1b[{COLORS[outcome]}m{outcome}\x1b[0m" if view.terminal and view.color else outcome
