"""Numbers that stand for many at once: a sweep sends all its configurations through the same rules in one go.

Such a number computes and compares like any other. Where a rule needs one answer (it branches, counts rounds, or says
the number in a message) and the configurations differ in it, the number itself sends them separate ways: see
`convcost.sweeping`. So rules need not know of it. The few functions here only spare it ways that need not part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class Many(ABC):
    """A number for each of many configurations; not all are equal. `convcost.sweeping.grid` makes them."""

    __slots__ = ("serial",)

    serial: int
    """No other has the same."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[Any, Any]:
        """The least and the greatest of the numbers."""

    @abstractmethod
    def choose(self, yes: Any, no: Any) -> Any:
        """`yes` where the number is true, else `no`."""

    @abstractmethod
    def part_by(self, test: Callable[[Any], bool] | None = None) -> Exception:
        """What to raise so that configurations go separate ways by what `test` says, or by the number itself."""


def is_number(value: Any) -> bool:
    """Whether `value` is a number (a bool is none), or many."""
    return type(value) in (int, float) or isinstance(value, Many)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """`yes if condition else no`."""
    if isinstance(condition, Many):
        return condition.choose(yes, no)
    return yes if condition else no


def largest(first: Any, second: Any, *more: Any) -> Any:
    """Python's `max`."""
    for one in (second, *more):
        first = choose(one > first, one, first)
    return first


def smallest(first: Any, second: Any, *more: Any) -> Any:
    """Python's `min`."""
    for one in (second, *more):
        first = choose(one < first, one, first)
    return first
