"""The rows of a traced model: one a layer of Keras's own, one for what each other layer or model does itself.

Layers of Keras's own are leaves, whatever they hold; models and layers of other packages are looked into. What these
compute outside of the layers that they call, and weights that no such layer has, is a row `PATH/(itself)`. MACs are
those of the graph and weights those of the live variables. A leaf with a rule that multiplies the same has its rule:
its other FLOPs and its separable twin are then known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from convcost.cost import NOTHING, Cost, total
from convcost.engine.calls import Call
from convcost.engine.flow import ITSELF, Flow, bytes_in, inside, shape_of
from convcost.engine.trace import Traced
from convcost.errors import ConvcostError
from convcost.layers import find
from convcost.layers.base import Kind
from convcost.layers.passing import InputLayer
from convcost.model import FLOAT32, Layer, Policy, Unknown, Weight
from convcost.model import Call as NoCall
from convcost.report import CallShapes, Peak, Row

FRAMEWORKS = ("keras", "tf_keras")
TRACED = Unknown("no rule describes it: its MACs are those of the traced graph")


def rows_of(traced: Traced, keras: Any, tensorflow: Any) -> tuple[tuple[Row, ...], Peak]:
    """All rows of a traced model, and the peak of what is alive between them."""
    inputs = list(zip(traced.inputs.shapes, traced.graph.inputs, strict=False))
    flow = Flow(traced.graph, inputs)
    parts = _parts(traced, keras, tensorflow)
    for part in parts.values():
        part.rule = None if part.holds else _rule(part)
    for call in _leaf_calls(traced, parts, keras):
        _step(flow, call, parts[call.path], tensorflow)
    rows = list(_input_rows(traced, inputs))
    rows += [row for part in parts.values() if (row := part.row()) is not None]
    return tuple(rows), flow.peak(_tensors(traced.graph.outputs, tensorflow))


class _Part:
    """A row in the making: all calls of what is at a path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.operations: list[Any] = []
        self.calls: list[CallShapes] = []
        self.bytes = 0
        self.holds = False
        self.macs = 0
        self.reason = ""
        self.weights: tuple[Weight, ...] = ()
        self.rule: Kind | None = None

    def add(self, call: Call, tensorflow: Any) -> None:
        if not any(call.operation is one for one in self.operations):
            self.operations.append(call.operation)
        reads, _ = _reads(call, tensorflow)
        outputs = _tensors(call.outputs, tensorflow)
        self.calls.append(CallShapes(tuple(map(shape_of, reads)), tuple(map(shape_of, outputs))))
        self.bytes += sum(map(bytes_in, outputs))

    def row(self) -> Row | None:
        """The row; None where a layer or model does nothing besides calling others."""
        if self.holds and not (self.macs or self.weights or self.reason):
            return None
        first = self.operations[0]
        name = ITSELF if self.holds else str(first.name)
        path = inside(self.path) if self.holds else self.path or name
        layer = Layer(name, kind_of(first), self.rule or TRACED, (NoCall(),), policy=_policy(first))
        cost = None if self.reason else Cost(self.macs, _other(self.rule, self.calls))
        return Row(path, layer, tuple(self.calls), cost, self.weights, self.bytes, self.reason)


def _parts(traced: Traced, keras: Any, tensorflow: Any) -> dict[str, _Part]:
    """The parts by path, in the order of their first call; that of the model itself first."""
    counted, uncounted = traced.walk(strict=False)
    parts: dict[str, _Part] = {}
    shown_at: dict[str, str] = {}
    for call in traced.calls:
        leaf = _leaf(call, keras)
        shown_at[call.path] = leaf.path if leaf else call.path
        if leaf is None or leaf is call:
            parts.setdefault(call.path, _Part(call.path)).add(call, tensorflow)
            if call.around is not None:
                parts[call.around.path].holds = True
    for part in list(parts.values()):
        _add_uncalled(parts, part, keras)
    for path, macs in counted.items():
        parts[shown_at[path]].macs += macs
    for path, reason in uncounted.items():
        parts[shown_at[path]].reason = reason
    _share_weights(parts.values(), traced.model)
    return parts


def _add_uncalled(parts: dict[str, _Part], part: _Part, keras: Any) -> None:
    """Parts for the layers of a model that it does not call: their weights are params all the same."""
    for model in (one for one in part.operations if part.holds and isinstance(one, keras.Model)):
        for layer in model.layers:
            path = "/".join(filter(None, (part.path, layer.name)))
            if path not in parts and layer.weights:
                parts[path] = _Part(path)
                parts[path].operations.append(layer)


def _share_weights(parts: Iterable[_Part], model: Any) -> None:
    """Give every weight to one part: the innermost that has it, the first of those that share it."""
    trainable = {id(weight) for weight in model.trainable_weights}
    taken: set[int] = set()
    for part in sorted(parts, key=lambda part: (part.holds, -part.path.count("/"), part.path == "")):
        own = []
        for weight in (weight for one in part.operations for weight in getattr(one, "weights", ())):
            if id(weight) not in taken:
                taken.add(id(weight))
                own.append(_weight(weight, id(weight) in trainable))
        part.weights = tuple(own)


def _weight(weight: Any, trainable: bool) -> Weight:
    name = str(getattr(weight, "path", weight.name))
    return Weight(name, tuple(weight.shape), trainable, str(getattr(weight.dtype, "name", weight.dtype)))


def _leaf(call: Call, keras: Any) -> Call | None:
    """The outermost call of a layer of Keras's own that `call` is or lies in."""
    found = None
    one: Call | None = call
    while one is not None:
        package = type(one.operation).__module__.partition(".")[0]
        if package in FRAMEWORKS and not isinstance(one.operation, keras.Model):
            found = one
        one = one.around
    return found


def _leaf_calls(traced: Traced, parts: Mapping[str, _Part], keras: Any) -> Iterator[Call]:
    """The calls of what calls no other part."""
    for call in traced.calls:
        if call.path in parts and not parts[call.path].holds and _leaf(call, keras) in (call, None):
            yield call


def _step(flow: Flow, call: Call, part: _Part, tensorflow: Any) -> None:
    reads, extras = _reads(call, tensorflow)
    fusion, absorbs = (part.rule.fusion, part.rule.absorbs_padding) if part.rule else (None, False)
    flow.step(call.path, [*reads, *extras], _tensors(call.outputs, tensorflow), fusion, absorbs)


def _input_rows(traced: Traced, inputs: Iterable[tuple[str, Any]]) -> Iterator[Row]:
    if not getattr(traced.model, "inputs", None):
        return
    for name, tensor in inputs:
        shape = tuple(tensor.shape)
        layer = Layer(name, "InputLayer", InputLayer(batch_shape=shape), (NoCall(),))
        yield Row(name, layer, (CallShapes((), (shape,)),), NOTHING, activation_bytes=bytes_in(tensor))


def kind_of(operation: Any) -> str:
    """The class of a layer or operation, as reports show it."""
    kind = type(operation)
    return f"ops.{kind.__name__}" if kind.__module__.startswith("keras.src.ops") else kind.__name__


def _rule(part: _Part) -> Kind | None:
    """The rule of a layer of Keras's own, if it multiplies what the graph does."""
    operation = part.operations[0]
    package = type(operation).__module__.partition(".")[0]
    if part.reason or package not in FRAMEWORKS or kind_of(operation).startswith("ops."):
        return None
    kind = find(type(operation).__name__)
    if kind is None or kind.inner:
        return None
    try:
        rule = msgspec.convert(operation.get_config(), kind)
        costs = [rule.cost(*call.inputs) for call in part.calls]  # type: ignore[arg-type]
    except (msgspec.ValidationError, ConvcostError, TypeError, IndexError, ValueError):
        return None  # settings or inputs that the rule does not know: the graph alone tells
    return rule if total(costs).macs == part.macs else None


def _other(rule: Kind | None, calls: Iterable[CallShapes]) -> Mapping[str, int]:
    return total(rule.cost(*call.inputs) for call in calls).other if rule else {}  # type: ignore[arg-type]


def _policy(operation: Any) -> Policy:
    if not hasattr(operation, "compute_dtype"):
        return FLOAT32
    return Policy(str(operation.variable_dtype), str(operation.compute_dtype))


def _reads(call: Call, tensorflow: Any) -> tuple[list[Any], list[Any]]:
    """The tensors that a call computes on, and those that it only reads (masks, states)."""
    kind = find(type(call.operation).__name__)
    named = kind.arguments if kind else ()
    reads = _tensors(call.args, tensorflow)
    extras: list[Any] = []
    for name in sorted(call.kwargs, key=lambda name: named.index(name) if name in named else -1):
        tensors = _tensors(call.kwargs[name], tensorflow)
        (reads if name in (*named, "inputs", "x") else extras).extend(tensors)
    return reads, extras


def _tensors(structure: Any, tensorflow: Any) -> list[Any]:
    """The graph's tensors in a structure of arguments or results."""
    return [one for one in tensorflow.nest.flatten(structure) if tensorflow.is_symbolic_tensor(one)]
