"""The model, the nested models and blocks in it, and its layers: what an icicle shows, as plain data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from convcost import units
from convcost.charts.base import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW
from convcost.charts.blocks import Block, blocks, rest
from convcost.naming import snake_case
from convcost.report import Report
from convcost.separability import judged
from convcost.table import Line, View, lines
from convcost.units import printable

EVERY_LEVEL = 1_000_000

GROUPS = {
    "convertible": ("convolution, cheaper as separable", ORANGE),
    "pointwise": ("pointwise convolution", BLUE),
    "already_separable": ("depthwise or separable", GREEN),
    "convolution": ("other convolution", PURPLE),
    "contraction": ("dense, attention, recurrent", YELLOW),
    "none": ("no MACs", GREY),
    "unknown": ("not counted", RED),
}
"""What a layer is to the separable what-if: label and colour."""

METRICS = {"macs": "MACs", "params": "params", "weight_bytes": "weights", "activation_bytes": "activations"}


Node = dict[str, Any]


class _Branch(msgspec.Struct):
    """A layer, or a nested model and what it holds."""

    line: Line
    inside: list[_Branch]


def nodes_of(report: Report) -> list[Node]:
    """Each node above what it holds, in the order of execution."""
    totals = report.totals
    name = printable(report.name)
    activations = sum(row.activation_bytes for row in report.rows)
    found: list[Node] = []
    root = _node(found, None, name, name, (totals.macs, totals.params, totals.weight_bytes, activations))
    root |= {"kind": f"{len(report.rows)} layers", "leaf": False, **dict.fromkeys(METRICS, 0)}
    _add_level(found, root, _branches(report))
    return found


def _branches(report: Report) -> list[_Branch]:
    """What a model holds."""
    levels: list[list[_Branch]] = [[]]
    for line in lines(judged(report), View(depth=EVERY_LEVEL)):
        del levels[line.indent + 1 :]
        branch = _Branch(line, [])
        levels[-1].append(branch)
        levels.append(branch.inside)
    return levels[0]


def _add_level(found: list[Node], parent: Node, level: Sequence[_Branch]) -> None:
    """What a model holds, in the blocks that the names tell."""
    unnamed = {place for place, branch in enumerate(level) if is_unnamed(branch.line.name, branch.line.kind)}
    _add(found, parent, level, blocks([branch.line.name for branch in level], unnamed), "")


def _add(found: list[Node], parent: Node, level: Sequence[_Branch], items: Sequence[int | Block], known: str) -> None:
    """`known`: the beginning of names that `parent` tells."""
    for item in items:
        if isinstance(item, Block):
            _add(found, _add_block(found, parent, level, item, known), level, item.items, item.beginning)
            continue
        line = level[item].line
        node = _node(found, parent, printable(rest(line.name, known)), printable(line.path), _counts(line))
        node |= {"kind": printable(line.kind.strip("()")), "leaf": not line.layers}
        node["group"] = "" if line.layers else _group(line)
        _add_level(found, node, level[item].inside)


def _add_block(found: list[Node], parent: Node, level: Sequence[_Branch], block: Block, known: str) -> Node:
    held = [level[place].line for place in block.places()]
    counts = tuple(sum(counts) for counts in zip(*map(_counts, held), strict=True))
    around = held[0].path.removesuffix(held[0].name)
    name, path = printable(rest(block.beginning, known)), printable(around + block.beginning)
    node = _node(found, parent, f"{name}…", f"{path}…", counts)
    node |= {"kind": f"{sum(line.layers or 1 for line in held)} layers", "leaf": False}
    return node


def _node(found: list[Node], parent: Node | None, name: str, path: str, counts: Sequence[int]) -> Node:
    """Counts as figures, and as people read them."""
    shown = [
        (units.size if metric.endswith("_bytes") else units.count)(count)
        for metric, count in zip(METRICS, counts, strict=True)
    ]
    node = {
        "id": len(found),
        "parent": parent and parent["id"],
        "name": name,
        "path": path,
        "kind": "",
        "group": "",
        "leaf": True,
        "depth": parent["depth"] + 1 if parent else 0,
        **dict(zip(METRICS, counts, strict=True)),
        **{f"{metric}_shown": text for metric, text in zip(METRICS, shown, strict=True)},
    }
    found.append(node)
    return node


def _counts(line: Line) -> tuple[int, ...]:
    return line.macs, line.params, line.weight_bytes, line.activation_bytes


def is_unnamed(name: str, kind: str) -> bool:
    """Whether Keras made the name up: `re_lu_3` of a ReLU."""
    base = snake_case(kind.partition(" ")[0])  # without how often it is called
    return re.fullmatch(re.escape(base) + r"(_\d+)?", name) is not None


def _group(line: Line) -> str:
    if not line.complete:
        return "unknown"
    if line.separable:
        verdict = line.separable.verdict
        return verdict if verdict in GROUPS else "convolution"
    return "contraction" if line.macs else "none"
