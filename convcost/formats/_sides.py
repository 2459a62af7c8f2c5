"""Two models side by side as cells: totals, and the layers that came, went, were renamed or cost something else."""

from __future__ import annotations

from typing import NamedTuple

from convcost.budget.difference import Change, Difference
from convcost.budget.figures import Figures
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.formats._verdicts import quantity, signed

TOTAL_TITLES = ["total", "old", "new", "change"]
TOTAL_RIGHT = [False, True, True, True]
LAYER_TITLES = ["", "layer", "kind", "MACs", "new MACs", "change", "params", "new params", "change"]
LAYER_RIGHT = [False, False, False, True, True, True, True, True, True]


def totals(difference: Difference, raw: bool) -> list[list[str]]:
    rows = []
    for name, metric in OF_MODEL.items():
        old, new = difference.old.values[name], difference.new.values[name]
        shown = _pair(old, new, name, raw)
        share = f" ({100 * (new - old) / old:+.1f} %)" if old and new != old else ""
        change = signed(new - old, metric.unit, shown.raw) + share
        rows.append([name, _least(difference.old, name) + shown.old, _least(difference.new, name) + shown.new, change])
    return rows


def layers(difference: Difference, raw: bool) -> list[list[str]]:
    """The layers that differ, in the order of the new model."""
    return [_layer(change, raw) for change in difference.changes if change.sign != "="]


def unchanged(difference: Difference) -> str:
    same = sum(change.sign == "=" for change in difference.changes)
    return f"{same} layer{'' if same == 1 else 's'} the same"


def path(change: Change) -> str:
    return f"{change.renamed_from} -> {change.path}" if change.renamed_from else change.path


def kind(change: Change) -> str:
    kinds = dict.fromkeys(layer.kind for layer in (change.old, change.new) if layer)
    return " -> ".join(kinds)


class _Shown(NamedTuple):
    """Two counts, exact (`raw`) where they differ and would be rounded to the same."""

    old: str
    new: str
    raw: bool


def _pair(old: int | None, new: int | None, name: str, raw: bool) -> _Shown:
    unit = (OF_MODEL.get(name) or OF_LAYER[name]).unit

    def shown(value: int | None, exact: bool) -> str:
        return "?" if value is None else quantity(value, unit, exact)

    raw = raw or (old != new and shown(old, False) == shown(new, False))
    return _Shown(shown(old, raw), shown(new, raw), raw)


def _layer(change: Change, raw: bool) -> list[str]:
    row = [change.sign, path(change), kind(change)]
    for name in ("macs", "params"):
        before = change.old.values[name] if change.old else None
        after = change.new.values[name] if change.new else None
        shown = _pair(before, after, name, raw)
        delta = change.delta(name)
        row.append(shown.old if change.old else "")
        row.append(shown.new if change.new else "")
        row.append("?" if delta is None else signed(delta, OF_LAYER[name].unit, shown.raw))
    return row


def _least(figures: Figures, name: str) -> str:
    return "≥ " if name in figures.at_least else ""
