"""A number for each of many configurations, in an array, that computes exactly as Python's own numbers do.

Rules see a number. Where they need one answer (a branch, a count of rounds, a number in a message) and configurations
differ in it, `Parting` is raised: the configurations go separate ways, each with numbers that agree. So whatever a rule
does, it is right; what it does without asking is quick.

Integers that could pass 64 bits, and operations that numpy rounds in its own way, are computed one by one by Python.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from convcost.many import Many

Numbers = NDArray[Any]

_SERIALS = itertools.count()

LARGEST_INT = 2**63 - 1
EXACT_FLOAT = 2**53
"""Up to here every int is a float."""


class Parting(Exception):  # noqa: N818 (nothing is wrong)
    """Configurations must go separate ways: those with the same label together."""

    def __init__(self, labels: Numbers) -> None:
        super().__init__("configurations differ here")
        self.labels = labels


def many(values: Numbers | Sequence[Any]) -> Any:
    """The number that these are: a Grid, or a plain one where they are all equal."""
    array = _array(values)
    least, most = _ends(array)
    return least if least == most else Grid(array, max(-least, most))


def _ends(array: Numbers) -> tuple[Any, Any]:
    least, most = array.min(), array.max()
    return (least, most) if array.dtype == object else (least.item(), most.item())


def _made(array: Numbers, reach: Any) -> Any:
    """As `many`, where it is known how far from zero the numbers can be: mostly a glance tells that they differ."""
    return Grid(array, reach) if array[0] != array[-1] else many(array)


def _array(values: Numbers | Sequence[Any]) -> Numbers:
    """Ints as 64 bits where they fit, floats as doubles; raises Parting where they are mixed."""
    if isinstance(values, np.ndarray):
        return values
    kinds = np.array([isinstance(value, float) for value in values])
    if kinds.all():
        return np.array(values, np.float64)
    if kinds.any():
        raise Parting(kinds)
    fits = all(-LARGEST_INT <= value <= LARGEST_INT for value in values)
    return np.array(values, np.int64 if fits else object)


class Grid(Many):
    """See `many`, which makes one. The array holds int64, float64, bool, or Python's ints (object).

    No number is farther from zero than `reach`.
    """

    __slots__ = ("reach", "values")

    def __init__(self, values: Numbers, reach: Any) -> None:
        self.serial = next(_SERIALS)
        self.values = values
        self.reach = reach

    @property
    def extremes(self) -> tuple[Any, Any]:
        return _ends(self.values)

    def part_by(self, test: Callable[[Any], bool] | None = None) -> Exception:
        distinct, labels = np.unique(self.values, return_inverse=True)
        if test is not None:
            passed = np.array([test(value) for value in distinct.tolist()])
            if passed.any() and not passed.all():
                return Parting(passed[labels])
        return Parting(labels)

    def one(self, *_: Any) -> NoReturn:
        """What is asked where a single number is needed."""
        raise self.part_by()

    def __getattr__(self, name: str) -> Any:
        """What else plain numbers have (`bit_length`) is asked of plain ones."""
        if hasattr(int, name) or hasattr(float, name):
            self.one()
        raise AttributeError(name)

    __int__ = __index__ = __float__ = __complex__ = __str__ = __repr__ = __format__ = one

    def __bool__(self) -> bool:
        truth = self.values.astype(bool)
        if truth.all() or not truth.any():
            return bool(truth[0])
        raise Parting(truth)

    def choose(self, yes: Any, no: Any) -> Any:
        if _kind(yes) != _kind(no):
            return yes if self else no
        chosen = np.where(self.values.astype(bool), _values(yes), _values(no))
        return _made(chosen, max(_reach(yes), _reach(no)))

    def __neg__(self) -> Any:
        return _computed(operator.sub, 0, self) if self.values.dtype != np.float64 else many(-self.values)

    def __pos__(self) -> Any:
        return self + 0 if self.values.dtype == bool else self

    def __abs__(self) -> Any:
        return many(np.abs(self.values))

    def __trunc__(self) -> Any:
        return self._whole(np.trunc, math.trunc)

    def __floor__(self) -> Any:
        return self._whole(np.floor, math.floor)

    def __ceil__(self) -> Any:
        return self._whole(np.ceil, math.ceil)

    def __round__(self, digits: None = None) -> Any:
        return self._whole(np.rint, round)

    def _whole(self, quick: Callable[[Numbers], Numbers], exact: Callable[[Any], int]) -> Any:
        if self.values.dtype != np.float64:
            return +self
        if _farthest(self) < LARGEST_INT // 2:
            return many(quick(self.values).astype(np.int64))
        return _one_by_one(lambda value, _: exact(value), self, 0)

    def __add__(self, other: Any) -> Any:
        return _computed(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _computed(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _computed(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _computed(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _computed(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _computed(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _divided(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _divided(operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _divided(operator.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _divided(operator.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return _divided(operator.mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _divided(operator.mod, other, self)

    def __pow__(self, other: Any) -> Any:
        return _one_by_one(operator.pow, self, other) if _kind(other) else NotImplemented

    def __rpow__(self, other: Any) -> Any:
        return _one_by_one(operator.pow, other, self) if _kind(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return _compared(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _compared(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compared(operator.ge, self, other)

    def __eq__(self, other: object) -> Any:
        return _compared(operator.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return _compared(operator.ne, self, other)

    __hash__ = None  # type: ignore[assignment]  # in a set, what is equal here and there would be one or two


def _kind(value: Any) -> type | None:
    """int, float, or None for what is no number. A bool counts as the int that it is."""
    if isinstance(value, Grid):
        return float if value.values.dtype == np.float64 else int
    if isinstance(value, float):
        return float
    return int if isinstance(value, int) else None


def _values(value: Any) -> Any:
    """What numpy computes with."""
    if not isinstance(value, Grid):
        return int(value) if isinstance(value, bool) else value
    return value.values.astype(np.int64) if value.values.dtype == bool else value.values


def _reach(value: Any) -> Any:
    return value.reach if isinstance(value, Grid) else abs(value)


def _farthest(value: Any) -> Any:
    """How far from zero it really is."""
    return max(map(abs, value.extremes)) if isinstance(value, Grid) else abs(value)


def _computed(how: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Sum, difference or product. Of floats they are the same in numpy; of ints, where 64 bits hold them."""
    if _kind(left) is None or _kind(right) is None:
        return NotImplemented
    if _kind(left) is _kind(right) is int:
        bound = operator.mul if how is operator.mul else operator.add
        for far in (_reach, _farthest):
            reach = bound(far(left), far(right))
            if max(reach, far(left), far(right)) <= LARGEST_INT:
                return _made(how(_values(left), _values(right)), reach)
        return _one_by_one(how, left, right)
    return _one_by_one(how, left, right) if _passes_floats(left, right) else _in_floats(how, left, right)


def _in_floats(how: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    with np.errstate(all="ignore"):  # as Python has it: what overflows is infinite
        return many(how(_values(left), _values(right)))


def _divided(how: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if _kind(left) is None or _kind(right) is None:
        return NotImplemented
    if right == 0:
        raise ZeroDivisionError
    whole = _kind(left) is _kind(right) is int
    if how is operator.truediv and not _passes_floats(left, right):
        return _in_floats(how, left, right)
    if how is not operator.truediv and whole and _fits(left) and _fits(right):
        return _made(how(_values(left), _values(right)), max(_reach(left), _reach(right)))
    return _one_by_one(how, left, right)


def _compared(how: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if _kind(right) is None:
        return NotImplemented
    mixed = _kind(left) is not _kind(right)
    if not (_fits(left) and _fits(right)) or (mixed and _passes_floats(left, right)):
        return _one_by_one(how, left, right, bool)
    return _made(how(_values(left), _values(right)), 1)


def _fits(value: Any) -> bool:
    """Whether 64 bits hold it."""
    if isinstance(value, Grid):
        return value.values.dtype != object
    return isinstance(value, float) or abs(value) <= LARGEST_INT


def _passes_floats(left: Any, right: Any) -> bool:
    """Whether an int among the two is no float."""
    return any(_kind(one) is int and _farthest(one) > EXACT_FLOAT and not _is_float(one) for one in (left, right))


def _is_float(whole: Any) -> bool:
    """Whether a plain int is a float too, though large: numbers in an expression are compared with 10^18."""
    return not isinstance(whole, Grid) and abs(whole) <= LARGEST_INT and float(whole) == whole


def _real(value: Any) -> Any:
    """Raises TypeError for a complex number, which rules would refuse as soon as they compared it."""
    if isinstance(value, complex):
        raise TypeError
    return value


def _one_by_one(how: Callable[[Any, Any], Any], left: Any, right: Any, result: type | None = None) -> Any:
    """Computed by Python for each configuration; where some fail and others do not, they go separate ways."""
    size = len(left.values if isinstance(left, Grid) else right.values)
    lefts, rights = (_values(one).tolist() if isinstance(one, Grid) else [one] * size for one in (left, right))
    results: list[Any] = []
    failures: list[Exception | None] = []
    for first, second in zip(lefts, rights, strict=True):
        try:
            results.append(_real(how(first, second)))
            failures.append(None)
        except (ArithmeticError, ValueError, TypeError) as error:
            results.append(0)
            failures.append(error)
    kinds = [type(error) for error in failures]
    if len(set(kinds)) > 1:
        raise Parting(np.array([kinds.index(kind) for kind in kinds]))
    if failures[0] is not None:
        raise failures[0]
    return many(np.array(results, bool) if result is bool else results)
