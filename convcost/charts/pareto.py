"""The Pareto front of a plan: the least loss at each limit of MACs, and the plan itself on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost import units
from convcost.charts.base import BLUE, COUNTS, INK, ORANGE, RED, Chart, vega_lite

if TYPE_CHECKING:
    from convcost.planning.planner import Plan, Planning

HEIGHT = 300


def chart(planning: Planning) -> Chart | None:
    """None where the front was not asked for."""
    front = planning.front
    if not front:
        return None
    cheapest = min(front, key=lambda point: point.macs)
    whole = planning.report.totals.macs
    text = (
        f"{len(front)} points from {units.count(whole)} MACs down to {units.count(cheapest.macs)}"
        f" ({units.percent(cheapest.macs, whole)}), where the loss is {cheapest.loss:.4f}."
    )
    values = [_point(one.macs, one.loss, f"{one.replaced} layers replaced") for one in front]
    where: dict[str, Any] = {
        "x": {"field": "macs", "type": "quantitative", "title": "MACs", "scale": {"zero": False}, "axis": COUNTS},
        "y": {"field": "loss", "type": "quantitative", "title": "loss"},
    }
    tooltip = [{"field": "shown", "title": "MACs"}, {"field": "loss", "format": ".4f"}, {"field": "note", "title": " "}]
    data = {"values": values}
    layers: list[dict[str, Any]] = [
        {"data": data, "mark": {"type": "line", "color": BLUE}, "encoding": where},
        {
            "data": data,
            "mark": {"type": "circle", "color": BLUE, "size": 70, "opacity": 1},
            "encoding": {**where, "tooltip": tooltip, "description": {"field": "told"}},
        },
    ]
    if planning.plan is not None:
        text += f" The plan: {units.count(planning.plan.totals.macs)} MACs, loss {planning.plan.loss:.4f}."
        layers += _plan(planning.plan, where, tooltip)
    if (limit := planning.limits.get("macs")) is not None:
        layers += _limit(limit, where["x"])
    return Chart("pareto", "Pareto front: MACs and loss", text, vega_lite(text, HEIGHT, layer=layers), HEIGHT)


def _point(macs: int, loss: float, note: str) -> dict[str, Any]:
    told = f"{units.count(macs)} MACs, loss {loss:.4f}, {note}"
    return {"macs": macs, "loss": loss, "shown": units.count(macs), "note": note, "told": told}


def _plan(plan: Plan, where: dict[str, Any], tooltip: list[dict[str, Any]]) -> list[dict[str, Any]]:
    data = {"values": [_point(plan.totals.macs, plan.loss, "the plan")]}
    mark = {"type": "point", "shape": "diamond", "filled": True, "size": 190, "color": ORANGE, "opacity": 1}
    said = {"type": "text", "align": "left", "dx": 11, "dy": -8, "color": INK, "fontWeight": 600, "fontSize": 12}
    return [
        {"data": data, "mark": mark, "encoding": {**where, "tooltip": tooltip, "description": {"field": "told"}}},
        {"data": data, "mark": said, "encoding": {**where, "text": {"field": "note"}}},
    ]


def _limit(limit: int, x: dict[str, Any]) -> list[dict[str, Any]]:
    data = {"values": [{"macs": limit, "label": f"limit {units.count(limit)}"}]}
    said = {"type": "text", "align": "left", "dx": 5, "y": 8, "color": RED, "fontSize": 12}
    return [
        {"data": data, "mark": {"type": "rule", "color": RED, "strokeDash": [6, 4]}, "encoding": {"x": x}},
        {"data": data, "mark": said, "encoding": {"x": x, "text": {"field": "label"}}},
    ]
