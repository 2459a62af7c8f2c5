"""The JSON graph that Keras saves (config.json, `model.to_json()`) -> Model. Nothing that it names is imported.

Keras 3 writes a call as {"args", "kwargs"} with `__keras_tensor__` records, which carry shapes; Keras 2 writes nested
lists [name, call, output, kwargs] without shapes. Both are read here; what a file holds around the graph is its
reader's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.layers import find, is_operation, why_unknown
from convcost.layers.base import Kind
from convcost.layers.passing import InputLayer
from convcost.model import FLOAT32, MOST_LAYERS, Call, Layer, Model, OpenShape, Policy, Recorded, Ref, Rule, Unknown
from convcost.readers.keras_calls import (
    arguments_of,
    bound,
    is_reference,
    open_shape,
    ref_to,
    without_tensors,
)
from convcost.readers.keras_older import modern

MOST_READ = 100_000
"""Tensors that one call may read."""
DEEPEST_NESTING = 32

CALLS_A_FUNCTION = ("TFOpLambda", "SlicingOpLambda")
"""Layers of Keras 2 that stand for a function of TensorFlow."""

Json = dict[str, Any]


def model_of(entry: Json, source: str, depth: int = 0) -> Model:
    """The model that a serialized Keras model describes. Raises ConvcostError where it is no model."""
    if depth > DEEPEST_NESTING:
        raise ConvcostError(f"{source}: models are nested more than {DEEPEST_NESTING} deep")
    config = entry.get("config")
    kind = str(entry.get("class_name", ""))
    if isinstance(config, list):  # Keras 1 and early 2 wrote a Sequential as a bare list
        config = {"layers": config}
    if not isinstance(config, dict):
        raise ConvcostError(f"{source}: no model: its config is {type(config).__name__}, allowed: an object")
    name = str(config.get("name") or entry.get("name") or kind.lower())
    layers = config.get("layers")
    if not is_graph(entry):
        unknown = Unknown(f"a subclassed model: {kind} saves its constructor's arguments, not a graph")
        return Model(name, (Layer(name, kind, unknown, (Call(),)),), (), (Ref(name),), source=source)
    if len(layers) > MOST_LAYERS:  # type: ignore[arg-type]
        raise ConvcostError(f"{source}: {len(layers):,} layers, allowed: {MOST_LAYERS:,}")  # type: ignore[arg-type]
    if "input_layers" in config:
        return _Graph(config, source, depth).model(name)
    return _sequential(config, entry, name, source, depth)


def is_graph(entry: Json) -> bool:
    """Whether an entry is a model whose layers the file lists, whatever its class is called."""
    config = entry.get("config")
    if isinstance(config, list):
        return entry.get("class_name") == "Sequential"
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return False
    return "input_layers" in config or entry.get("class_name") == "Sequential"


class _Graph:
    """A Functional model, while it is being read."""

    def __init__(self, config: Json, source: str, depth: int) -> None:
        self.config = config
        self.source = source
        self.depth = depth
        self.recorded: dict[Ref, Recorded] = {}
        self.built_on: dict[Ref, Recorded] = {}
        self.counted_from_one: set[str] = set()

    def model(self, name: str) -> Model:
        entries = [_checked(entry, self.source) for entry in self.config["layers"]]
        keras_3 = any(isinstance(node, dict) for entry in entries for node in entry.get("inbound_nodes") or ())
        counts_from_one = _is_functional if keras_3 else _has_a_node_of_its_own
        self.counted_from_one = {_name(entry) for entry in entries if counts_from_one(entry)}
        entries = self.translated(entries)
        layers = tuple(self.layer(entry) for entry in entries)
        if len({layer.name for layer in layers}) < len(layers):
            raise ConvcostError(f"{self.source}: two layers of model {name!r} have the same name")
        inputs = tuple(self.ends(self.config["input_layers"]))
        outputs = tuple(self.ends(self.config.get("output_layers", [])))
        names = {layer.name for layer in layers}
        missing = next((ref.layer for ref in (*inputs, *outputs) if ref.layer not in names), None)
        if missing is not None:
            raise ConvcostError(f"{self.source}: model {name!r} has no layer {missing!r}, which it takes or puts out")
        self.recorded |= self.last_resort(layers)
        return Model(name, layers, inputs, outputs, self.recorded, self.source)

    def last_resort(self, layers: Sequence[Layer]) -> dict[Ref, Recorded]:
        """Shapes that nothing else tells: what the reader of an unknown layer was built on, perhaps in another call."""
        unknown = {layer.name for layer in layers if unknown_in(layer) is not None}
        return {ref: told for ref, told in self.built_on.items() if ref.layer in unknown and ref not in self.recorded}

    def translated(self, entries: list[Json]) -> list[Json]:
        """The entries in the words of Keras 3: Keras 2 has functions of TensorFlow where Keras 3 has operations."""
        if not any(entry.get("class_name") in CALLS_A_FUNCTION for entry in entries):
            return entries
        from convcost.readers.keras_functions import Functions

        functions = Functions(entries, self.as_tensor)
        return [
            functions.translated(entry) if entry.get("class_name") in CALLS_A_FUNCTION else entry for entry in entries
        ]

    def as_tensor(self, value: Any) -> Json | None:
        """A reference of Keras 2 as Keras 3 writes it; None where it is none."""
        if not isinstance(value, list) or not is_reference(value):
            return None
        ref = self.reference(value)
        history = [ref.layer, ref.call, ref.output]
        return {"class_name": "__keras_tensor__", "config": {"keras_history": history}}

    def layer(self, entry: Json) -> Layer:
        name = _name(entry)
        nodes = entry.get("inbound_nodes") or []
        kind, settings = entry_kind(entry)
        rule: Rule | Model | Unknown
        if kind is InputLayer:
            calls: tuple[Call, ...] = (Call(),)
        elif is_operation(entry.get("module")):
            return self.operation(entry, name, kind, settings, nodes)
        else:
            calls = tuple(self.call(node, entry, kind, settings) for node in nodes)
        if is_graph(entry):
            rule = model_of(entry, self.source, self.depth + 1)
        else:
            rule = rule_of(entry, kind, settings, self.source, self.depth)
        built_on = open_shape((entry.get("build_config") or {}).get("input_shape"))
        if built_on is not None and len(calls) == 1 and len(calls[0].inputs) == 1:
            self.built_on[calls[0].inputs[0]] = Recorded(built_on)
        return layer_of(entry, name, kind, rule, calls)

    def call(self, node: Any, entry: Json, kind: type[Kind] | None, settings: Json) -> Call:
        """One call of a layer: the tensors that it computes on, those that it only reads (masks, states), and its own
        record where the call is given settings (`reverse=True`).
        """
        named = kind.arguments if kind else ()
        known = kind.__struct_encode_fields__ if kind else ()
        given: Json = {}
        inputs: dict[str, list[Ref]] = {}
        extras: list[Ref] = []
        for argument, value in arguments_of(node, named):
            refs = list(self.refs(value))
            if argument in known and not refs:
                given[argument] = value
            elif argument in named or argument in ("inputs", "x", "input") or (argument is None and not named):
                inputs.setdefault(argument or "", []).extend(refs)
            else:
                extras.extend(refs)
        count = len(extras) + sum(map(len, inputs.values()))
        if count > MOST_READ:
            raise ConvcostError(
                f"{self.source}: a call of layer {_name(entry)!r} reads {count:,} tensors, allowed: {MOST_READ:,}"
            )
        first = [ref for argument, refs in inputs.items() if argument not in named for ref in refs]
        rest = [ref for argument in named for ref in inputs.get(argument, ())]
        rule = rule_of(entry, kind, {**settings, **given}, self.source, self.depth) if given else None
        return Call(tuple(first + rest), tuple(extras), None if isinstance(rule, Unknown) else rule)

    def operation(self, entry: Json, name: str, kind: type[Kind] | None, settings: Json, nodes: Sequence[Any]) -> Layer:
        """A tensor operation. What its call is given besides tensors becomes settings, under the arguments' names."""
        rules: list[Rule | Unknown] = []
        calls: list[Call] = []
        for node in nodes:
            given = bound(node, kind.arguments if kind else ())
            inputs = tuple(self.refs(list(given.values())))
            own = {argument: without_tensors(value) for argument, value in given.items()} | settings
            if kind is not None:
                own = kind.settled(own, [self.recorded[ref].shape for ref in inputs if ref in self.recorded])
            rules.append(rule_of(entry, kind, own, self.source))
            other = rules[-1] if calls else None
            calls.append(Call(inputs, rule=None if isinstance(other, Unknown) else other))
        layer = layer_of(entry, name, kind, rules[0] if rules else Unknown("it is never called"), tuple(calls))
        read = next((self.recorded[ref] for call in calls for ref in call.inputs if ref in self.recorded), None)
        if read is None or settings.get("dtype") is not None:
            return layer
        return msgspec.structs.replace(layer, policy=policy_of(read.dtype))  # it puts out what it reads

    def refs(self, value: Any) -> Iterator[Ref]:
        """Every tensor in an argument, in Keras's order (dicts by sorted key); notes the shapes told on the way."""
        if isinstance(value, dict):
            if value.get("class_name") == "__keras_tensor__":
                yield self.tensor(value["config"])
            else:
                for key in sorted(value):
                    yield from self.refs(value[key])
        elif isinstance(value, list):
            if is_reference(value):
                yield self.reference(value)
            else:
                for one in value:
                    yield from self.refs(one)

    def tensor(self, config: Json) -> Ref:
        layer, call, output = config["keras_history"]
        ref = ref_to(layer, call, output)
        shape = open_shape(config.get("shape"))
        if shape is not None:
            self.recorded[ref] = Recorded(shape, str(config.get("dtype", "float32")))
        return ref

    def reference(self, value: Sequence[Any]) -> Ref:
        name, call, output = value[:3]
        return ref_to(name, call - (name in self.counted_from_one), output)

    def ends(self, value: Any) -> Iterator[Ref]:
        """The tensors that `input_layers` or `output_layers` name: a reference, or lists or dicts of them."""
        if isinstance(value, list) and is_reference(value):
            yield self.reference(value)
        elif isinstance(value, dict):
            for key in sorted(value):
                yield from self.ends(value[key])
        elif isinstance(value, list):
            for one in value:
                yield from self.ends(one)


def _is_functional(entry: Json) -> bool:
    """Whether `output_layers` of Keras 3 counts the calls of a nested model from 1. (Its tensors count from 0.)"""
    return is_graph(entry) and entry.get("class_name") != "Sequential"


def _has_a_node_of_its_own(entry: Json) -> bool:
    """Whether Keras 2 counts the calls of a nested model from 1: call 0 is the one on its own inputs, if it has any."""
    if entry.get("class_name") != "Sequential":
        return is_graph(entry)
    config = entry.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    first = layers[0] if isinstance(layers, list) and layers and isinstance(layers[0], dict) else {}
    return first.get("class_name") == "InputLayer" or "batch_input_shape" in (first.get("config") or {})


def _sequential(config: Json, entry: Json, name: str, source: str, depth: int) -> Model:
    """A chain. Its first shape stands in an InputLayer, in the first layer (Keras 2) or in what it was built on."""
    layers: list[Layer] = []
    recorded: dict[Ref, Recorded] = {}
    for item in config["layers"]:
        item = _checked(item, source)
        kind, settings = entry_kind(item)
        if not layers and kind is not InputLayer:
            built = (entry.get("build_config") or {}).get("input_shape") or config.get("build_input_shape")
            first = item.get("config") or {}
            shape = first.get("batch_input_shape") or first.get("batch_shape") or built
            layers.append(_input_layer(_unused(f"{name}_input", config["layers"]), shape))
        rule = model_of(item, source, depth + 1) if is_graph(item) else rule_of(item, kind, settings, source, depth)
        told = open_shape((item.get("build_config") or {}).get("input_shape"))
        if layers and isinstance(layers[-1].rule, Unknown) and told is not None:
            recorded[Ref(layers[-1].name)] = Recorded(told)
        calls = (Call((Ref(layers[-1].name),)) if layers else Call(),)
        layers.append(layer_of(item, _name(item), kind, rule, calls))
    if not layers:
        raise ConvcostError(f"{source}: model {name!r} has no layers")
    if len({layer.name for layer in layers}) < len(layers):
        raise ConvcostError(f"{source}: two layers of model {name!r} have the same name")
    return Model(name, tuple(layers), (Ref(layers[0].name),), (Ref(layers[-1].name),), recorded, source)


def _input_layer(name: str, shape: Any) -> Layer:
    return Layer(name, "InputLayer", InputLayer(batch_shape=open_shape(shape)), (Call(),))


def _unused(name: str, entries: Sequence[Json]) -> str:
    taken = {_name(entry) for entry in entries if isinstance(entry, dict)}
    while name in taken:
        name += "_"
    return name


def _checked(entry: Any, source: str) -> Json:
    if not isinstance(entry, dict) or not isinstance(entry.get("config", {}), dict | list):
        raise ConvcostError(
            f"{source}: a layer is {type(entry).__name__}, allowed: an object with class_name and config"
        )
    return modern(entry)


def _name(entry: Json) -> str:
    config = entry.get("config")
    told = config.get("name") if isinstance(config, dict) else None
    return str(entry.get("name") or told or entry.get("class_name", ""))


def entry_kind(entry: Json) -> tuple[type[Kind] | None, Json]:
    """The record that an entry's class has here (None: no rule), and a copy of its settings."""
    config = entry.get("config")
    registered = entry.get("registered_name")
    module = entry.get("module")
    kind = find(str(entry.get("class_name", "")), None if module is None else str(module))
    if isinstance(registered, str) and ">" in registered and module is None:
        kind = None  # Keras 2 files name custom classes "Package>Class" and have no module
    return kind, dict(config) if isinstance(config, dict) else {}


def rule_of(entry: Json, kind: type[Kind] | None, settings: Json, source: str, depth: int = 0) -> Rule | Unknown:
    """The record of a layer with its settings. Raises ConvcostError where Keras would not have written them."""
    if kind is None:
        return Unknown(why_unknown(str(entry.get("class_name")), entry.get("module")))
    if kind is InputLayer:
        settings.setdefault("batch_shape", settings.get("batch_input_shape"))
    for setting in kind.inner:
        settings[setting] = _inner(settings.get(setting), source, depth + 1)
        unknown = unknown_in(settings[setting])
        if unknown is not None:
            return Unknown(f"it holds layer {unknown.name!r} ({unknown.kind}), which no rule knows")
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise ConvcostError(f"{source}: layer {_name(entry)!r} ({kind.__name__}): {error}") from None
    except ConvcostError as error:
        raise ConvcostError(f"{source}: layer {_name(entry)!r} ({kind.__name__}): {error}") from None


def _inner(value: Any, source: str, depth: int) -> Any:
    """The layer, or list of layers, that a wrapper's setting holds; what is neither is left to the record."""
    if depth > DEEPEST_NESTING:
        raise ConvcostError(f"{source}: layers are nested more than {DEEPEST_NESTING} deep")
    if isinstance(value, list):
        return tuple(_inner(one, source, depth) for one in value)
    if not isinstance(value, dict):
        return value
    value = _checked(value, source)
    kind, settings = entry_kind(value)
    rule = model_of(value, source, depth) if is_graph(value) else rule_of(value, kind, settings, source, depth)
    return layer_of(value, _name(value), kind, rule, ())


def unknown_in(held: Any) -> Layer | None:
    """The first layer without a rule in what a wrapper holds: a layer, several, or whole models."""
    if isinstance(held, tuple):
        return next((found for one in held if (found := unknown_in(one)) is not None), None)
    if isinstance(held, Layer) and isinstance(held.rule, Model):
        return unknown_in(held.rule.layers)
    return held if isinstance(held, Layer) and isinstance(held.rule, Unknown) else None


def layer_of(
    entry: Json, name: str, kind: type[Kind] | None, rule: Rule | Model | Unknown, calls: tuple[Call, ...]
) -> Layer:
    config = entry.get("config")
    settings: Mapping[str, Any] = config if isinstance(config, dict) else {}
    shown = str(entry.get("class_name", ""))
    if is_operation(entry.get("module")):
        shown = f"ops.{shown}"
    # Keras asks the layers that a wrapper holds whether they are trainable, never the wrapper.
    trainable = settings.get("trainable", True) is not False or bool(kind and kind.inner)
    return Layer(name, shown, rule, calls, trainable, policy_of(settings.get("dtype")))


def policy_of(dtype: Any) -> Policy:
    """Variable and compute dtype of a policy: "float32", "mixed_float16", or its serialized record.

    Of a quantized one ("int8_from_float32") they are those of its source: the records know what it does to weights.
    """
    if isinstance(dtype, dict):
        config = dtype.get("config")
        if isinstance(config, dict) and "default_policy" in config:
            return policy_of(config["default_policy"])
        dtype = config.get("name") or config.get("source_name") if isinstance(config, dict) else config
    if not isinstance(dtype, str) or dtype == "float32":
        return FLOAT32
    dtype = dtype.partition("_from_")[2] or dtype
    if dtype.startswith("mixed_"):
        return Policy("float32", dtype.removeprefix("mixed_"))
    return Policy(dtype, dtype)


__all__ = ["OpenShape", "is_graph", "model_of"]
