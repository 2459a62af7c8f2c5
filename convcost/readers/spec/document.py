"""The top level of a spec: its version, parameters, inputs, defaults, blocks, layers and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.layers.passing import InputLayer
from convcost.model import FLOAT32, Call, Layer, Model, Policy
from convcost.readers.spec.graph import Around, Defaults, Scope, Spec, policy_named
from convcost.readers.spec.items import INPUT, Nodes, blocks_of, checked_name, items_of, options_of, outputs_of
from convcost.readers.spec.parameters import Names, bound, declared, from_outside, integer, value_of
from convcost.readers.spec.place import Place, shown
from convcost.readers.spec.settings import kind_named, values
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar

VERSION = 1
KEYS = (
    *("convcost", "name", "source", "parameters", "input", "inputs", "dtype"),
    *("defaults", "blocks", "layers", "outputs"),
)


def model_of(root: Node, source: str, name: str, parameters: Mapping[str, Any]) -> Model:
    """The model that a spec describes, with `parameters` in the place of its own; `name` where it tells none."""
    place = Place(source)
    if not isinstance(root, Entries) or "convcost" not in root.entries:
        raise place.fault("no spec: it has no line `convcost: 1`")
    entries = root.entries
    version = entries["convcost"]
    if not isinstance(version, Scalar) or version.value != VERSION or version.value is True:
        raise place.at(version.line).fault(f"convcost is {shown(version)}, allowed: {VERSION}, the format's version")
    place.only(entries, KEYS, "a spec")
    for key in ("name", "source"):
        if key in entries:
            place.text(entries[key], key)
    names = bound(
        declared(entries["parameters"], place) if "parameters" in entries else {},
        from_outside(parameters, source),
        {},
        place,
        "--set {name}=…",
    )
    blocks = blocks_of(entries["blocks"], place) if "blocks" in entries else {}
    items = items_of(entries.get("layers"), place)
    spec = Spec(source, blocks, _defaults(entries, names, place), names, items)
    around = Around(names, policy=_policy(entries, names, place))
    scope = Scope(spec, around, _inputs(entries, names, place), items)
    if all(layer.kind == "InputLayer" for layer in scope.layers):
        raise place.at(entries["layers"].line).fault("no layer is left: every repeat is 0")
    told = place.text(entries["name"], "name") if "name" in entries else name
    outputs = outputs_of(entries["outputs"], place) if "outputs" in entries else None
    here = place.at(entries["outputs"].line) if "outputs" in entries else place
    return scope.model(told, scope.outputs(outputs, here))


def _policy(entries: Nodes, names: Names, place: Place) -> Policy:
    if "dtype" not in entries:
        return FLOAT32
    node = entries["dtype"]
    return policy_named(value_of(node, names, place), place.at(node.line))


def _defaults(entries: Nodes, names: Names, place: Place) -> dict[str, Defaults]:
    """The settings that every layer of a kind has unless it says otherwise; checked even where none uses them."""
    defaults = {}
    for name, node in place.entries(entries["defaults"], "defaults").items() if "defaults" in entries else ():
        here = place.at(node.line, f"defaults of {shown(name)}")
        kind = kind_named(name, here)
        options, nodes = options_of(here.entries(node, "it"))
        if "name" in options:
            raise place.at(options["name"].line).fault("name is no default: a layer's name is its own")

        def refused(inner: Node) -> Any:
            raise here.at(inner.line).fault("a layer is no default")  # noqa: B023 (called in this round)

        defaults[name] = Defaults(values(kind, nodes, names, here, refused), nodes, options)
    return defaults


def _inputs(entries: Nodes, names: Names, place: Place) -> list[Layer]:
    """The layers at which tensors enter."""
    if ("input" in entries) == ("inputs" in entries):
        raise place.fault("a spec has one of `input: [height, width, channels]` and `inputs: {name: [...], ...}`")
    if "input" in entries:
        return [_input(INPUT, entries["input"], names, place)]
    inputs = place.entries(entries["inputs"], "inputs")
    if not inputs:
        raise place.at(entries["inputs"].line).fault("inputs is empty, allowed: one input or more")
    return [_input(checked_name(name, place.at(node.line)), node, names, place) for name, node in inputs.items()]


def _input(name: str, node: Node, names: Names, place: Place) -> Layer:
    place = place.at(node.line, f"input {shown(name)}")
    line, policy = node.line, FLOAT32
    if isinstance(node, Entries):
        place.only(node.entries, ("shape", "dtype"), "an input")
        if "dtype" in node.entries:
            policy = policy_named(value_of(node.entries["dtype"], names, place), place.at(node.entries["dtype"].line))
        if "shape" not in node.entries:
            raise place.fault("its shape is missing, allowed: a list such as [224, 224, 3]")
        node = node.entries["shape"]
    if not isinstance(node, Items):
        raise place.fault(f"its shape is {shown(node)}, allowed: a list such as [224, 224, 3]")
    sizes = [_size(size, names, place) for size in node.items]
    return Layer(name, "InputLayer", InputLayer(batch_shape=(None, *sizes)), (Call(),), policy=policy, line=line)


def _size(node: Node, names: Names, place: Place) -> int | None:
    """A size of an input; null leaves it open."""
    if isinstance(node, Scalar) and node.value is None:
        return None
    return integer(node, names, place, "a size", least=1)
