"""A number for many computes as Python does for each: value, type and failure, wherever configurations part."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.expressions import evaluate
from convcost.many import choose, largest, smallest
from convcost.sweeping.grid import Grid, Parting, many


def each(how: Callable[..., Any], *columns: Sequence[Any]) -> list[Any]:
    """`how` on many at once, configurations going separate ways where they must."""
    places, found = [np.arange(len(columns[0]))], [None] * len(columns[0])
    while places:
        part = places.pop()
        try:
            numbers = [many([column[place] for place in part]) for column in columns]
            result = outcome(how, *numbers)
        except Parting as parting:
            parts = [part[parting.labels == label] for label in np.unique(parting.labels)]
            if len(parts) == 1:
                raise RuntimeError("configurations part without need") from None
            places += parts
            continue
        values = result.values.tolist() if isinstance(result, Grid) else [result] * len(part)
        for place, value in zip(part, values, strict=True):
            found[place] = value
    return found


def outcome(how: Callable[..., Any], *numbers: Any) -> Any:
    try:
        return how(*numbers)
    except (ArithmeticError, TypeError, ValueError) as error:
        return type(error).__name__


def told(value: Any) -> Any:
    """What tells one result from another: NaN is NaN, 1 is not 1.0; an int beside bools is one."""
    if isinstance(value, complex):
        return "text", "TypeError"  # which comparing it raises
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else value
    return ("text" if isinstance(value, str) else "int"), value


few = settings(max_examples=40)
ints = (
    st.integers(-5, 5)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([2**31, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63])
)
floats = st.floats(allow_nan=False).map(lambda one: one + 0.0) | st.sampled_from(
    [0.5, 1.5, 2.5, -0.5, 0.0, 1e18, 2.0**63]
)
columns = st.integers(1, 6).flatmap(
    lambda size: st.tuples(
        *[st.lists(ints, min_size=size, max_size=size) | st.lists(floats, min_size=size, max_size=size)] * 2
    )
)
TWO = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod]
TWO += [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, largest, smallest]
ONE = [math.trunc, math.floor, math.ceil, round, operator.neg, operator.pos, abs, bool, int, str, "{:,}".format]


@pytest.mark.parametrize("how", TWO, ids=lambda how: how.__name__)
@few
@given(columns)
def test_two_numbers(how: Callable[..., Any], found: tuple[list[Any], list[Any]]) -> None:
    left, right = found
    assert list(map(told, each(how, left, right))) == [
        told(outcome(how, *pair)) for pair in zip(left, right, strict=True)
    ]


@pytest.mark.parametrize("how", TWO, ids=lambda how: how.__name__)
@few
@given(columns)
def test_beside_a_plain_number(how: Callable[..., Any], found: tuple[list[Any], list[Any]]) -> None:
    many_, (plain, *_) = found
    for law in (lambda one: how(one, plain), lambda one: how(plain, one)):
        assert list(map(told, each(law, many_))) == [told(outcome(law, one)) for one in many_]


@pytest.mark.parametrize("how", ONE, ids=lambda how: how.__name__)
@few
@given(columns)
def test_one_number(how: Callable[..., Any], found: tuple[list[Any], list[Any]]) -> None:
    (numbers, _) = found
    assert list(map(told, each(how, numbers))) == [told(outcome(how, one)) for one in numbers]


@given(st.lists(st.integers(-4, 4) | st.sampled_from([0.5, -0.5, 2.0]), min_size=2, max_size=6), st.integers(-3, 3))
def test_powers(numbers: list[Any], exponent: int) -> None:
    for law in (lambda one: one**exponent, lambda one: exponent**one):
        wanted = [outcome(law, one) for one in numbers]
        assert list(map(told, each(law, numbers))) == list(map(told, wanted))


@few
@given(columns)
def test_choices(found: tuple[list[Any], list[Any]]) -> None:
    def how(left: Any, right: Any) -> Any:
        return choose(left < right, left, right * 2)

    left, right = found
    assert list(map(told, each(how, left, right))) == [
        told(outcome(how, *pair)) for pair in zip(left, right, strict=True)
    ]


EXPRESSIONS = [
    "make_divisible(32 * a, 8)",
    "int(a * b)",
    "round(a * 4.5)",
    "ceil(a / b)",
    "floor(-a / 3)",
    "max(8, a, b)",
]
EXPRESSIONS += ["min(a, 3) // b", "a ** b", "2 ** a", "a % b - a", "max(1280, 1280 * a)", "int(a) * 10 ** 17 * b"]


@pytest.mark.parametrize("text", EXPRESSIONS)
@few
@given(columns)
@example(([0.1, 0.2, 0.3], [1, 2, 3]))
@example(([-8, -8, 8, 0], [0.5, 2.0, 0.5, 0.0]))
def test_expressions(text: str, found: tuple[list[Any], list[Any]]) -> None:
    """As in a spec: also what is refused, and with which words."""

    def how(a: Any, b: Any) -> Any:
        try:
            return evaluate(text, {"a": a, "b": b})
        except ConvcostError as error:
            return str(error)

    left, right = found
    assert list(map(told, each(how, left, right))) == [told(how(*pair)) for pair in zip(left, right, strict=True)]


def test_products_beyond_64_bits_are_exact() -> None:
    numbers = [2**31, 2**32, 2**33 + 1]
    assert each(lambda one: one * one * one, numbers) == [one**3 for one in numbers]
    assert each(lambda one: (one * one - 1) // one, numbers) == [one - 1 for one in numbers]


def test_ints_beside_floats_are_exact() -> None:
    """2^53 + 1 is no float: numpy would take it for 2^53."""
    numbers = [2**53 + 1, 2**53 + 3, 2**60 + 1]
    assert each(operator.gt, numbers, [2.0**53, 2.0**53 + 4, 2.0**60]) == [True, False, True]
    assert each(operator.eq, numbers, [2.0**53, 2.0**53 + 4, 2.0**60]) == [False] * 3
    thirds = [3 * 2**60 + 1, 7 * 2**55 + 3, 9]
    assert each(operator.truediv, thirds, [2**58 + 1, 7, 2**54 + 1]) == [
        thirds[0] / (2**58 + 1),
        thirds[1] / 7,
        9 / (2**54 + 1),
    ]


def test_equal_numbers_are_one_plain_number() -> None:
    assert type(many([3, 3])) is int
    assert type(many([0.5, 0.5])) is float
    assert (many([1, 2]) > 0) is True


def test_no_number_for_many_is_in_a_set() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        {many([1, 2])}
