"""The planner's optimum is that of brute force, on every small instance."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost.planning.knapsack import Option, least, solve


def brute_force(items: Sequence[Sequence[Option]], limits: Sequence[int]) -> tuple[float, int] | None:
    """The least loss of any choice within the limits, and the least first cost that has it."""
    found = [
        (sum(option.loss for option in choice), sum(option.costs[0] for option in choice))
        for choice in itertools.product(*items)
        if all(sum(option.costs[place] for option in choice) <= limit for place, limit in enumerate(limits))
    ]
    return min(found, default=None)


@st.composite
def instances(draw: st.DrawFn, limits: int) -> tuple[list[list[Option]], list[int]]:
    scale = draw(st.sampled_from([1, 1, 10**6, 10**12]))
    costs = st.tuples(*[st.integers(0, 30).map(lambda cost: scale * cost)] * limits)
    losses = st.one_of(st.integers(0, 4).map(float), st.floats(0, 1))
    items = draw(st.lists(st.lists(st.builds(Option, costs, losses), min_size=1, max_size=5), min_size=1, max_size=5))
    most = [sum(max(option.costs[place] for option in item) for item in items) for place in range(limits)]
    return items, [draw(st.integers(0, one)) for one in most]


def check(items: list[list[Option]], limits: list[int]) -> None:
    expected, chosen = brute_force(items, limits), solve(items, limits)
    if expected is None:
        assert chosen is None
        return
    assert chosen is not None
    options = [item[place] for item, place in zip(items, chosen, strict=True)]
    for place, limit in enumerate(limits):
        assert sum(option.costs[place] for option in options) <= limit
    assert sum(option.loss for option in options) == pytest.approx(expected[0], abs=1e-7)


@given(instances(1))
@settings(max_examples=300)
def test_one_limit(instance: tuple[list[list[Option]], list[int]]) -> None:
    check(*instance)


@given(instances(2))
@settings(max_examples=60)
def test_two_limits(instance: tuple[list[list[Option]], list[int]]) -> None:
    check(*instance)


def test_ties_go_to_the_smaller_cost_and_then_to_the_first() -> None:
    items = [[Option((5,), 1.0), Option((3,), 1.0), Option((3,), 1.0)]]
    assert solve(items, [10]) == [1]


def test_an_impossible_limit_has_no_choice_and_least_says_how_far_it_gets() -> None:
    items = [[Option((5, 1), 0.0), Option((4, 9), 1.0)], [Option((2, 2), 0.0)]]
    assert solve(items, [5]) is None
    assert solve(items, [6, 2]) is None
    assert (least(items, 0), least(items, 1)) == (6, 3)


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert solve([[Option((5, 1), 0.0), Option((4, 9), 1.0)]] * 20, [90, 110]) is not None
    assert capfd.readouterr().out == ""


def test_a_choice_that_overspends_within_the_solvers_tolerance_is_none() -> None:
    """Both dear options spend 10⁹ + 2 of 10⁹: two parts in a billion more than there is."""
    items = [[Option((5 * 10**8 + 1, 1), 0.0), Option((4 * 10**8, 1), loss)] for loss in (1.0, 0.5)]
    assert solve(items, [10**9, 10]) == [0, 1]
    assert solve(items, [10**9 + 2, 10]) == [0, 0]


def test_what_c_code_prints_is_gone_in_a_pipe_too() -> None:
    """C's stdout has a buffer of its own, which a pipe would get when the program ends."""
    code = (
        "import ctypes; from convcost.planning.knapsack import _quiet\n"
        "with _quiet(): ctypes.CDLL(None).printf(b'noise')\n"
        "print('told')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout == "told\n"
