"""Expressions: Python is the oracle where they are allowed; everything else is refused, and at once."""

from __future__ import annotations

import contextlib
import math
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from keras.src.applications.mobilenet_v2 import _make_divisible

from convcost.errors import ConvcostError
from convcost.expressions import LARGEST, evaluate, make_divisible


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("filters * alpha", 24.0),
        ("int(filters * 0.35)", 11),
        ("filters // 3 % 4", 2),
        ("-filters ** 2 / 4", -256.0),
        ("(1 + 2) * 3", 9),
        ("round(2.5) + floor(2.9) + ceil(2.1)", 2 + 2 + 3),
        ("min(filters, 16) + max(1, 2, 3)", 16 + 3),
        ("make_divisible(filters * alpha, 8)", 24),
        ("make_divisible(11)", 16),
        ("2 ** 0.5", math.sqrt(2)),
        (" 1_000 ", 1000),
    ],
)
def test_values(text: str, value: float) -> None:
    assert evaluate(text, {"filters": 32, "alpha": 0.75}) == value


@given(st.floats(0, 1e6), st.integers(1, 64))
def test_make_divisible_is_mobilenet_v2_s(value: float, divisor: int) -> None:
    assert make_divisible(value, divisor) == _make_divisible(value, divisor)


NUMBERS = st.integers(0, 10**6) | st.floats(0, 1e6, allow_nan=False)


class Beyond(Exception):
    """A value on the way, or the last one, is out of bounds."""


def evaluated(text: str, names: dict[str, float]) -> float:
    try:
        return evaluate(text, names)
    except ConvcostError as error:
        if "no number within" in str(error):
            raise Beyond from None
        raise


@given(
    st.recursive(
        NUMBERS.map(repr) | st.sampled_from(["alpha", "filters"]),
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner),
            st.builds("-{}".format, inner),
            st.builds("{}({})".format, st.sampled_from(["int", "floor", "ceil", "round"]), inner),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        ),
        max_leaves=6,
    )
)
def test_arithmetic_is_python_s(text: str) -> None:
    assume(len(text) <= 200)
    names = {"alpha": 0.75, "filters": 32}
    try:
        value = eval(text, {"floor": math.floor, "ceil": math.ceil}, names)  # our own text, made above
    except ZeroDivisionError:
        with pytest.raises(ConvcostError, match="division by zero"):
            evaluate(text, names)
        return
    with contextlib.suppress(Beyond):
        assert evaluated(text, names) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9**9**9", "no number within ±10^18"),
        ("9**9**9**9**9**9", "no number within ±10^18"),
        ("(-9)**9**9", "no number within ±10^18"),
        ("10**18 + 1", "no number within ±10^18"),
        ("999999999 * 999999999 * 99", "no number within ±10^18"),
        ("1e999", "no number within ±10^18"),
        ("1e999 - 1e999", "no number within ±10^18"),
        ("1 / 0", "a division by zero"),
        ("0 ** -1", "a division by zero"),
        ("make_divisible(3, 0)", "a division by zero"),
        ("(-2) ** 0.5", "cannot be computed"),
        ("min(3)", "cannot be computed"),
        ("round(5, -1000000000)", "cannot be computed"),
        ("alhpa", "no parameter is named 'alhpa'; did you mean 'alpha'?"),
        ("min + 1", "no parameter is named 'min'"),
        ("text * 2", "parameter 'text' is 'relu', allowed: a number"),
        ("flag + 2", "parameter 'flag' is True, allowed: a number"),
        ("1" + "+1" * 100, "an expression of 201 characters, allowed: 200"),
        ("", "no expression"),
        ("3 4", "no expression"),
        ("12:30", "no expression"),
        ("True", "no expression"),
        ("1j", "no expression"),
        ("'a' * 9", "no expression"),
        ("alpha if alpha else 2", "no expression"),
        ("alpha and 2", "no expression"),
        ("alpha < 2", "no expression"),
        ("~3", "no expression"),
        ("1 << 9", "no expression"),
        ("[1][0]", "no expression"),
        ("[x for x in (1,)]", "no expression"),
        ("alpha.real", "no expression"),
        ("alpha.__class__", "no expression"),
        ("__import__('os').system('true')", "no expression"),
        ("(lambda: 1)()", "no expression"),
        ("min(*alpha)", "no expression"),
        ("max(1, 2, key=int)", "no expression"),
        ("(a := 3)", "no expression"),
        ("1or 2", "no expression"),
        ("(" * 150 + "1", "no expression"),
        ("\x00", "no expression"),
    ],
)
def test_refusals(text: str, message: str, recwarn: pytest.WarningsRecorder) -> None:
    start = time.process_time()
    with pytest.raises(ConvcostError) as refusal:
        evaluate(text, {"alpha": 0.5, "text": "relu", "flag": True})
    assert message in str(refusal.value)
    assert time.process_time() - start < 0.5
    assert not recwarn.list


@given(st.text(alphabet="0123456789.+-*/%() ,aelphminxotd_e", max_size=40))
def test_any_text_has_a_bounded_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(ConvcostError):
        assert -LARGEST <= evaluate(text, {"alpha": 0.5}) <= LARGEST
