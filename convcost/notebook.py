"""A report in a notebook: a light table that needs no extra, and the rows as a pandas DataFrame.

`convcost.report.Report` calls these as its methods; they are here since they need the columns of the table.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.columns import columns, sums, time_sum, values
from convcost.errors import MeasureError
from convcost.report import Report
from convcost.table import View, lines
from convcost.units import printable

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_ROWS = 400
"""Rows that a notebook shows; it is no place for the thousands of a large model."""

TALLEST = "28em"


def html(report: Report) -> str:
    """The totals, and the layers in a table that scrolls. Names are text."""
    view = View(device=report.estimate is not None)
    chosen = [column for column in columns(view, report.figures) if column.key != "share"]
    shown = lines(report, view)
    right = [column.right for column in chosen]
    rows = [[column.text(line, report, view) for column in chosen] for line in shown[:MOST_ROWS]]
    layers = _table([column.title for column in chosen], rows, right)
    if len(shown) > MOST_ROWS:
        layers += f"<p>{MOST_ROWS} of {len(shown)} layers; to_dataframe() has all.</p>"
    totals = [*sums(report, view), *filter(None, [time_sum(report, view)])]
    variant = report.what_if.variant if report.what_if else ""
    if any(line.then is not None for line in totals):
        cells = [[line.what, line.now, line.then or "", line.factor] for line in totals]
        summary = _table(["total", "as it is", variant, "factor"], cells, [False, True, True, True])
    else:
        summary = _table(["total", "as it is"], [[line.what, line.now] for line in totals], [False, True])
    inputs = units.shapes(report.input_shapes.values())
    heading = f"<p><strong>{_text(report.name)}</strong> · input {_text(inputs)} · {len(report.rows)} layers</p>"
    return f'<div>{heading}{summary}<div style="max-height:{TALLEST};overflow:auto">{layers}</div></div>'


def dataframe(report: Report) -> DataFrame:
    """A row for each layer and the columns of the CSV, raw. Raises MeasureError where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise MeasureError("to_dataframe needs pandas: pip install pandas") from None
    view = View(flops=True, device=report.estimate is not None)
    chosen = values(view)
    rows: list[list[Any]] = [[value(line, report) for _, value in chosen] for line in lines(report, view)]
    return pandas.DataFrame(rows, columns=[key for key, _ in chosen])


def _table(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    aligned = [' style="text-align:right"' if flush else ' style="text-align:left"' for flush in right]
    head = "".join(f"<th{style}>{_text(title)}</th>" for title, style in zip(titles, aligned, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{style}>{_text(cell)}</td>" for cell, style in zip(row, aligned, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(printable(text))
