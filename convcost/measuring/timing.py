"""How candidates are timed so that they can be compared: in rounds, there and back, each round a turn for every one.

What slows a machine down for a while (another program, heat) then slows all candidates alike. A turn warms up, and
gives the median of its runs; what is told of a candidate is the median of its turns, and the spread around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

import msgspec

Run = Callable[[], object]
"""Runs a candidate once."""

Clock = Callable[[], float]
"""Seconds since some moment."""

WARM_UP = 0.25
"""The share of a turn that is run before it, untimed: caches, branch predictors and clocks settle."""


class Pace(msgspec.Struct, frozen=True):
    """How long to measure: rounds, and at least so many seconds for each candidate over all of them."""

    rounds: int = 10
    seconds: float = 1.0

    @property
    def turn(self) -> float:
        """Seconds of one turn."""
        return self.seconds / self.rounds


class Sample(msgspec.Struct, frozen=True):
    """One turn of a candidate, by its place: the median of its runs, in seconds."""

    place: int
    seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """What came of a candidate: the seconds of each of its turns, or why it could not be timed.

    Without either, the measuring ended before its first turn.
    """

    turns: tuple[float, ...] = ()
    problem: str = ""

    @property
    def median(self) -> float | None:
        """Of the turns, in seconds; None where there are none."""
        return median(self.turns) if self.turns else None

    @property
    def best(self) -> float | None:
        """The quickest turn, in seconds: what disturbs a machine can only make a turn longer."""
        return min(self.turns, default=None)

    @property
    def spread(self) -> float | None:
        """The median absolute deviation of the turns, in seconds: half of them are closer to the median."""
        middle = self.median
        return None if middle is None else median(abs(turn - middle) for turn in self.turns)


class Timed(msgspec.Struct, frozen=True):
    """What came of every candidate, by name; by which runtime, and whether Ctrl-C ended it before its time."""

    outcomes: Mapping[str, Outcome]
    runtime: str
    interrupted: bool = False


def interleaved(runs: Sequence[Run], pace: Pace, clock: Clock) -> Iterator[Sample]:
    """A sample of every candidate in every round: in order in the first, backwards in the second, and so on."""
    for number in range(pace.rounds):
        places = range(len(runs)) if number % 2 == 0 else reversed(range(len(runs)))
        for place in places:
            yield Sample(place, turn(runs[place], pace.turn, clock))


def turn(run: Run, seconds: float, clock: Clock) -> float:
    """The median time of one run, over as many as fill `seconds`, and at least one."""
    _runs(run, WARM_UP * seconds, clock)
    return median(_runs(run, seconds, clock))


def _runs(run: Run, seconds: float, clock: Clock) -> list[float]:
    taken: list[float] = []
    start = now = clock()
    while not taken or now - start < seconds:
        run()
        before, now = now, clock()
        taken.append(now - before)
    return taken
