"""YAML values -> msgspec records, with errors that name the line, the key, what was got and what is allowed.

msgspec validates; it knows no lines and names the keys of a mapping `[...]`. So where it refuses a file, the innermost
value that it refuses by itself is what is wrong.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

import msgspec

from convcost.errors import ConvcostError
from convcost.readers.spec.place import shown
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar, plain
from convcost.suggestions import did_you_mean

T = TypeVar("T")


class Written:
    """A value that people write in a form of their own (`600M`), as a type of a record's field.

    `decoded` reads it, raising a ValueError that follows the key: "is '4.2M', allowed: …". `schema` describes it to
    editors. `mapping` is the record of its long form, where it has one.
    """

    schema: ClassVar[dict[str, Any]]
    mapping: ClassVar[Any] = None

    @classmethod
    def decoded(cls, written: Any) -> Any:
        raise NotImplementedError


def decode(kind: Any, written: Any) -> Any:
    """msgspec's hook for `Written` values."""
    return kind.decoded(written)


def located(node: Node, kind: type[T], source: str) -> T:
    """The record that a file holds. Raises ConvcostError at the line that is wrong."""
    try:
        return msgspec.convert(plain(node), kind, dec_hook=decode)
    except msgspec.ValidationError as error:
        raise _fault(node, kind, "", source, error) from None


def _fault(node: Node, kind: Any, name: str, source: str, error: msgspec.ValidationError) -> ConvcostError:
    """What is wrong in `node`, of which `error` says that something is."""
    described, kind = _alternative(node, kind)
    if isinstance(kind, type) and issubclass(kind, Written) and isinstance(node, Entries) and kind.mapping is not None:
        kind = kind.mapping
    for key, child, wanted in _children(node, kind):
        inside = f"{name}.{key}" if name else key
        if wanted is None:
            allowed = [field.encode_name for field in msgspec.structs.fields(kind)]
            near = did_you_mean(key, allowed)
            what = f"{name} has no {shown(key)}" if name else f"no key {shown(key)}"
            return ConvcostError(f"{source}:{child.line}: {what}{near}; allowed: {', '.join(allowed)}")
        try:
            msgspec.convert(plain(child), wanted, dec_hook=decode)
        except msgspec.ValidationError as inner:
            return _fault(child, wanted, inside, source, inner)
    return ConvcostError(f"{source}:{node.line}: {_said(node, described, kind, name, error)}")


def _said(node: Node, described: str, kind: Any, name: str, error: msgspec.ValidationError) -> str:
    cause = error.__cause__
    name = name or "the file"
    if cause is not None:
        return f"{name} {cause}"
    if isinstance(node, Entries) and "missing required field" in str(error):
        field = str(error).split("`")[1]
        return f"{name} has no {field!r}, which it needs{_described_field(kind, field)}"
    allowed = described or _words(kind)
    return f"{name} is {shown(node)}, allowed: {allowed}"


def _described_field(kind: Any, name: str) -> str:
    for field in msgspec.structs.fields(kind):
        if field.encode_name == name and (described := _alternative(None, field.type)[0]):
            return f": {described}"
    return ""


def _children(node: Node, kind: Any) -> Iterator[tuple[str, Node, Any]]:
    """What is inside a value: key, value, and the type that it must be of, None where the key is not known."""
    origin = get_origin(kind) or kind
    if isinstance(node, Entries) and isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for key, child in node.entries.items():
            yield key, child, fields.get(key)
    elif isinstance(node, Entries) and origin is dict:
        for key, child in node.entries.items():
            yield key, child, get_args(kind)[1]
    elif isinstance(node, Items) and origin is list:
        for number, child in enumerate(node.items, start=1):
            yield f"{number}", child, get_args(kind)[0]


def _alternative(node: Node | None, kind: Any) -> tuple[str, Any]:
    """The description of a type, and the one of its alternatives that a value of this form is meant to be."""
    described = ""
    while get_origin(kind) in (Annotated, Union, types.UnionType):
        if get_origin(kind) is Annotated:
            kind, *notes = get_args(kind)
            described = next((note.description for note in notes if isinstance(note, msgspec.Meta)), described) or ""
            continue
        members = [member for member in get_args(kind) if member not in (msgspec.UnsetType, type(None))]
        kind = next((member for member in members if _fits(node, member)), members[0])
    return described, kind


def _fits(node: Node | None, kind: Any) -> bool:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    origin = get_origin(kind) or kind
    mapping = isinstance(origin, type) and (origin is dict or issubclass(origin, msgspec.Struct))
    if isinstance(node, Entries):
        return mapping
    return (
        origin is list if isinstance(node, Items) else isinstance(node, Scalar) and not mapping and origin is not list
    )


def _words(kind: Any) -> str:
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and issubclass(origin, msgspec.Struct):
        return f"a mapping with {', '.join(field.encode_name for field in msgspec.structs.fields(kind))}"
    return _WORDS.get(origin, "another value")


_WORDS: dict[Any, str] = {str: "a text", int: "an integer", dict: "a mapping", list: "a list", typing.Any: "a value"}
