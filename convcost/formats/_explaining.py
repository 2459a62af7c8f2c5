"""Why tools differ, as rows of cells: a tool's figure and its first reason, then a row for each further reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from convcost.units import printable

if TYPE_CHECKING:
    from convcost.explanation import Explained, Explanation, Reason

TITLES = ["counted by", "figure", "count", "difference", "of it", "for"]
RIGHT = [False, False, True, True, True, False]


def cells(explanation: Explanation) -> list[list[str]]:
    return [row for figure in explanation.figures for row in _figure(figure, explanation.report.totals.complete)]


def _figure(figure: Explained, complete: bool) -> Iterator[list[str]]:
    first, *others = figure.reasons or (None,)
    difference = f"{figure.difference:+,}" if figure.difference else ""
    yield [figure.tool, figure.figure, ("" if complete else "≥ ") + f"{figure.count:,}", difference, *_reason(first)]
    for reason in others:
        yield ["", "", "", "", *_reason(reason)]


def _reason(reason: Reason | None) -> list[str]:
    if reason is None:
        return ["", ""]
    what = printable(reason.what)  # an activation's name is the file's
    return [f"{reason.amount:+,}", f"{what}: {reason.rule}" if reason.rule else what]
