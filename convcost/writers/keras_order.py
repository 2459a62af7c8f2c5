"""The order of a Functional model's layers. Keras sorts them anew whenever it makes a model of a config, and counts the
groups of a weights file in that order.

It sorts by depth, which is how many layers at most lie between a layer and an output, the deepest first; equal ones in
the order in which a walk back from the outputs meets them (keras.src.ops.function.map_graph).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Json = dict[str, Any]
Node = tuple[str, int]
"""A call of a layer: its name, and which call it is."""


def in_keras_order(entries: Sequence[Json], output_layers: Any) -> list[Json]:
    """The entries of a Functional config (Keras 3) in Keras's order."""
    by_name = {entry["name"]: entry for entry in entries}
    functional = {name for name, entry in by_name.items() if "input_layers" in entry["config"]}
    reads = {
        (name, place): list(_tensors([node.get("args"), node.get("kwargs")]))
        for name, entry in by_name.items()
        for place, node in enumerate(entry.get("inbound_nodes") or ())
    }
    ends = [(name, call - (name in functional)) for name, call in _ends(output_layers)]
    met, finished = _walked(ends, reads)
    depths = _depths(finished, reads)
    # An input on which no output hangs comes before all others of depth 0.
    return sorted(entries, key=lambda entry: (-depths.get(entry["name"], 0), met.get(entry["name"], -1)))


def _walked(ends: Sequence[Node], reads: dict[Node, list[Node]]) -> tuple[dict[str, int], list[Node]]:
    """When a walk back from the outputs first meets each layer, and all calls, each after what it reads."""
    met: dict[str, int] = {}
    finished: dict[Node, None] = {}
    for end in ends:
        path = [(end, iter(reads.get(end, ())))] if end not in finished else []
        met.setdefault(end[0], len(met))
        while path:
            node, left = path[-1]
            following = next((one for one in left if one not in finished), None)
            if following is None:
                finished[node] = None
                path.pop()
                continue
            met.setdefault(following[0], len(met))
            path.append((following, iter(reads.get(following, ()))))
    return met, list(finished)


def _depths(finished: Sequence[Node], reads: dict[Node, list[Node]]) -> dict[str, int]:
    """The depth of each layer: that of its deepest call, as far as Keras knows it when it comes to a call."""
    of_layer: dict[str, int] = {}
    of_node: dict[Node, int] = {}
    for node in reversed(finished):
        depth = of_layer[node[0]] = max(of_node.get(node, 0), of_layer.get(node[0], 0))
        for source in reads.get(node, ()):
            of_node[source] = max(depth + 1, of_node.get(source, 0))
    return of_layer


def _tensors(value: Any) -> Iterator[Node]:
    """The calls whose tensors are in an argument, dicts by sorted key as Keras flattens them."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, call, _ = value["config"]["keras_history"]
            yield name, call
        else:
            for key in sorted(value):
                yield from _tensors(value[key])
    elif isinstance(value, list):
        for one in value:
            yield from _tensors(one)


def _ends(value: Any) -> Iterator[Node]:
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        yield value[0], value[1]
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _ends(value[key])
    elif isinstance(value, list):
        for one in value:
            yield from _ends(one)
