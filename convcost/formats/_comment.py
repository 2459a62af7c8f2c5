"""Checks in Markdown, for a comment on a change or a step summary.

The first line is a hidden key, by which a comment is found and replaced. The whole is short enough for a comment,
however many checks there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from convcost.budget.verdicts import Checked, ModelCheck, Verdict
from convcost.formats._marking import beginning, escaped
from convcost.formats._verdicts import (
    MOST_LAYERS,
    by_severity,
    cells,
    location,
    reason,
    signed,
    summary,
)
from convcost.table import View

KEY = "<!-- convcost:check -->"
MOST_BYTES = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""

HEADER = """| | model | check | actual | limit | over by | used | where |
| :--- | :--- | :--- | ---: | ---: | ---: | ---: | :--- |"""
SIGNS = {"fail": "❌", "unmeasured": "⛔", "warn": "⚠️", "ok": "✅", "skip": "➖"}


def comment(checked: Checked, view: View) -> str:
    since = f" since {escaped(checked.base)}" if checked.base else ""
    text = _Text(f"{KEY}\n### Model budgets\n\n**{summary(checked)}**{since}\n")
    problems = [f"- {SIGNS['unmeasured']} {escaped(one.problem.text)}" for one in checked.models if one.problem]
    text.add_all("\n", problems)
    broken = by_severity(checked, "unmeasured", "fail", "warn")
    text.add_all(f"\n{HEADER}\n", [_row(model, verdict, checked.folder, view.raw) for model, verdict in broken])
    text.add_all("\n", list(_grown(broken)))
    rest = by_severity(checked, "skip", "ok")
    rows = [_row(model, verdict, checked.folder, view.raw) for model, verdict in rest]
    head = f"\n<details><summary>{len(rest)} passed or skipped</summary>\n\n{HEADER}\n"
    text.add_all(head, rows, "\n</details>\n")
    return text.whole


class _Text:
    """Markdown that stays below the limit: what has no room is counted."""

    def __init__(self, start: str) -> None:
        self.whole = start

    def add_all(self, head: str, lines: list[str], tail: str = "") -> None:
        if not lines:
            return
        added, shown = head, 0
        for line in lines:
            if self._size(added) + self._size(line) + self._size(tail) + 100 > MOST_BYTES - self._size(self.whole):
                break
            added += line + "\n"
            shown += 1
        if shown < len(lines):
            added += f"\nand {len(lines) - shown} more\n"
        if shown or not tail:
            self.whole += added + tail
        else:
            self.whole += f"\nand {len(lines)} more\n"

    @staticmethod
    def _size(text: str) -> int:
        return len(text.encode())


def _row(model: ModelCheck, verdict: Verdict, folder: str, raw: bool) -> str:
    shown = cells(verdict, raw)
    check = escaped(shown.check) + (f"<br>{escaped(shown.note)}" if shown.note else "")
    place = escaped(str(location(model, verdict, folder)))
    row = [SIGNS[verdict.outcome], escaped(model.name), check, shown.actual, shown.limit, shown.over_by, shown.used]
    return "| " + " | ".join([*row, place]) + " |"


def _grown(broken: list[tuple[ModelCheck, Verdict]]) -> Iterator[str]:
    """What grew in each model, worst model first, and what its policy says to do."""
    models = {model.name: model for model, _ in broken}
    for one in models.values():
        for grown in one.grown:
            yield f"- {beginning(one.name)}: grew most in {escaped(grown.metric)} since {escaped(grown.since)}"
            for layer in grown.layers[:MOST_LAYERS]:
                why = reason(layer)
                more = f" ({escaped(why)})" if why else ""
                yield f"  - {signed(layer.delta, grown.unit, raw=True)} {escaped(layer.path)}{more}"
        if one.message:
            yield f"- {beginning(one.name)}: {escaped(one.message)}"
