"""A sweep as rows of cells, plain data, and a picture of two metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.sweeping.axes import typed
from convcost.sweeping.evaluation import TITLES
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.sweeping.sweep import Configuration, Sweep
    from convcost.table import View

LESS_NEEDED = ("weights", "FLOPs", "separable MACs", "peak activations")
MOST_ROWS = 1000
"""Of a table for people. The other formats have all."""
MOST_REASONS = 8


def rows(sweep: Sweep, view: View, most: int | None = None) -> list[Configuration]:
    """The configurations that the view asks for."""
    from convcost.sweeping.sweep import objective, shown

    sort = objective(view.sort, sweep.axes, "--sort") if view.sort else None
    found = shown(sweep, sort, view.top, view.front)
    return found if view.top is not None or most is None else found[:most]


def titles(sweep: Sweep) -> list[str]:
    return [
        *(printable(axis.title) for axis in sweep.axes),
        *(TITLES[metric] for metric in sweep.metrics),
        *_marks(sweep),
    ]


def right(sweep: Sweep) -> list[bool]:
    words = [not all(isinstance(value, int | float) for value in axis.values) for axis in sweep.axes]
    return [*(not word for word in words), *[True] * len(sweep.metrics), *[False] * len(_marks(sweep))]


def _marks(sweep: Sweep) -> list[str]:
    return ["front"] if sweep.objectives else []


def cells(sweep: Sweep, shown: Sequence[Configuration], view: View) -> list[list[str]]:
    return [
        [
            *(typed(one) for one in row.values),
            *(_figure(metric, row, view.raw) for metric in sweep.metrics),
            *(["●" if row.on_front else ""] if sweep.objectives else []),
        ]
        for row in shown
    ]


def _figure(metric: str, row: Configuration, raw: bool) -> str:
    figure = getattr(row, metric)
    if figure is None:
        return "—"
    text = (units.size if metric.endswith("_bytes") else units.count)(figure, raw)
    return text if row.complete or metric in ("params", "weight_bytes") else f"≥ {text}"


def summary(sweep: Sweep, shown: Sequence[Configuration]) -> str:
    """How many configurations there are, and how they were costed."""
    invalid = sum(not one.valid for one in sweep.configurations)
    parts = [_counted(sweep.count, "configuration"), _counted(sweep.structures, "structure")]
    if sweep.limits:
        parts.append(f"{len(sweep.configurations):,} within {', '.join(sweep.limits)}")
    if invalid:
        parts.append(f"{invalid:,} not valid")
    if sweep.objectives:
        parts.append(f"{sum(one.on_front for one in sweep.configurations):,} on the front")
    if len(shown) < len(sweep.configurations):
        parts.append(f"{len(shown):,} shown")
    return " · ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def reasons(sweep: Sweep) -> list[list[str]]:
    """Why configurations are not valid: how many, and one of them."""
    counted = Counter(one.reason for one in sweep.configurations if not one.valid)
    told = [[f"{number:,}", printable(reason)] for reason, number in counted.most_common(MOST_REASONS)]
    if len(counted) > MOST_REASONS:
        rest = sum(number for _, number in counted.most_common()[MOST_REASONS:])
        told.append([f"{rest:,}", f"for {len(counted) - MOST_REASONS:,} more reasons"])
    return told


def header(sweep: Sweep) -> list[str]:
    return [*(axis.title for axis in sweep.axes), *sweep.metrics, "complete", *_marks(sweep), "reason"]


def raw(sweep: Sweep, shown: Sequence[Configuration]) -> Iterator[list[Any]]:
    """A row for each configuration: see `header`."""
    for row in shown:
        values = [typed(one) if isinstance(one, tuple) else one for one in row.values]
        figures = [getattr(row, metric) for metric in sweep.metrics]
        front = [row.on_front] if sweep.objectives else []
        yield [*values, *figures, row.complete if row.valid else None, *front, row.reason]


def as_dict(sweep: Sweep, shown: Sequence[Configuration]) -> dict[str, Any]:
    return {
        "axes": [{"of": axis.of, "name": axis.name, "values": list(axis.values)} for axis in sweep.axes],
        "count": sweep.count,
        "structures": sweep.structures,
        "limits": dict(sweep.limits),
        "pareto": [{"name": one.name, "better": one.better} for one in sweep.objectives] or None,
        "configurations": [
            {
                "values": {axis.title: one for axis, one in zip(sweep.axes, row.values, strict=True)},
                "totals": {metric: getattr(row, metric) for metric in sweep.metrics} if row.valid else None,
                "complete": row.complete if row.valid else None,
                "front": row.on_front if sweep.objectives else None,
                "reason": row.reason or None,
            }
            for row in shown
        ],
    }


def picture(sweep: Sweep, view: View) -> str:
    """The two metrics of the front: all configurations, those on the front as discs."""
    from convcost.formats._scatter import scatter

    across, up = (one.name for one in sweep.objectives)
    valid = [row for row in sweep.configurations if row.valid and row.complete]
    points = [(sweep.figure(across, row), sweep.figure(up, row), row.on_front) for row in valid]
    if not points:
        return ""
    return scatter(points, (_axis(across, view), _axis(up, view)), view.width)


def _axis(name: str, view: View) -> Any:
    """The title of a metric, and how its figures are shown."""
    if name.endswith("_bytes"):
        return TITLES[name], units.size
    return TITLES.get(name, printable(name)), units.count if name in TITLES else typed
