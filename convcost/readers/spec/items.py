"""What the lists of layers in a spec say, item by item: a layer, a use of a block, or a repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from convcost.layers.base import Kind
from convcost.readers.spec.parameters import declared
from convcost.readers.spec.place import Place, shown
from convcost.readers.spec.settings import ITEM_SETTINGS, kind_named, title_of
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar

Nodes = Mapping[str, Node]

INPUT = "input"
"""What the input of a spec or a block is called where it has one."""


class KindUse(msgspec.Struct, frozen=True, gc=False):
    kind: type[Kind]
    settings: Nodes


class BlockUse(msgspec.Struct, frozen=True, gc=False):
    block: str
    given: Nodes


class Repeat(msgspec.Struct, frozen=True):
    times: Node
    items: tuple[Item, ...]


class Again(msgspec.Struct, frozen=True):
    """Another call of a layer that stands above."""

    layer: str


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item: what it is, and what stands beside that."""

    line: int
    subject: KindUse | BlockUse | Repeat | Again
    name: str | None = None
    reads: tuple[str, ...] | None = None
    """The names in `from`; None: the item before."""
    reads_line: int = 0
    options: Nodes = {}
    """`trainable` and `dtype`."""

    @property
    def title(self) -> str:
        """The kind, the block, or the layer that is called again."""
        if isinstance(self.subject, KindUse):
            return title_of(self.subject.kind)
        if isinstance(self.subject, Again):
            return self.subject.layer
        return self.subject.block if isinstance(self.subject, BlockUse) else "repeat"


class Block(msgspec.Struct, frozen=True):
    """A chain or graph of layers with parameters, written once and used by name."""

    name: str
    line: int
    parameters: Nodes
    inputs: tuple[str, ...]
    items: tuple[Item, ...]
    outputs: tuple[str, ...] | None = None


BESIDE = {
    "layer": ("name", "from", "trainable", "dtype"),
    "block": ("name", "from", "with", "trainable", "dtype"),
    "repeat": ("name", "from", "layers"),
    "call": ("name", "from"),
}
"""The keys that may stand beside an item's kind, `block`, `repeat` or `call`."""
NO_KINDS = ("block", "repeat", "call")
EVERY_KEY = tuple(dict.fromkeys(key for keys in BESIDE.values() for key in keys))


def blocks_of(node: Node, place: Place) -> dict[str, Block]:
    """The blocks of a spec by name."""
    return {name: _block(name, body, place) for name, body in place.entries(node, "blocks").items()}


def _block(name: str, node: Node, place: Place) -> Block:
    place = place.at(node.line, f"block {shown(name)}")
    checked_name(name, place)
    if not isinstance(node, Entries):
        raise place.fault(f"it is {shown(node)}, allowed: a mapping with `layers`")
    body = node.entries
    place.only(body, ("parameters", "inputs", "layers", "outputs"), "a block")
    parameters = declared(body["parameters"], place) if "parameters" in body else {}
    inputs: tuple[str, ...] = (INPUT,)
    if "inputs" in body:
        inputs = tuple(place.text(one, "an input") for one in place.items(body["inputs"], "inputs"))
        for one in inputs:
            checked_name(one, place)
        if len(set(inputs)) < len(inputs):
            raise place.at(body["inputs"].line).fault("two inputs have the same name")
    outputs = outputs_of(body["outputs"], place) if "outputs" in body else None
    return Block(name, node.line, parameters, inputs, items_of(body.get("layers"), place), outputs)


def outputs_of(node: Node, place: Place) -> tuple[str, ...]:
    """The names of what a spec or a block puts out: one, or a list."""
    return tuple(
        place.text(one, "an output") for one in (place.items(node, "outputs") if isinstance(node, Items) else (node,))
    )


def items_of(node: Node | None, place: Place) -> tuple[Item, ...]:
    """The items of a `layers:` list."""
    if node is None:
        raise place.fault("`layers` is missing, allowed: a list of layers")
    return tuple(item_of(one, place) for one in place.items(node, "layers"))


def item_of(node: Node, place: Place) -> Item:
    """One item: a bare kind, or a mapping with exactly one kind, `block`, `repeat` or `call`."""
    place = place.at(node.line)
    if isinstance(node, Scalar):
        kind = kind_named(place.text(node, "an item"), place, NO_KINDS)
        return Item(node.line, KindUse(kind, {}))
    if isinstance(node, Items) or not node.entries:
        raise place.fault(f"an item is {shown(node)}, allowed: a kind of layer, or a mapping with one")
    entries = node.entries
    key = _subject(entries, place)
    place.only(entries, (*BESIDE.get(key, BESIDE["layer"]), key), f"an item with {key}")
    options = {option: entries[option] for option in ITEM_SETTINGS if option in entries}
    name = options.pop("name", None)
    subject: KindUse | BlockUse | Repeat | Again
    if key == "block":
        given = place.entries(entries["with"], "with") if "with" in entries else {}
        subject = BlockUse(place.text(entries[key], "block"), given)
    elif key == "repeat":
        subject = Repeat(entries[key], _repeated(entries, name is not None, place))
    elif key == "call":
        subject = Again(place.text(entries[key], "call"))
    else:
        inside, settings = options_of(place.entries(entries[key], f"the settings of {key}"))
        for option in inside:
            if option in entries:
                raise place.at(entries[option].line).fault(f"{option} stands beside {key} and among its settings")
        name = inside.pop("name", name)
        options |= inside
        subject = KindUse(kind_named(key, place), settings)
    return Item(
        node.line,
        subject,
        checked_name(place.text(name, "name"), place.at(name.line)) if name else None,
        tuple(_reads(entries["from"], place)) if "from" in entries else None,
        entries["from"].line if "from" in entries else node.line,
        options,
    )


def options_of(settings: Nodes) -> tuple[dict[str, Node], Nodes]:
    """What may stand beside a kind, taken out of the settings of a layer; and the settings without it."""
    options = {key: settings[key] for key in ITEM_SETTINGS if key in settings}
    return options, {key: node for key, node in settings.items() if key not in options}


def _subject(entries: Nodes, place: Place) -> str:
    """The kind, `block`, `repeat` or `call` of an item."""
    subjects = [key for key in entries if key not in EVERY_KEY]
    if len(subjects) == 1:
        (subject,) = subjects
        if subject not in NO_KINDS:
            kind_named(subject, place.at(entries[subject].line), NO_KINDS)
        return subject
    if not subjects:
        raise place.fault(
            f"an item has only {', '.join(entries)}, allowed: one kind of layer, `block`, `repeat` or `call` with it"
        )
    from convcost.layers import LAYERS

    kinds = [key for key in subjects if key in LAYERS or key in NO_KINDS]
    strays = [key for key in subjects if key not in kinds]
    if len(kinds) == 1:
        hint = f"; settings of {kinds[0]} stand under it, indented" if kinds[0] in LAYERS else ""
        raise place.at(entries[strays[0]].line).fault(f"{shown(strays[0])} stands beside {kinds[0]}{hint}")
    raise place.fault(f"an item has {len(subjects)} kinds, {' and '.join(subjects[:4])}; allowed: one")


def _repeated(entries: Nodes, named: bool, place: Place) -> tuple[Item, ...]:
    items = items_of(entries.get("layers"), place)
    if not named:
        for item in items:
            if item.name is not None:
                raise place.at(item.line).fault(
                    f"{shown(item.name)} would be used in every round: give the repeat a name, and its rounds are"
                    " name1, name2, …"
                )
    return items


def _reads(node: Node, place: Place) -> Iterator[str]:
    for one in place.items(node, "from") if isinstance(node, Items) else (node,):
        yield place.text(one, "from")


def checked_name(name: str, place: Place) -> str:
    """`name`, where paths can hold it."""
    if "/" in name:
        raise place.fault(f"the name {shown(name)} holds a slash, which separates the names in a path")
    return name
