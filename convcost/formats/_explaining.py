"""Why tools differ, as rows of cells: a tool's figure, and below it what each part of its difference is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost.units import printable

if TYPE_CHECKING:
    from convcost.conventions.explanation import Explanation, Reason

TITLES = ["counted by", "count", "difference"]
RIGHT = [False, True, True]


def cells(explanation: Explanation) -> list[list[str]]:
    least = "" if explanation.report.totals.complete else "≥ "
    rows = []
    for one in explanation.figures:
        difference = f"{one.difference:+,}" if one.difference else ""
        rows.append([f"{one.tool} {one.figure}", f"{least}{one.count:,}", difference])
        rows += [[f"  · {_told(reason)}", "", f"{reason.amount:+,}"] for reason in one.reasons]
    return rows


def _told(reason: Reason) -> str:
    what = printable(reason.what)  # an activation's name is the file's
    return f"{what}: {reason.rule}" if reason.rule else what
