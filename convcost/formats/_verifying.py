"""What came of a verification: agreement in one line, or the layers that differ, ours beside theirs."""

from __future__ import annotations

from typing import Any

from convcost.formats._plain import aligned
from convcost.report import Report
from convcost.units import printable, shape
from convcost.verification import Value, Verification

MOST_SHOWN = 10


def text(verification: Verification) -> str:
    """Sentences, and a table of what differs."""
    parts = [_verdict(verification)]
    if verification.disagreements:
        parts.append(_disagreements(verification))
    if verification.explained:
        rows = [
            [printable(one.path), one.kind, f"{one.ours:,}", f"{one.theirs:,}", one.reason]
            for one in verification.explained
        ]
        titles = ["layer", "kind", "MACs", "traced", "why"]
        parts.append(
            "Counted as these layers define it, which is not what the graph multiplies:\n"
            + _table(titles, rows, [False, False, True, True, False])
        )
    if verification.uncounted:
        rows = [[printable(row.path), printable(row.kind), printable(row.reason)] for row in verification.uncounted]
        parts.append("MACs not compared, since they are not counted:\n" + _indented(aligned(rows, [False] * 3)))
    return "\n\n".join(parts) + "\n"


def as_dict(verification: Verification) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "verification": {
            "agrees": verification.agrees,
            "complete": verification.complete,
            "by": verification.by,
            "model": {"name": verification.ours.name, "source": verification.ours.source},
            "layers": len(verification.ours.rows),
            "ours": _totals(verification.ours),
            "theirs": _totals(verification.theirs),
            "disagreements": [
                {
                    "path": one.path,
                    "kind": one.kind,
                    "what": one.what,
                    "ours": _plain(one.ours),
                    "theirs": _plain(one.theirs),
                }
                for one in verification.disagreements
            ],
            "explained": [
                {"path": one.path, "kind": one.kind, "macs": one.ours, "traced_macs": one.theirs, "reason": one.reason}
                for one in verification.explained
            ],
            "uncounted_layers": [row.path for row in verification.uncounted],
        }
    }


def _totals(report: Report) -> dict[str, int]:
    totals = report.totals
    return {"macs": totals.macs, "params": totals.params, "trainable_params": totals.trainable_params}


def _verdict(verification: Verification) -> str:
    ours, by = verification.ours, printable(verification.by)
    if not verification.agrees:
        paths = {one.path for one in verification.disagreements}
        return f"not verified: {len(paths)} of {len(ours.rows)} layers differ from {by}"
    counts = f"{len(ours.rows)} layers, params {ours.totals.params:,}, MACs {ours.totals.macs:,}"
    if not verification.complete:
        return f"not verified: {counts}: what is counted is equal to {by}"
    return f"verified: {counts}: all equal to {by}"


def _disagreements(verification: Verification) -> str:
    rows = [
        [printable(one.path), printable(one.kind), one.what, _shown(one.ours), _shown(one.theirs)]
        for one in verification.disagreements[:MOST_SHOWN]
    ]
    titles = ["layer", "kind", "what", "ours", verification.by.partition(" ")[0]]
    more = len(verification.disagreements) - MOST_SHOWN
    return _table(titles, rows, [False, False, False, True, True]) + (f"\nand {more} more" if more > 0 else "")


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(shape, value))
    return f"{value:,}" if isinstance(value, int) else value


def _plain(value: Value) -> Any:
    """Shapes are per sample, as everywhere in JSON."""
    return [list(one[1:]) for one in value] if isinstance(value, tuple) else value


def _table(titles: list[str], rows: list[list[str]], right: list[bool]) -> str:
    return aligned([titles, *rows], right)


def _indented(block: str) -> str:
    return "\n".join(f"  {line}" for line in block.splitlines())
