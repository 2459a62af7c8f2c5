"""Where a model's MACs, params and bytes sit: an icicle of its nested models and layers, into which a click zooms.

The left strip is the model, or the block that is looked into; to its right is what it holds, top to bottom in the order
of execution, each as high as its share.
"""

from __future__ import annotations

from typing import Any

from convcost import units
from convcost.charts.base import FONT, GROUP, INK, ON_COLOR, SURFACE, WIDTH, Chart, style
from convcost.charts.nodes import GROUPS, METRICS, nodes_of
from convcost.report import Report

STRIP = 26
"""Pixels of the strip on the left."""
LOWEST, TALLEST, LEVEL = 220, 660, 18
"""Pixels of the whole, and what each layer with MACs adds."""
LEAST_LABEL = 13
"""Pixels of height that a label takes."""

IN_FOCUS, WIDE = "datum.id === focus", "datum.x2 - datum.x > 150"
HIGH = f"(datum.y2 - datum.y >= {LEAST_LABEL})"
SHARE = "format(100 * datum.share, '.1f') + ' %'"
TEXT = {
    "font": {"value": FONT},
    "fontSize": {"value": 11},
    "fill": [{"test": "datum.leaf", "value": ON_COLOR}, {"value": INK}],
    "baseline": {"value": "middle"},
}
"""Of a mark: what all labels look like."""


def chart(report: Report) -> Chart | None:
    """None where no layer has anything to show."""
    nodes = nodes_of(report)
    metrics = {key: label for key, label in METRICS.items() if any(node[key] for node in nodes if node["leaf"])}
    if not metrics:
        return None
    labels = metrics | ({"macs": report.figures[0]} if "macs" in metrics else {})
    working = sum(bool(node["leaf"] and node["macs"]) for node in nodes)
    height = min(TALLEST, max(LOWEST, LEVEL * working))
    text = _text(report, nodes)
    return Chart("icicle", "Where the cost sits", text, _spec(text, nodes, labels, height), height)


def _text(report: Report, nodes: list[dict[str, Any]]) -> str:
    """The largest parts in words: blocks where there are some, else layers, and what each kind of layer takes."""
    whole, figure = report.totals.macs, report.figures[0]
    leaves = [node for node in nodes if node["leaf"]]
    blocks = [node for node in nodes if node["depth"] == 1]
    if not whole:
        return f"{len(leaves)} layers, none of which has {figure}."
    largest = sorted(blocks, key=lambda node: -node["macs"])[:3]
    told = ", ".join(f"{node['name']} ({units.percent(node['macs'], whole)})" for node in largest if node["macs"])
    shares = {key: sum(node["macs"] for node in leaves if node["group"] == key) for key in GROUPS}
    kinds = "; ".join(f"{units.percent(macs, whole)} {GROUPS[key][0]}" for key, macs in shares.items() if macs)
    return f"Largest in {figure}: {told}. By kind of layer: {kinds}."


def _spec(text: str, nodes: list[dict[str, Any]], metrics: dict[str, str], height: int) -> dict[str, Any]:
    groups = {key: GROUPS[key] for key in GROUPS if any(node["group"] == key for node in nodes)}
    deepest = max(node["depth"] for node in nodes)
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "description": text,
        "height": height,
        "padding": 0,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": style(),
        "signals": _signals(nodes, metrics, deepest),
        "data": _data(nodes),
        "scales": [
            {
                "name": "group",
                "type": "ordinal",
                "domain": [label for label, _ in groups.values()],
                "range": [color for _, color in groups.values()],
            },
            {"name": "color", "type": "ordinal", "domain": list(groups), "range": [c for _, c in groups.values()]},
        ],
        "legends": [{"fill": "group", "orient": "top"}],
        "marks": _marks(metrics),
    }


def _signals(nodes: list[dict[str, Any]], metrics: dict[str, str], deepest: int) -> list[dict[str, Any]]:
    """`metric`: what heights tell; `focus`: the block that is looked into. Both have a control of their own."""
    here = "containerSize()[0]"
    blocks = [node for node in nodes if not node["leaf"]]
    focus: dict[str, Any] = {
        "name": "focus",
        "value": 0,
        "on": [
            {"events": "@cells:click", "update": "datum.leaf ? focus : datum.id === focus ? datum.up : datum.id"},
            {"events": "@names:click", "update": "datum.leaf ? focus : datum.id === focus ? datum.up : datum.id"},
        ],
    }
    if len(blocks) > 1:
        names = ["whole model", *(node["path"] for node in blocks[1:])]
        focus["bind"] = {
            "input": "select", "options": [node["id"] for node in blocks], "labels": names, "name": "Look into "
        }  # fmt: skip
    shown = {"input": "radio", "options": list(metrics), "labels": list(metrics.values()), "name": "Show "}
    metric: dict[str, Any] = {"name": "metric", "value": next(iter(metrics))}
    return [
        {
            "name": "width",
            "init": f"isFinite({here}) ? {here} : {WIDTH}",
            "on": [{"events": "window:resize", "update": f"isFinite({here}) ? {here} : width"}],
        },
        {**metric, "bind": shown} if len(metrics) > 1 else metric,
        focus,
        {"name": "levels", "value": deepest},
    ]


def _data(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shares from 0 to 1 over the whole model, then what of it is in focus, in pixels."""
    within = "datum.depth >= datum.f.depth && datum.bottom > datum.f.top && datum.top < datum.f.bottom"
    column = f"(width - {STRIP}) / max(1, levels - datum.f.depth)"
    left = f"datum.id === focus ? 0 : {STRIP} + (datum.depth - datum.f.depth - 1) * {column}"
    right = f"datum.id === focus ? {STRIP} : datum.leaf ? width : datum.x + {column}"
    scale = "height / (datum.f.bottom - datum.f.top)"
    formulas = {
        "up": "max(0, datum.parent)",
        "share": "datum.bottom - datum.top",
        "x": left,
        "x2": right,
        "y": f"(datum.top - datum.f.top) * {scale}",
        "y2": f"(datum.bottom - datum.f.top) * {scale}",
    }
    return [
        {
            "name": "nodes",
            "values": nodes,
            "transform": [
                {"type": "formula", "as": "value", "expr": "datum.leaf ? datum[metric] : 0"},
                {"type": "stratify", "key": "id", "parentKey": "parent"},
                {
                    "type": "partition",
                    "field": "value",
                    "size": [1, 1],
                    "as": ["top", "left", "bottom", "right", "depth", "children"],
                },
                {"type": "formula", "as": "one", "expr": "1"},
            ],
        },
        {"name": "focused", "source": "nodes", "transform": [{"type": "filter", "expr": "datum.id === focus"}]},
        {
            "name": "inside",
            "source": "nodes",
            "transform": [
                {"type": "lookup", "from": "focused", "key": "one", "fields": ["one"], "as": ["f"]},
                {"type": "filter", "expr": f"datum.f && datum.bottom > datum.top && {within}"},
                *({"type": "formula", "as": name, "expr": expr} for name, expr in formulas.items()),
            ],
        },
    ]


def _marks(metrics: dict[str, str]) -> list[dict[str, Any]]:
    """Cells, and on those that are high enough names and shares."""
    told = ", ".join(f"{_quoted(label)}: datum.{key}_shown" for key, label in metrics.items())
    pointed = {
        "cursor": {"signal": "datum.leaf ? 'default' : 'pointer'"},
        "tooltip": {"signal": f"{{title: datum.path, kind: datum.kind, share: {SHARE}, {told}}}"},
    }
    return [_cells(pointed), _names(pointed), _shares()]


def _cells(pointed: dict[str, Any]) -> dict[str, Any]:
    look = {
        **{side: {"field": side} for side in ("x", "x2", "y", "y2")},
        "fill": [{"test": "!datum.leaf", "value": GROUP}, {"scale": "color", "field": "group"}],
        "stroke": {"value": SURFACE},
        "strokeWidth": {"signal": "datum.y2 - datum.y > 3 ? 1 : 0.25"},
        "fillOpacity": {"value": 1},
        "description": {"signal": f"datum.path + ', ' + datum.kind + ', ' + {SHARE}"},
        **pointed,
    }
    encode = {"update": look, "hover": {"fillOpacity": {"value": 0.8}}}
    return {"type": "rect", "name": "cells", "from": {"data": "inside"}, "encode": encode}


def _names(pointed: dict[str, Any]) -> dict[str, Any]:
    """Beside shares where there is room for both, and upright on the strip."""
    look = {
        **TEXT,
        "x": {"signal": f"{IN_FOCUS} ? {STRIP / 2} : datum.x + 6"},
        "y": {"signal": f"{IN_FOCUS} ? height / 2 : (datum.y + datum.y2) / 2"},
        "angle": {"signal": f"{IN_FOCUS} ? -90 : 0"},
        "align": {"signal": f"{IN_FOCUS} ? 'center' : 'left'"},
        "limit": {"signal": f"{IN_FOCUS} ? height - 12 : datum.x2 - datum.x - ({WIDE} ? 64 : 12)"},
        "text": {"signal": f"{IN_FOCUS} || {HIGH} ? datum.name : ''"},
        **pointed,
    }
    return {"type": "text", "name": "names", "from": {"data": "inside"}, "aria": False, "encode": {"update": look}}


def _shares() -> dict[str, Any]:
    look = {
        **TEXT,
        "x": {"signal": "datum.x2 - 6"},
        "y": {"signal": "(datum.y + datum.y2) / 2"},
        "align": {"value": "right"},
        "text": {"signal": f"!({IN_FOCUS}) && {HIGH} && {WIDE} ? {SHARE} : ''"},
    }
    return {"type": "text", "from": {"data": "inside"}, "interactive": False, "aria": False, "encode": {"update": look}}


def _quoted(text: str) -> str:
    """A label as a key in an expression."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
