"""Parameters of a spec and of its blocks: declared with a default, or with null where one must be given."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from math import trunc
from typing import Any

from convcost.errors import ConvcostError
from convcost.expressions import FUNCTIONS, LARGEST, evaluate
from convcost.many import is_number
from convcost.readers.spec.place import Place, shown
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar, parse
from convcost.suggestions import did_you_mean

Names = Mapping[str, Any]
"""What parameters stand for: numbers, texts, true, false, null, and lists of them."""

_WORD = re.compile(r"[A-Za-z_]\w*")


def declared(node: Node, place: Place) -> Mapping[str, Node]:
    """The parameters that a spec or a block declares, each with its default."""
    entries = place.entries(node, "parameters")
    for name, default in entries.items():
        if not _WORD.fullmatch(name) or keyword.iskeyword(name) or name in FUNCTIONS:
            raise place.at(default.line).fault(
                f"a parameter is named {shown(name)}, allowed: letters, digits and _, no function and no Python keyword"
            )
    return entries


def bound(declared: Mapping[str, Node], given: Names, outer: Names, place: Place, missing: str) -> dict[str, Any]:
    """All names of a scope: those of the `outer` one, then each declared parameter as given or by its default.

    A default may use the parameters above it. `missing` says how a parameter is given. Raises ConvcostError where one
    is given that is not declared, or not given that must be.
    """
    for name in given:
        if name not in declared:
            hint = did_you_mean(name, declared) or f"; its parameters are {', '.join(declared) or 'none'}"
            raise place.fault(f"no parameter is named {shown(name)}{hint}")
    names = dict(outer)
    for name, default in declared.items():
        if name in given:
            names[name] = given[name]
        elif isinstance(default, Scalar) and default.value is None:
            raise place.fault(f"parameter {shown(name)} must be given: {missing.format(name=name)}")
        else:
            names[name] = value_of(default, names, place)
    return names


def value_of(node: Node, names: Names, place: Place) -> Any:
    """What a parameter is set to: a number, an expression, a word, true, false, null, or a list of them."""
    if isinstance(node, Items):
        return tuple(value_of(item, names, place) for item in node.items)
    if isinstance(node, Entries):
        raise place.at(node.line).fault(f"a parameter is {shown(node)}, allowed: a number, a word or a list of them")
    if not isinstance(node.value, str):
        return node.value
    if node.value in names:
        return names[node.value]
    if _WORD.fullmatch(node.value):
        return node.value
    return number(node.value, names, place.at(node.line))


def integer(node: Node, names: Names, place: Place, what: str, least: int) -> int:
    """An int of `least` or more, from a number, a parameter or an expression; cut down as Python's int() does."""
    value: Any = node.value if isinstance(node, Scalar) else node
    if isinstance(value, str):
        value = names[value] if value in names else number(value, names, place.at(node.line))
    if not is_number(value) or trunc(value) < least:
        raise place.at(node.line).fault(f"{what} is {shown(value)}, allowed: an int of {least} or more")
    return trunc(value)  # type: ignore[no-any-return]


def number(text: str, names: Names, place: Place) -> int | float:
    """The number that an expression stands for."""
    try:
        return evaluate(text, names)
    except ConvcostError as error:
        raise place.fault(str(error)) from None


def from_outside(given: Names, source: str) -> dict[str, Any]:
    """Parameters as the command line or a program hands them over: a text means what it would mean in the file."""
    return {name: _outside(value, Place(source, owner=f"--set {name}", outside=True)) for name, value in given.items()}


def _outside(value: Any, place: Place) -> Any:
    if isinstance(value, str) and value.strip():
        return value_of(parse(value, f"{place.source}: {place.owner}"), {}, place)
    if isinstance(value, list | tuple):
        return tuple(_outside(one, place) for one in value)
    if isinstance(value, bool) or is_number(value):
        if not -LARGEST <= value <= LARGEST:
            raise place.fault("its value is out of bounds, allowed: within ±10^18")
        return value
    raise place.fault(f"got {shown(value)}, allowed: a number, a word, true, false, or a list of them")
