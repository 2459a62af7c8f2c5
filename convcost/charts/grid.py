"""The configurations of a sweep by the two metrics of its front: those on it, and all that they beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.charts.base import BLUE, COUNTS, GREY, Chart, legend, scale_of_bytes, vega_lite
from convcost.sweeping.axes import typed
from convcost.sweeping.evaluation import TITLES
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.sweeping.sweep import Configuration, Sweep

HEIGHT = 360
MOST_OTHERS = 2000
"""Points that a page draws at once; of more, every second, third and so on is shown. The front is always whole."""
ON_FRONT, OTHER = ("on the front", BLUE), ("other configurations", GREY)


def chart(sweep: Sweep) -> Chart | None:
    """None where no front was asked for, or nothing is on it."""
    if not sweep.objectives:
        return None
    front = [one for one in sweep.configurations if one.on_front]
    others = [one for one in sweep.configurations if one.valid and one.complete and not one.on_front]
    if not front:
        return None
    step = -(-len(others) // MOST_OTHERS) or 1
    text = _text(sweep, front, len(front) + len(others))
    if step > 1:
        text += f" The picture has 1 in {step} of those that are not on it."
    shown = [_point(sweep, one) for one in [*others[::step], *front]]
    groups = [OTHER, ON_FRONT] if others else [ON_FRONT]
    x, y = (_axis(sweep, place, shown) for place in (0, 1))
    tooltip = [{"field": "told", "title": "configuration"}, {"field": "figures", "title": " "}]
    layers = [
        {
            "data": {"values": shown[-len(front) :]},
            # Vega-Lite would describe the line in an expression, in which it does not quote titles: they may be names.
            "mark": {"type": "line", "color": BLUE, "aria": False},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": shown},
            "mark": {"type": "circle", "opacity": 1, "size": 60},
            "encoding": {
                "x": x,
                "y": y,
                "color": {"field": "group", "scale": legend(groups), "title": None},
                "tooltip": tooltip,
                "description": {"field": "description"},
            },
        },
    ]
    titles = " and ".join(_title(one.name) for one in sweep.objectives)
    return Chart("pareto", f"Pareto front: {titles}", text, vega_lite(text, HEIGHT, layer=layers), HEIGHT)


def _text(sweep: Sweep, front: Sequence[Configuration], count: int) -> str:
    better = " and ".join(
        f"{'more' if one.better == 'max' else 'fewer' if one.name in TITLES else 'less'} {_title(one.name)}"
        for one in sweep.objectives
    )
    first = sweep.objectives[0].name
    ordered = sorted(front, key=lambda one: float(sweep.figure(first, one)))
    ends = " to ".join(_figures(sweep, one) for one in dict.fromkeys((ordered[0], ordered[-1])))
    verb = "is" if len(front) == 1 else "are"
    return f"{len(front):,} of {count:,} configurations {verb} on the front of {better}: {ends}."


def _point(sweep: Sweep, one: Configuration) -> dict[str, Any]:
    across, up = (sweep.figure(objective.name, one) for objective in sweep.objectives)
    told = ", ".join(
        f"{printable(axis.title)} {typed(value)}" for axis, value in zip(sweep.axes, one.values, strict=True)
    )
    group, figures = (ON_FRONT if one.on_front else OTHER)[0], _figures(sweep, one)
    return {
        "across": across,
        "up": up,
        "group": group,
        "told": told,
        "figures": figures,
        "description": f"{told}: {figures}, {group}",
    }


def _figures(sweep: Sweep, one: Configuration) -> str:
    return ", ".join(_shown(objective.name, sweep.figure(objective.name, one)) for objective in sweep.objectives)


def _shown(name: str, figure: Any) -> str:
    if name.endswith("_bytes"):
        return f"{units.size(figure)} of {TITLES[name]}"
    return f"{units.count(figure)} {TITLES[name]}" if name in TITLES else f"{printable(name)} {typed(figure)}"


def _title(name: str) -> str:
    return TITLES.get(name, printable(name))


def _axis(sweep: Sweep, place: int, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Along one metric; bytes are divided by what they are told in."""
    name, key = sweep.objectives[place].name, ("across", "up")[place]
    title, axis = _title(name), COUNTS if name in TITLES else {"tickCount": 6}
    if name.endswith("_bytes"):
        divisor, unit = scale_of_bytes(max(point[key] for point in points))
        title, axis = f"{title} ({unit})", {"tickCount": 6}
        for point in points:
            point[key] /= divisor
    return {"field": key, "type": "quantitative", "title": title, "scale": {"zero": False}, "axis": axis}
