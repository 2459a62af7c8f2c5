"""A Model as the items of a spec (docs/spec.md): what stands in its lists of layers, and its blocks.

Names that Keras gave (`conv2d_3`) are left out: a spec numbers unnamed layers anew. What a spec cannot say is refused
by the name of the layer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.layers.activations import FLOPS_PER_ELEMENT, activation_name
from convcost.layers.base import Kind
from convcost.layers.passing import InputLayer
from convcost.layers.quantization import quantization_of
from convcost.model import FLOAT32, Call, Layer, Model, Policy, Ref, Rule, Unknown, bytes_of
from convcost.naming import snake_case
from convcost.order import in_order

INPUT = "input"
EXTENTS = frozenset({"kernel_size", "strides", "dilation_rate", "pool_size", "size", "padding", "cropping"})
"""Settings in which one int stands for equal ones along every axis."""
FIRST = ("filters", "units")
"""What people tell first of a layer."""
OPERATION = "ops."


LARGEST_EXACT = 2**53


class Item(msgspec.Struct):
    """One item of a list of layers: a kind with its settings, a `block`, `call` or `repeat`; and what stands beside."""

    subject: str
    value: Any
    beside: dict[str, Any] = {}


class Block(msgspec.Struct):
    """A nested model: the names of what it reads, its items, and what its uses have to give.

    `outputs` None: it puts out what its last item does.
    """

    inputs: list[str]
    items: list[Item]
    outputs: list[str] | None = None
    parameters: list[str] = []


class Items:
    """The items of a whole model, and the blocks that they use by name; `policy` is what holds for all layers."""

    def __init__(self, model: Model) -> None:
        self.source = model.source or model.name
        self.policy = _most_common_policy(model)
        self.blocks: dict[str, Block] = {}
        scope = Scope(self, model, "")
        self.items = scope.items
        self.inputs = scope.inputs
        self.outputs = scope.outputs()

    def block(self, model: Model, name: str, path: str) -> str:
        """The name of the block that a nested model is; one block stands for all that are equal."""
        scope = Scope(self, model, f"{path}/")
        block = Block(list(scope.inputs), scope.items, scope.outputs())
        same = next((known for known, one in self.blocks.items() if one == block), None)
        if same is not None:
            return same
        number = 1
        while (unused := name if number == 1 else f"{name}_{number}") in self.blocks:
            number += 1
        self.blocks[unused] = block
        return unused

    def fault(self, path: str, why: str) -> ConvcostError:
        return ConvcostError(f"{self.source}: layer {path!r} has no words in a spec: {why}")


class Scope:
    """The items of one model. `names` is what each tensor is called in it, `last` the name of the latest item."""

    def __init__(self, whole: Items, model: Model, prefix: str) -> None:
        self.whole = whole
        self.model = model
        self.prefix = prefix
        self.items: list[Item] = []
        self.names: dict[Ref, str] = {}
        self.counters: dict[str, int] = {}
        self.calls = list(in_order(model))
        self.check_order()
        self.check_inputs()
        inner = [layer for layer in model.layers if not isinstance(layer.rule, InputLayer)]
        self.given = {layer.name for layer in inner if not _is_counted(layer)}
        self.inputs = self.named_inputs()
        self.last = next(iter(self.inputs)) if len(self.inputs) == 1 else ""
        self.taken = {*self.given, *self.inputs}
        for layer, index, call in self.calls:
            if not isinstance(layer.rule, InputLayer):
                self.add(layer, index, call)

    def check_order(self) -> None:
        """A spec has the layers in the order of their first calls: that must not change the order of all calls."""
        made: Counter[str] = Counter()
        for layer, index, _ in self.calls:
            if index != made[layer.name]:
                raise self.whole.fault(self.prefix + layer.name, f"its call {index} comes before the others")
            made[layer.name] += 1
        layers = {layer.name: layer for layer, _, _ in self.calls}
        again = in_order(msgspec.structs.replace(self.model, layers=tuple(layers.values())))
        for (layer, index, _), (other, place, _) in zip(self.calls, again, strict=True):
            if (layer.name, index) != (other.name, place):
                raise self.whole.fault(self.prefix + layer.name, "its calls lie too far apart")

    def check_inputs(self) -> None:
        read = {ref for _, _, call in self.calls for ref in call.inputs} | set(self.model.outputs)
        for ref in self.model.inputs:
            if ref not in read:
                raise self.whole.fault(self.prefix + ref.layer, "nothing reads it")

    def named_inputs(self) -> dict[str, Layer]:
        """The InputLayers by the names that they get: one alone is `input`, unless somebody gave it a name."""
        layers = {layer.name: layer for layer in self.model.layers}
        inputs = [layers[ref.layer] for ref in self.model.inputs]
        alone = len(inputs) == 1 and (bool(self.prefix) or _is_automatic_input(inputs[0].name))
        alone = alone and INPUT not in self.given
        named = {}
        for ref, layer in zip(self.model.inputs, inputs, strict=True):
            name = INPUT if alone else self.checked(layer.name)
            named[name] = layer
            self.names[ref] = name
        return named

    def checked(self, name: str) -> str:
        if "/" in name:
            raise self.whole.fault(self.prefix + name, "its name holds a slash, which separates the names in a path")
        return name

    def add(self, layer: Layer, index: int, call: Call) -> None:
        path = self.prefix + layer.name
        if call.extras:
            raise self.whole.fault(path, "it reads a mask or a state")
        if len(layer.calls) > 1 and call.rule is not None:
            raise self.whole.fault(path, "its calls have settings of their own")
        if index:
            item = Item("call", self.names[Ref(layer.name)])
            base = self.names[Ref(layer.name)]
            given = None
        else:
            item = self.first(layer, call.rule or layer.rule, path)
            base = item.value if item.subject == "block" else snake_case(item.subject.removeprefix(OPERATION))
            given = None if _is_counted(layer) else self.checked(layer.name)
        if given is not None:
            item.beside["name"] = given
        reads = [self.read(ref, path) for ref in call.inputs]
        if reads != [self.last]:
            item.beside["from"] = reads[0] if len(reads) == 1 else reads
        self.last = self.names[Ref(layer.name, index)] = given or self.unused(base)
        self.items.append(item)

    def first(self, layer: Layer, rule: Rule | Model | Unknown, path: str) -> Item:
        """The item of a layer's first call, without what it is called and reads."""
        if isinstance(rule, Model):
            return Item("block", self.whole.block(rule, self.checked(layer.name), path), {})
        return self.leaf(layer, rule, path)

    def leaf(self, layer: Layer, rule: Rule | Unknown, path: str) -> Item:
        if isinstance(rule, Unknown) or not isinstance(rule, Kind):
            why = rule.reason if isinstance(rule, Unknown) else "no rule knows it"
            raise self.whole.fault(path, why)
        beside: dict[str, Any] = {}
        if not layer.trainable:
            beside["trainable"] = False
        policy = self.policy_of(layer, rule, path)
        if policy != self.whole.policy:
            beside["dtype"] = policy.name
        operation = OPERATION if rule.registry is not Kind.registry else ""
        settings = sorted(self.settings(rule, path), key=lambda setting: setting[0] not in FIRST)
        return Item(f"{operation}{type(rule).__name__}", dict(settings), beside)

    def policy_of(self, layer: Layer, rule: Kind, path: str) -> Policy:
        """The dtypes of a layer; of one without weights, the dtype that the file tells of what it puts out."""
        told = self.model.recorded.get(Ref(layer.name))
        if told is None or bytes_of(8, told.dtype) == bytes_of(8, layer.policy.compute):
            return layer.policy
        if type(rule).weights is not Kind.weights:
            raise self.whole.fault(path, f"it puts out {told.dtype}, its policy is {layer.policy.name}")
        return Policy(told.dtype, told.dtype)

    def settings(self, rule: Kind, path: str) -> Iterator[tuple[str, Any]]:
        """The settings that are not the default."""
        if quantization_of(getattr(rule, "dtype", None)) is not None:
            raise self.whole.fault(path, "its weights are quantized")
        for field in _fields(type(rule)):
            value, setting = getattr(rule, field.name), field.encode_name
            if setting in rule.inner and value is not None:
                yield setting, self.inner(value, path)
            elif not _is_default(rule, setting, value, field.default):
                yield setting, _plain(setting, value)

    def inner(self, value: Any, path: str) -> Any:
        """The layer, or the layers, that a wrapper holds."""
        if isinstance(value, tuple):
            return [self.inner(one, path) for one in value]
        if value is None:
            return None
        assert isinstance(value, Layer)
        if isinstance(value.rule, Model):
            return Item("block", self.whole.block(value.rule, value.name, f"{path}/{value.name}"), {})
        return self.leaf(value, value.rule, f"{path}/{value.name}")

    def read(self, ref: Ref, path: str) -> str:
        """What a tensor is called: by its layer, and the number of the output from the second one on."""
        name = self.names.get(msgspec.structs.replace(ref, output=0))
        if name is None:
            raise self.whole.fault(path, f"it reads {ref.layer!r} (call {ref.call}), which is not there")
        if not ref.output:
            return name
        told = f"{name}:{ref.output}"
        if told in self.taken:
            raise self.whole.fault(
                path, f"it reads output {ref.output} of {ref.layer!r}, and a layer is named {told!r}"
            )
        return told

    def outputs(self) -> list[str] | None:
        """What the model puts out; None: what its last item does."""
        names = [self.read(ref, self.prefix + ref.layer) for ref in self.model.outputs]
        return None if names == [self.last] else names

    def unused(self, base: str) -> str:
        """The name that the reader gives to a layer without one."""
        while True:
            number = self.counters.get(base, 0)
            self.counters[base] = number + 1
            name = f"{base}_{number}" if number else base
            if name not in self.taken:
                self.taken.add(name)
                return name


def _is_counted(layer: Layer) -> bool:
    """Whether a leaf layer has the name that Keras gives to one without."""
    if isinstance(layer.rule, Model):
        return False
    base = re.escape(snake_case(layer.kind.removeprefix(OPERATION)))
    return re.fullmatch(rf"{base}(_\d+)?", layer.name) is not None


def _is_automatic_input(name: str) -> bool:
    return re.fullmatch(r"input(_layer)?(_\d+)?|.*_input_*", name) is not None


@cache
def _fields(kind: type[Kind]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The settings of a kind, which msgspec looks up anew each time."""
    return msgspec.structs.fields(kind)


def _is_default(rule: Kind, setting: str, value: Any, default: Any) -> bool:
    """Whether a setting need not be told. A dtype stands beside the settings."""
    if setting == "dtype" or (setting == "data_format" and value is None):
        return True
    if setting == "strides" and default is None:
        return value is None or bool(_collapsed(value) == _collapsed(getattr(rule, "pool_size", None)))
    if setting.endswith("activation") and default is not msgspec.NODEFAULT:
        return activation_name(value) == activation_name(default)
    return bool(value == default or (setting in EXTENTS and _collapsed(value) == default))


def _collapsed(value: Any) -> Any:
    """One int for equal ones."""
    if isinstance(value, tuple) and value:
        parts = [_collapsed(one) for one in value]
        if all(type(one) is int and one == parts[0] for one in parts):
            return parts[0]
        return tuple(parts)
    return value


def _plain(setting: str, value: Any) -> Any:
    """A setting as YAML has it; an activation by its name where it is one of Keras's."""
    if setting.endswith("activation") and isinstance(value, dict | str):
        name = activation_name(value)
        return name if name in FLOPS_PER_ELEMENT else value
    if setting in EXTENTS:
        value = _collapsed(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        return int(value)  # 6, which is a float where one is wanted
    if isinstance(value, tuple | list):
        return [_plain("", one) for one in value]
    return value


def _most_common_policy(model: Model) -> Policy:
    """The policy of most layers."""
    counts: dict[Policy, int] = {}
    for policy in _policies(model):
        counts[policy] = counts.get(policy, 0) + 1
    return max(counts, key=lambda policy: counts[policy]) if counts else FLOAT32


def _policies(model: Model) -> Iterator[Policy]:
    for layer in model.layers:
        if isinstance(layer.rule, Model):
            yield from _policies(layer.rule)
        elif not isinstance(layer.rule, InputLayer):
            yield layer.policy
