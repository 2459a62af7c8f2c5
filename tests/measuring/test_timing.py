"""Rounds, medians and spreads, with runs and a clock that take the time that they are told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.measuring.timing import Outcome, Pace, interleaved, turn


class World:
    """A clock, and runs that move it forward; `log` has the runs in their order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.log: list[str] = []

    def clock(self) -> float:
        return self.now

    def run(self, name: str, *seconds: float) -> Callable[[], None]:
        """Takes these seconds in turn, and the last of them from then on."""
        left = list(seconds)

        def once() -> None:
            self.log.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return once


def test_rounds_go_there_and_back() -> None:
    world = World()
    runs = [world.run(name, 1.0) for name in "abc"]
    samples = list(interleaved(runs, Pace(rounds=3, seconds=0.0), world.clock))
    assert [one.place for one in samples] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    # Each turn runs once to warm up, and once timed.
    assert "".join(world.log) == "aabbcc" + "ccbbaa" + "aabbcc"


def test_a_turn_is_the_median_of_as_many_runs_as_fill_it() -> None:
    world = World()
    # 0.25 s of warming up: one run of 9 s. Then 1 + 5 + 2 = 8 s fill a turn of 8.
    assert turn(world.run("a", 9.0, 1.0, 5.0, 2.0, 77.0), 8.0, world.clock) == 2.0
    assert len(world.log) == 4


def test_a_run_longer_than_its_turn_is_timed_once() -> None:
    world = World()
    assert turn(world.run("a", 50.0), 1.0, world.clock) == 50.0
    assert len(world.log) == 2


def test_a_pace_shares_its_seconds_among_the_rounds() -> None:
    assert Pace(rounds=8, seconds=2.0).turn == 0.25


def test_median_spread_and_best() -> None:
    outcome = Outcome((4.0, 1.0, 2.0, 9.0, 3.0))
    # Around the median 3: 1, 2, 1, 6, 0.
    assert (outcome.median, outcome.spread, outcome.best) == (3.0, 1.0, 1.0)


def test_nothing_was_measured() -> None:
    outcome = Outcome(problem="it ended")
    assert (outcome.median, outcome.spread, outcome.best) == (None, None, None)


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=20))
def test_half_of_the_turns_lie_within_the_spread(turns: list[float]) -> None:
    outcome = Outcome(tuple(turns))
    assert outcome.median is not None and outcome.spread is not None
    near = [one for one in turns if abs(one - outcome.median) <= outcome.spread * (1 + 1e-9)]
    assert 2 * len(near) >= len(turns)


@pytest.mark.parametrize("disturbed", [0, 3])
def test_a_disturbed_round_does_not_move_the_median(disturbed: int) -> None:
    turns = [1.0] * 7
    turns[disturbed] = 100.0
    assert Outcome(tuple(turns)).median == 1.0
