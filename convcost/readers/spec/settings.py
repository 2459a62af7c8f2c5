"""The settings of one kind of layer: YAML values -> the kind's record, with errors that name setting and line."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from functools import cache
from math import trunc
from typing import Any, Literal

import msgspec

from convcost.errors import ConvcostError
from convcost.expressions import evaluate
from convcost.layers import LAYERS, OPS, find
from convcost.layers.activations import FLOPS_PER_ELEMENT
from convcost.layers.base import IGNORED, IGNORED_ENDINGS, Kind
from convcost.many import is_number
from convcost.readers.spec.many import numbers_in, record_of_many
from convcost.readers.spec.parameters import Names
from convcost.readers.spec.place import Place, shown
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar, plain
from convcost.suggestions import did_you_mean

ITEM_SETTINGS = ("name", "trainable", "dtype")
"""What Keras takes as settings, and a spec beside the kind or among its settings."""


def kind_named(name: str, place: Place, also: tuple[str, ...] = ()) -> type[Kind]:
    """The record of a kind; `also`: what else may stand in its place. Raises ConvcostError where there is none."""
    kind = LAYERS.get(name)
    if kind is not None and name != "InputLayer":
        return kind
    if name == "InputLayer":
        raise place.fault("InputLayer is no item of a spec: write `input` or `inputs` at the top")
    if name.startswith(OPERATION):
        operation = find(name.removeprefix(OPERATION), "keras.ops")
        if operation is not None:
            return operation
        near = did_you_mean(name, [OPERATION + one for one in OPS])
        raise place.fault(f"no operation is named {shown(name)}{near}")
    raise place.fault(f"no kind of layer is named {shown(name)}{did_you_mean(name, (*LAYERS, *also))}")


OPERATION = "ops."
"""What stands before the name of an operation on tensors: they share names with layers."""


def title_of(kind: type[Kind]) -> str:
    """What a kind is called in a spec: `Conv2D`, `ops.Add`."""
    return f"{OPERATION}{kind.__name__}" if kind.registry is OPS else kind.__name__


class Wants(msgspec.Struct, frozen=True):
    """What a setting's type takes: which numbers, and whether texts."""

    integers: bool
    floats: bool
    texts: bool


@cache
def wants(kind: type[Kind]) -> Mapping[str, Wants]:
    """What each setting of `kind` takes."""
    return {field.encode_name: _wants(field.type) for field in msgspec.structs.fields(kind)}


def _wants(annotation: Any) -> Wants:
    leaves = set(_leaves(annotation))
    return Wants(int in leaves, bool(leaves & {float, Any}), bool(leaves & {str, Any}))


def _leaves(annotation: Any) -> typing.Iterator[Any]:
    """The types that an annotation is made of; of a Literal, the types of its values."""
    origin = typing.get_origin(annotation)
    if origin is Literal:
        yield from map(type, typing.get_args(annotation))
    elif origin is typing.Annotated:
        yield from _leaves(typing.get_args(annotation)[0])
    elif origin in (dict, Mapping):
        return
    elif origin is not None:
        for argument in typing.get_args(annotation):
            yield from _leaves(argument)
    else:
        yield annotation


def values(
    kind: type[Kind],
    entries: Mapping[str, Node],
    names: Names,
    place: Place,
    inner: Callable[[Node], Any],
) -> dict[str, Any]:
    """The settings in `entries` as Python values, expressions computed; those that do not matter here are left out.

    `inner` reads a layer that is a setting's value. Raises ConvcostError where `kind` has no such setting.
    """
    known = wants(kind)
    result = {}
    for setting, node in entries.items():
        if setting in kind.inner:
            result[setting] = _inner(node, inner)
        elif setting in known:
            here = place.at(node.line)
            result[setting] = value = _value(node, known[setting], names, here, setting)
            if setting.endswith("activation") and isinstance(value, str) and value.lower() not in FLOPS_PER_ELEMENT:
                near = did_you_mean(value, FLOPS_PER_ELEMENT)
                raise here.fault(f"{setting} is {shown(value)}, allowed: an activation of Keras{near}")
        elif setting not in IGNORED and not setting.endswith(IGNORED_ENDINGS):
            hint = did_you_mean(setting, known) or f"; its settings are {', '.join(known) or 'none'}"
            raise place.at(node.line).fault(f"no setting {shown(setting)}{hint}")
    return result


def _inner(node: Node, inner: Callable[[Node], Any]) -> Any:
    """A layer, a list of layers, or nothing."""
    if isinstance(node, Items):
        return [inner(item) for item in node.items]
    return None if isinstance(node, Scalar) and node.value is None else inner(node)


def _value(node: Node, wanted: Wants, names: Names, place: Place, setting: str) -> Any:
    if isinstance(node, Items):
        return [_value(item, wanted, names, place, setting) for item in node.items]
    if isinstance(node, Entries):
        return plain(node)
    value: Any = node.value
    if isinstance(value, str):
        if value in names:
            value = names[value]
        elif wanted.integers or wanted.floats:
            value = _computed(value, wanted, names, place, setting)
    return _fitting(value, wanted)


def _computed(text: str, wanted: Wants, names: Names, place: Place, setting: str) -> Any:
    """The number that an expression stands for; where texts are allowed too, what is no expression is a text."""
    try:
        return evaluate(text, names)
    except ConvcostError as error:
        if wanted.texts:
            return text
        raise place.fault(f"{setting} is {error}") from None


def _fitting(value: Any, wanted: Wants) -> Any:
    """`value`, cut down to an int as Python's int() does where only ints will do."""
    if isinstance(value, tuple):
        return [_fitting(one, wanted) for one in value]
    if is_number(value) and wanted.integers and not wanted.floats:
        return trunc(value)
    return value


_AT = re.compile(r"`\$\.(\w+)")
_MISSING = re.compile(r"missing required field `(\w+)`")


def record(kind: type[Kind], settings: Mapping[str, Any], written: Mapping[str, Node], place: Place) -> Kind:
    """The record with these settings; `written` is where the file has them."""
    try:
        if any(map(numbers_in, settings.values())):
            return record_of_many(kind, settings)
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        if missing := _MISSING.search(text):
            allowed = _described(kind, missing[1])
            raise place.fault(f"{missing[1]} is missing, allowed: {allowed}") from None
        if not (at := _AT.search(text)):
            raise place.fault(text) from None
        setting = at[1]
        got = shown(settings[setting])
        node = written.get(setting)
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value != settings[setting]:
            got += f" ({shown(node.value)})"
        here = place.at(node.line) if node else place
        raise here.fault(f"{setting} is {got}, allowed: {_described(kind, setting)}") from None
    except ConvcostError as error:
        raise place.fault(str(error)) from None


def _described(kind: type[Kind], setting: str) -> str:
    """What a setting takes, in words."""
    from msgspec import inspect

    (field,) = (field for field in msgspec.structs.fields(kind) if field.encode_name == setting)
    return " or ".join(dict.fromkeys(_words(inspect.type_info(field.type))))


def _words(kind: Any) -> typing.Iterator[str]:
    from msgspec import inspect

    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _words(one)
    elif isinstance(kind, inspect.IntType):
        yield "an int" if kind.ge is None else f"an int of {kind.ge} or more"
    elif isinstance(kind, inspect.LiteralType):
        yield from map(shown, kind.values)
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType):
        yield f"a list, each {' or '.join(_words(kind.item_type))}"
    else:
        yield _WORDS.get(type(kind).__name__, "a value as Keras writes it")


_WORDS = {
    "FloatType": "a number",
    "BoolType": "true or false",
    "StrType": "a text",
    "NoneType": "null",
    "StructType": "a layer",
}
