"""Blocks that differ in the values of some settings alone become one block with parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from convcost.layers import find
from convcost.writers.spec_items import OPERATION, Block, Item

MOST_PARAMETERS = 5
"""Blocks that would need more are told one by one."""

Place = tuple[int, str]
"""An item of a block, by number, and one of its settings (or of what it gives to a block)."""


def merged(blocks: Mapping[str, Block], items: Sequence[Item]) -> tuple[dict[str, Block], list[Item]]:
    """The blocks that are left, and the items of the model with what they then give to them.

    Blocks are merged from the innermost outwards, since what a use gives to a block can be a parameter of the block
    around it.
    """
    depths: dict[str, int] = {}
    for name, block in blocks.items():  # inner ones come first
        depths[name] = 1 + max((depths[used] for used in _used(block.items)), default=0)
    uses: dict[str, Item] = {}
    left: dict[str, Block] = {}
    for depth in sorted(set(depths.values())):
        alike: dict[bytes, dict[str, Block]] = {}
        for name, block in blocks.items():
            if depths[name] == depth:
                block = msgspec.structs.replace(block, items=_with(block.items, uses))
                alike.setdefault(_skeleton(block), {})[name] = block
        for group in alike.values():
            new, given = _one_for(group)
            left |= new
            uses |= given
    return {name: left[name] for name in blocks if name in left}, _with(items, uses)


def _used(items: Sequence[Item]) -> Iterator[str]:
    """The names of the blocks that items use, those in wrappers too."""
    for item in items:
        if item.subject == "block":
            yield item.value
        elif isinstance(item.value, dict):
            for value in item.value.values():
                held = value if isinstance(value, list) else [value]
                yield from _used([one for one in held if isinstance(one, Item)])


def _with(items: Sequence[Item], uses: Mapping[str, Item]) -> list[Item]:
    """The items with their blocks as they are now."""
    return [_renewed(item, uses) for item in items]


def _renewed(item: Item, uses: Mapping[str, Item]) -> Item:
    if item.subject == "block":
        use = uses[item.value]
        return Item("block", use.value, {**item.beside, **use.beside})
    if not isinstance(item.value, dict):
        return item

    def held(value: Any) -> Any:
        if isinstance(value, list):
            return [held(one) for one in value]
        return _renewed(value, uses) if isinstance(value, Item) else value

    return Item(item.subject, {setting: held(value) for setting, value in item.value.items()}, item.beside)


def _skeleton(block: Block) -> bytes:
    """What blocks that can be merged have in common: all but the values of settings."""
    bones = []
    for item in block.items:
        beside = {key: value for key, value in item.beside.items() if key != "with"}
        what = item.subject if isinstance(item.value, dict) else (item.subject, item.value)
        held = {setting: value for setting, value in _given(item).items() if isinstance(value, Item | list)}
        bones.append((what, beside, held))
    return msgspec.json.encode((block.inputs, bones, block.outputs))


def _one_for(group: dict[str, Block]) -> tuple[dict[str, Block], dict[str, Item]]:
    """One block for all of a group, and what each of them is as a use of it; or all of them, as they are."""
    first, pattern = next(iter(group.items()))
    as_they_are = {name: Item("block", name) for name in group}
    if len(group) == 1:
        return group, as_they_are
    rows = [dict(_values(block)) for block in group.values()]
    places = list(dict.fromkeys(place for row in rows for place in row))
    columns = {place: [row.get(place, _default(pattern, place)) for row in rows] for place in places}
    # As texts, since True is 1 for Python.
    varying = {place: column for place, column in columns.items() if len(set(map(repr, column))) > 1}
    if any(isinstance(one, Item | dict | None) for column in varying.values() for one in column):
        return group, as_they_are
    named: dict[str, list[Any]] = {}
    parameter_at: dict[Place, str] = {}
    texts = {one for place in columns if place not in varying for one in columns[place] if isinstance(one, str)}
    for place, column in varying.items():
        known = next((name for name, values in named.items() if repr(values) == repr(column)), None)
        parameter_at[place] = known or _unused(place[1], {*named, *texts})
        named.setdefault(parameter_at[place], column)
    if len(named) > MOST_PARAMETERS:
        return group, as_they_are
    items = [_generalised(item, number, parameter_at) for number, item in enumerate(pattern.items)]
    uses = {
        name: Item("block", first, {"with": {parameter: column[row] for parameter, column in named.items()}})
        for row, name in enumerate(group)
    }
    return {first: Block(pattern.inputs, items, pattern.outputs, list(named))}, uses


def _values(block: Block) -> Iterator[tuple[Place, Any]]:
    for number, item in enumerate(block.items):
        for setting, value in _given(item).items():
            yield (number, setting), value


def _given(item: Item) -> dict[str, Any]:
    """The settings of a layer, or what is given to a block."""
    given = item.value if isinstance(item.value, dict) else item.beside.get("with", {})
    assert isinstance(given, dict)
    return given


def _default(block: Block, place: Place) -> Any:
    """What a setting is where it is not told; None where that is no plain value."""
    number, setting = place
    kind = block.items[number].subject
    record = find(kind.removeprefix(OPERATION), "keras.ops" if kind.startswith(OPERATION) else None)
    fields = {field.encode_name: field.default for field in msgspec.structs.fields(record)} if record else {}
    default = fields.get(setting)
    return default if isinstance(default, bool | int | float | str) else None


def _unused(setting: str, taken: set[str]) -> str:
    number = 1
    while (name := setting if number == 1 else f"{setting}_{number}") in taken:
        number += 1
    return name


def _generalised(item: Item, number: int, parameter_at: Mapping[Place, str]) -> Item:
    """An item that has parameters in the place of values."""
    here = {setting: name for (at, setting), name in parameter_at.items() if at == number}
    if not here:
        return item
    if isinstance(item.value, dict):
        return Item(item.subject, {**item.value, **here}, item.beside)
    return Item(item.subject, item.value, {**item.beside, "with": {**item.beside["with"], **here}})
