"""What was measured of a model, layer by layer: the part of a report that budgets look at.

A report, or a JSON file of one, comes down to the same figures, so that either can be the base of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from convcost.budget.metrics import HANG_ON_COST, OF_MODEL
from convcost.model import Model, Shape
from convcost.report import Report, Row


class LayerFigures(msgspec.Struct, frozen=True):
    """A leaf layer. A value is None where it is not known; `settings` (its rule) is None where a file tells none."""

    path: str
    kind: str
    values: Mapping[str, int | None]
    inputs: tuple[Shape | None, ...] = ()
    settings: Any = None
    line: int | None = None
    reason: str = ""
    """Why its cost is not known."""


class Figures(msgspec.Struct, frozen=True):
    """Totals and layers. Totals in `at_least` are lower bounds, since a layer is not counted."""

    values: Mapping[str, int]
    layers: tuple[LayerFigures, ...]
    at_least: frozenset[str] = frozenset()

    @property
    def uncounted(self) -> tuple[LayerFigures, ...]:
        return tuple(layer for layer in self.layers if layer.values["macs"] is None)


def figures_of(report: Report, lines: Mapping[str, int] | None = None) -> Figures:
    """The figures of a report; `lines` are where its spec says a layer (see `lines_of`)."""
    totals = report.totals
    at_least = lower_bounds(totals.complete, totals.params_complete)
    values = {name: getattr(totals, name) for name in OF_MODEL}
    return Figures(values, tuple(_layer(row, (lines or {}).get(row.path)) for row in report.rows), at_least)


def lower_bounds(cost_complete: bool, params_complete: bool) -> frozenset[str]:
    """Which totals are lower bounds where not all costs, or not all params, are known."""
    return frozenset(name for name in OF_MODEL if not (cost_complete if name in HANG_ON_COST else params_complete))


def lines_of(model: Model) -> dict[str, int]:
    """Where a spec says each layer, by path: the line of the outermost item, which says a block's filters."""
    lines: dict[str, int] = {}
    waiting = [(model, "", None)] if any(layer.line for layer in model.layers) else []
    while waiting:
        inside, prefix, outer = waiting.pop()
        for layer in inside.layers:
            line = outer or layer.line
            if isinstance(layer.rule, Model):
                waiting.append((layer.rule, f"{prefix}{layer.name}/", line))  # type: ignore[arg-type]
            elif line is not None:
                lines[prefix + layer.name] = line
    return lines


def _layer(row: Row, line: int | None) -> LayerFigures:
    known = row.params_known
    return LayerFigures(
        path=row.path,
        kind=row.kind,
        values={
            "macs": row.cost.macs if row.cost else None,
            "flops": row.cost.flops if row.cost else None,
            "params": row.params if known else None,
            "trainable_params": row.trainable_params if known else None,
            "weight_bytes": row.weight_bytes if known else None,
            "activation_bytes": row.activation_bytes,
        },
        inputs=row.calls[0].inputs if row.calls else (),
        settings=row.layer.rule,
        line=line,
        reason=row.reason,
    )
