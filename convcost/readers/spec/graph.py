"""The items of a spec written out as layers. A block, or a round of a named repeat, becomes a nested model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from convcost.layers.base import Kind
from convcost.layers.passing import InputLayer
from convcost.many import Many
from convcost.model import DTYPE_BITS, FLOAT32, MOST_LAYERS, MOST_WRITTEN, Call, Layer, Model, Policy, Ref
from convcost.naming import snake_case
from convcost.readers.spec.items import INPUT, Again, Block, BlockUse, Item, KindUse, Nodes, Repeat, item_of
from convcost.readers.spec.parameters import Names, bound, integer, value_of
from convcost.readers.spec.place import Place, shown
from convcost.readers.spec.settings import record, title_of, values
from convcost.readers.yaml_lines import Node
from convcost.suggestions import did_you_mean

LONGEST_NUMBER = 6
"""Digits of the number of an output."""
DEEPEST_NESTING = 32


class Around(msgspec.Struct, frozen=True):
    """What holds for all layers of a scope: parameters, the blocks around it, path, dtype and trainability."""

    names: Names
    blocks: tuple[str, ...] = ()
    path: str = ""
    policy: Policy = FLOAT32
    trainable: bool = True


class Defaults(msgspec.Struct, frozen=True):
    """What the layers of a kind have unless they say otherwise: settings, where the file has them, and options."""

    settings: Mapping[str, Any] = {}
    nodes: Nodes = {}
    options: Nodes = {}


NONE = Defaults()


class Written(msgspec.Struct, frozen=True):
    """A nested model and how many items it took to write it."""

    model: Model
    size: int


class Spec:
    """What all scopes of a spec share. Nested models are written once for the same block with the same parameters."""

    def __init__(
        self,
        source: str,
        blocks: Mapping[str, Block],
        defaults: Mapping[str, Defaults],
        names: Names,
        items: Sequence[Item],
    ) -> None:
        self.source = source
        self.most = max(MOST_LAYERS, min(len(items), MOST_WRITTEN))
        self.blocks = blocks
        self.defaults = defaults
        self.names = names
        self.written: dict[Any, Written] = {}


class Scope:
    """The names of one spec, block or round of a named repeat, while its layers are being written."""

    def __init__(self, spec: Spec, around: Around, inputs: Sequence[Layer], items: Sequence[Item]) -> None:
        self.spec = spec
        self.around = around
        self.layers: list[Layer] = list(inputs)
        self.places: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.refs = {layer.name: Ref(layer.name) for layer in inputs}
        self.lines = {layer.name: layer.line or 0 for layer in inputs}
        self.last = Ref(inputs[0].name) if len(inputs) == 1 else None
        self.inputs = tuple(Ref(layer.name) for layer in inputs)
        self.read: set[Ref] = set()
        self.size = 0
        self.later = {item.name: item.line for item in items if item.name is not None}
        self.counters: dict[str, int] = {}
        self.rules: dict[int, Kind] = {}
        for item in items:
            self.check_size(self.size + self.least(item), Place(spec.source, item.line))
            self.add(item)

    def least(self, item: Item) -> int:
        """How many items it comes to at least, blocks counted as one: known before they are written out."""
        if not isinstance(item.subject, Repeat):
            return 1
        return 1 + self.times(item, item.subject) * sum(map(self.least, item.subject.items))

    def times(self, item: Item, repeat: Repeat) -> int:
        place = Place(self.spec.source, item.line, repeat_title(item))
        return integer(repeat.times, self.around.names, place, "its number of rounds", least=0)

    def add(self, item: Item) -> None:
        """Write an item out."""
        self.grow(1, Place(self.spec.source, item.line))
        if isinstance(item.subject, Repeat):
            self.add_repeat(item, item.subject)
            return
        name = item.name if item.name is not None else self.unused(base_name(item))
        place = Place(self.spec.source, item.line, f"layer {self.around.path + name!r} ({item.title})")
        self.claim(name, place)
        reads = self.reads(item, place, name)
        if isinstance(item.subject, Again):
            self.call(item.subject.layer, name, reads, place)
            return
        size = self.size
        self.append(self.layer(item, name, (Call(reads),), place))
        self.sizes[name] = self.size - size

    def call(self, called: str, name: str, reads: tuple[Ref, ...], place: Place) -> None:
        """Another call of the layer that is named `called`; `name` stands for what it puts out."""
        if called not in self.places:
            near = did_you_mean(called, self.places)
            raise place.fault(f"call: no layer is named {shown(called)} above it{near}")
        self.grow(self.sizes.get(called, 0), place)
        at = self.places[called]
        layer = self.layers[at]
        self.last = self.refs[name] = Ref(called, len(layer.calls))
        self.layers[at] = msgspec.structs.replace(layer, calls=(*layer.calls, Call(reads)))

    def append(self, layer: Layer) -> None:
        self.places[layer.name] = len(self.layers)
        self.layers.append(layer)
        self.last = self.refs[layer.name] = Ref(layer.name)

    def layer(self, item: Item, name: str, calls: tuple[Call, ...], place: Place) -> Layer:
        around = self.inside(item, name, place)
        rule: Kind | Model
        if isinstance(item.subject, BlockUse):
            rule = self.nested(item.subject, around, place)
        else:
            assert isinstance(item.subject, KindUse)
            if id(item) not in self.rules:
                self.rules[id(item)] = self.rule(item.subject, around, place)
            rule = self.rules[id(item)]
        return Layer(name, item.title, rule, calls, around.trainable, around.policy, item.line)

    def inside(self, item: Item, name: str, place: Place) -> Around:
        """What holds inside of an item: its own dtype and trainability, else those around it."""
        around = self.around
        options = item.options
        if isinstance(item.subject, KindUse):
            options = {**self.defaults(item.subject).options, **options}
        if "dtype" in options:
            node = options["dtype"]
            dtype = value_of(node, around.names, place)
            around = msgspec.structs.replace(around, policy=policy_named(dtype, place.at(node.line)))
        if "trainable" in options:
            node = options["trainable"]
            trainable = value_of(node, around.names, place)
            if not isinstance(trainable, bool):
                raise place.at(node.line).fault(f"trainable is {shown(trainable)}, allowed: true or false")
            around = msgspec.structs.replace(around, trainable=around.trainable and trainable)
        if isinstance(item.subject, KindUse):
            return around
        return msgspec.structs.replace(around, path=f"{around.path}{name}/")

    def rule(self, use: KindUse, around: Around, place: Place) -> Kind:
        """The record of a layer: the defaults of its kind, and over them its own settings."""

        def inner(node: Node) -> Layer:
            return self.inner(node, around, place)

        defaults = self.defaults(use)
        settings = {**defaults.settings, **values(use.kind, use.settings, around.names, place, inner)}
        return record(use.kind, settings, {**defaults.nodes, **use.settings}, place)

    def defaults(self, use: KindUse) -> Defaults:
        return self.spec.defaults.get(title_of(use.kind), NONE)

    def inner(self, node: Node, around: Around, place: Place) -> Layer:
        """A layer that is a setting of another, such as that of TimeDistributed."""
        item = item_of(node, place)
        if isinstance(item.subject, Repeat | Again) or item.reads is not None:
            raise place.at(node.line).fault("a layer inside another is one kind or block, without `from`")
        scope = Scope(self.spec, around, (), ())
        here = place.at(node.line, f"{place.owner}, its {item.title}")
        layer = scope.layer(item, item.name or base_name(item), (), here)
        self.grow(scope.size, place)
        return layer

    def nested(self, use: BlockUse, around: Around, place: Place) -> Model:
        """The model that a use of a block stands for."""
        block = self.spec.blocks.get(use.block)
        if block is None:
            near = did_you_mean(use.block, self.spec.blocks)
            raise place.fault(f"no block is named {shown(use.block)}{near}")
        chain = (*around.blocks, block.name)
        if block.name in around.blocks:
            raise place.fault(f"recursive block {' -> '.join(chain[chain.index(block.name) :])}")
        given = {name: value_of(node, self.around.names, place.at(node.line)) for name, node in use.given.items()}
        names = bound(block.parameters, given, self.spec.names, place, "with: {{{name}: …}}")
        key = (block.name, *(_told_apart(names[name]) for name in block.parameters), around.policy, around.trainable)
        if key not in self.spec.written:
            inside = msgspec.structs.replace(around, names=names, blocks=chain)
            self.spec.written[key] = self.write(
                block.name, inside, block.inputs, block.items, block.line, block.outputs
            )
        written = self.spec.written[key]
        self.grow(written.size, place)
        return written.model

    def write(
        self,
        name: str,
        around: Around,
        inputs: Sequence[str],
        items: Sequence[Item],
        line: int,
        outputs: Sequence[str] | None = None,
    ) -> Written:
        """A nested model of these items."""
        place = Place(self.spec.source, line, f"block {shown(name)}")
        if around.path.count("/") > DEEPEST_NESTING:
            raise Place(self.spec.source, line).fault(f"models are nested more than {DEEPEST_NESTING} deep")
        entries = [Layer(one, "InputLayer", InputLayer(), (Call(),), line=line) for one in inputs]
        scope = Scope(self.spec, around, entries, items)
        return Written(scope.model(name, scope.outputs(outputs, place)), scope.size)

    def outputs(self, names: Sequence[str] | None, place: Place) -> list[Ref] | None:
        """The tensors of these names; None: the last item's. Raises ConvcostError where there is none."""
        refs = [(name, self.named(name)) for name in names or ()]
        for name, ref in refs:
            if ref is None:
                raise place.fault(f"outputs: no layer is named {shown(name)}{did_you_mean(name, self.refs)}")
        return [ref for _, ref in refs if ref is not None] or None

    def add_repeat(self, item: Item, repeat: Repeat) -> None:
        """Write its items out as often as it says: in a row, or each round a nested model where it has a name."""
        place = Place(self.spec.source, item.line, repeat_title(item))
        times = self.times(item, repeat)
        reads = self.reads(item, place, item.name)
        if len(reads) > 1:
            raise place.at(item.reads_line).fault("from: it reads several layers, allowed: one")
        if item.name is not None:
            self.add_rounds(item.name, repeat.items, times, reads[0], place)
            return
        self.last = reads[0]
        for _ in range(times):
            for one in repeat.items:
                self.add(one)

    def add_rounds(self, name: str, items: tuple[Item, ...], times: int, reads: Ref, place: Place) -> None:
        """Rounds of a repeat as nested models name1, name2, …; `name` alone stands for the last of them."""
        self.claim(name, place)
        self.last = self.refs[name] = reads
        if times == 0:
            return
        line, around = place.line or 0, self.around
        inside = msgspec.structs.replace(around, path=f"{around.path}{name}1/")
        written = self.write(name, inside, (INPUT,), items, line)
        self.grow(times * written.size, place)
        for number in range(1, times + 1):
            one = f"{name}{number}"
            self.claim(one, place)
            self.read.add(reads)
            calls = (Call((reads,)),)
            self.append(Layer(one, "repeat", written.model, calls, around.trainable, around.policy, line))
            self.sizes[one] = written.size
            reads = self.refs[one]
        self.refs[name] = reads

    def reads(self, item: Item, place: Place, name: str | None) -> tuple[Ref, ...]:
        """What an item reads: what its `from` names, else the item before."""
        if item.reads is None:
            if self.last is None:
                inputs = ", ".join(ref.layer for ref in self.inputs)
                raise place.fault(f"the first layer must say what it reads: from one of {inputs}")
            refs: tuple[Ref, ...] = (self.last,)
        else:
            refs = tuple(self.ref(one, place.at(item.reads_line), name) for one in item.reads)
        self.read.update(refs)
        return refs

    def ref(self, wanted: str, place: Place, name: str | None) -> Ref:
        """The output of the layer that is named `wanted`."""
        if wanted == name:
            raise place.fault(f"from: it reads its own output, {shown(wanted)}")
        found = self.named(wanted)
        if found is not None:
            return found
        if wanted in self.later:
            raise place.fault(
                f"from: {shown(wanted)} comes after it, in line {self.later[wanted]};"
                " a layer reads what stands above it, so that no circle arises"
            )
        near = did_you_mean(wanted, self.refs)
        raise place.fault(f"from: no layer is named {shown(wanted)} here{near}")

    def named(self, wanted: str) -> Ref | None:
        """What stands under a name; under `name:1` the second output of that layer. None: nothing does."""
        if wanted in self.refs:
            return self.refs[wanted]
        name, _, output = wanted.rpartition(":")
        if name not in self.refs or not output.isdecimal() or len(output) > LONGEST_NUMBER:
            return None
        return msgspec.structs.replace(self.refs[name], output=int(output))

    def claim(self, name: str, place: Place) -> None:
        """Take `name` for a layer; raises ConvcostError where another has it."""
        if name in self.lines:
            raise place.fault(f"the name {shown(name)} is taken, by line {self.lines[name]}")
        self.lines[name] = place.line or 0

    def unused(self, base: str) -> str:
        """A name for a layer without one, as Keras numbers them: conv2d, conv2d_1, …"""
        while True:
            number = self.counters.get(base, 0)
            self.counters[base] = number + 1
            name = f"{base}_{number}" if number else base
            if name not in self.lines and name not in self.later:
                return name

    def grow(self, size: int, place: Place) -> None:
        self.size += size
        self.check_size(self.size, place)

    def check_size(self, size: int, place: Place) -> None:
        if size > self.spec.most:
            raise place.fault(f"with it the model has {size:,} layers, allowed: {self.spec.most:,}")

    def model(self, name: str, outputs: Sequence[Ref] | None = None) -> Model:
        """The model of this scope. Raises ConvcostError where nothing reads what a layer puts out."""
        if outputs is None:
            assert self.last is not None
            outputs = (self.last,)
        self.read.update(outputs)
        read = {(ref.layer, ref.call) for ref in self.read}
        for layer in self.layers:
            if any((layer.name, index) not in read for index in range(len(layer.calls))):
                place = Place(self.spec.source, layer.line, f"layer {self.around.path + layer.name!r} ({layer.kind})")
                raise place.fault("nothing reads its output, and it is no output of the model")
        return Model(name, tuple(self.layers), self.inputs, tuple(outputs))


def policy_named(dtype: Any, place: Place) -> Policy:
    """The dtypes of a layer, from the name of a dtype or of a mixed policy."""
    if isinstance(dtype, str):
        if dtype in DTYPE_BITS or dtype == "string":
            return Policy(dtype, dtype)
        if dtype.startswith("mixed_") and dtype.removeprefix("mixed_") in DTYPE_BITS:
            return Policy("float32", dtype.removeprefix("mixed_"))
    near = did_you_mean(str(dtype), (*DTYPE_BITS, "mixed_float16", "mixed_bfloat16"))
    raise place.fault(f"dtype is {shown(dtype)}, allowed: a dtype such as float16, or mixed_float16{near}")


def _told_apart(value: Any) -> Any:
    """A key for what a parameter is set to: 1, 1.0 and true differ. What stands for many is like itself alone."""
    return value.serial if isinstance(value, Many) else repr(value)


def repeat_title(item: Item) -> str:
    return f"repeat {item.name!r}" if item.name else "repeat"


def base_name(item: Item) -> str:
    """What a layer without a name is called, but for its number."""
    return snake_case(item.subject.kind.__name__) if isinstance(item.subject, KindUse) else item.title
