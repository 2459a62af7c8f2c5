"""Walk a TensorFlow graph and the functions that it calls, and count what every layer contracts.

The graph is the one that Keras traced: no optimizer has folded anything away. Only what the outputs need counts: a
recurrent layer runs a first step outside of its loop just to learn a shape, and nobody reads the result. Of the
branches of an `If` or `Case`, the dearest counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from convcost.engine.contractions import macs
from convcost.engine.loops import trip_count
from convcost.errors import MeasureError

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
LOOPS = ("While", "StatelessWhile")
BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")

READ_SHAPE_ONLY = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
"""Operations that ask their input for its shape, and so do not need it computed."""

OPAQUE = frozenset(
    {"XlaCallModule", "PyFunc", "PyFuncStateless", "EagerPyFunc"}
    | {"XlaConv", "XlaConvV2", "XlaDot", "XlaDotV2", "XlaCustomCall", "XlaCustomCallV2"}
)
"""Operations that may contract in ways that the graph does not show."""


class Walk:
    """What the operations of a graph contract, by layer.

    `paths` names the layer of each name scope that stands for one call of it; `static_value` is `tf.get_static_value`.
    `uncounted` says of each layer with an operation that is not counted why: the graph does not show what it does; or,
    unless the walk is `strict` and raises, the graph leaves open what a count needs.
    """

    def __init__(self, paths: Mapping[str, str], static_value: Any, strict: bool = True) -> None:
        self.paths = paths
        self.static_value = static_value
        self.strict = strict
        self.uncounted: dict[str, str] = {}

    def graph(self, graph: Any, caller: str = "") -> Counter[str]:
        """MACs of one run of `graph`, by layer path. `caller`: the layer that called it, for operations of no other."""
        total: Counter[str] = Counter()
        for operation in needed(graph):
            path = self.layer(operation.name, caller)
            try:
                total.update(self.operation(operation, path))
            except MeasureError as error:
                if self.strict:
                    raise
                self.uncounted[path] = str(error)
        return total

    def operation(self, operation: Any, path: str) -> Mapping[str, int]:
        """MACs of one run of `operation` of the layer at `path`, functions that it calls included."""
        if operation.type in CALLS:
            return self.graph(self.body(operation, operation.get_attr("f").name), path)
        if operation.type in LOOPS:
            body = self.body(operation, operation.get_attr("body").name)
            condition = self.body(operation, operation.get_attr("cond").name)
            trips = trip_count(operation, condition, body, self.static_value)
            return {inner: count * trips for inner, count in self.graph(body, path).items()}
        if operation.type in BRANCHES:
            sides = [self.graph(self.body(operation, name), path) for name in branches(operation)]
            return max(sides, key=lambda side: sum(side.values()))
        if operation.type in OPAQUE or calls_a_function(operation):
            self.uncounted[path] = f"the graph does not show what its operation {operation.type} does"
            return {}
        count = macs(operation)
        return {path: count} if count else {}

    def body(self, operation: Any, name: str) -> Any:
        """The graph of the function of this name, which `operation` calls: its `inputs` and `outputs`."""
        # TensorFlow has no public way from a call to the traced graph of what it calls, shapes included.
        function = operation.graph._get_function(name)
        if not hasattr(function, "graph"):  # a function of TensorFlow 1
            raise MeasureError(f"{operation.type} {operation.name!r}: the graph of what it calls is not kept")
        return function.graph

    def layer(self, name: str, caller: str) -> str:
        """The layer of the innermost scope of an operation's name."""
        return next((self.paths[scope] for scope in reversed(name.split("/")) if scope in self.paths), caller)


def needed(graph: Any) -> Iterator[Any]:
    """Every operation whose result reaches an output of `graph`."""
    waiting = [tensor.op for tensor in graph.outputs]
    seen = set()
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        yield operation
        if operation.type not in READ_SHAPE_ONLY:
            waiting.extend(tensor.op for tensor in operation.inputs)


def branches(operation: Any) -> list[str]:
    """The names of the functions of which an `If` or `Case` runs one."""
    if operation.type in ("Case", "StatelessCase"):
        return [branch.name for branch in operation.get_attr("branches")]
    return [operation.get_attr(side).name for side in ("then_branch", "else_branch")]


def calls_a_function(operation: Any) -> bool:
    """Whether `operation` is given a function, in whatever way it runs it."""
    return any(value.WhichOneof("value") == "func" for value in operation.node_def.attr.values())
