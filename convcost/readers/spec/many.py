"""Records whose settings stand for many configurations at once (`convcost.many`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from convcost.layers.base import Kind
from convcost.many import Many


def numbers_in(value: Any) -> list[Many]:
    """The numbers in a setting that stand for many."""
    if isinstance(value, list):
        return [one for item in value for one in numbers_in(item)]
    return [value] if isinstance(value, Many) else []


def record_of_many(kind: type[Kind], settings: Mapping[str, Any]) -> Kind:
    """The record with these settings, checked as those of one configuration are.

    Where something is wrong, configurations go separate ways until one is alone, and is told what.
    """
    types = _types(kind)
    some = next(number for value in settings.values() for number in numbers_in(value))
    try:
        return kind(**{name: _checked(value, types[name]) for name, value in settings.items()})
    except (msgspec.ValidationError, TypeError):
        raise some.part_by() from None


def _checked(value: Any, wanted: Any) -> Any:
    """`value` as a setting of this type holds it. Numbers are allowed by intervals: at both ends is in between too."""
    numbers = numbers_in(value)
    if not numbers:
        return msgspec.convert(value, wanted)
    if all(_allowed(_each(value, lambda number, end=end: number.extremes[end]), wanted) for end in (0, 1)):  # type: ignore[misc]
        return _each(value, lambda number: number, tuple)
    raise numbers[0].part_by(None if isinstance(value, list) else lambda one: _allowed(one, wanted))


def _allowed(value: Any, wanted: Any) -> bool:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        return False
    return True


def _each(value: Any, of: Callable[[Many], Any], made: type = list) -> Any:
    """A setting with something else in the place of each number that stands for many."""
    if isinstance(value, list):
        return made(_each(item, of, made) for item in value)
    return of(value) if isinstance(value, Many) else value


@cache
def _types(kind: type[Kind]) -> Mapping[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
