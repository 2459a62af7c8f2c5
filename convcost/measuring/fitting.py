"""The law of a kind of operation, fitted to measured times.

seconds = overhead + MACs / rate + bytes read / rate + bytes written / rate. The terms are fitted as seconds per unit,
none of them negative, to the relative errors: a layer of 5 µs matters as much as one of 5 ms. Errors weigh by their
size, not its square (iteratively reweighted least squares; Holland and Welsch, Communications in Statistics 6(9),
1977), so that a few times that were disturbed do not bend the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TERMS = ("macs", "read", "written")
"""Those that differ by kind; the overhead of a call is one for all kinds."""

STEPS = 30
SMALLEST_ERROR = 0.02
"""Relative errors below that weigh the same: they are within what a measurement varies."""


class Observation(msgspec.Struct, frozen=True):
    """An operation, and the seconds that it was measured to take."""

    macs: int
    read: int
    written: int
    seconds: float


class Fit(msgspec.Struct, frozen=True):
    """Seconds of a call, and for each unit of each term."""

    call: float
    macs: float
    read: float
    written: float

    def seconds(self, one: Observation) -> float:
        return self.call + self.macs * one.macs + self.read * one.read + self.written * one.written

    def error(self, one: Observation) -> float:
        """|predicted - measured| / measured."""
        return abs(self.seconds(one) / one.seconds - 1)


def fitted(kinds: Mapping[str, Sequence[Observation]]) -> dict[str, Fit]:
    """The law of each kind of operation.

    What a call takes besides its work hangs on the runtime, not on the kind, and few kinds have operations so small
    that it shows: it is the median of what each kind alone would have it be.
    """
    alone = {kind: _law(observations) for kind, observations in kinds.items()}
    call = median(fit.call for fit in alone.values()) if alone else 0.0
    return {kind: _law(observations, call) for kind, observations in kinds.items()}


def _law(observations: Sequence[Observation], call: float | None = None) -> Fit:
    """The terms with the least relative errors; that of the call too, if it is not given."""
    seconds = np.array([one.seconds for one in observations])
    amounts = np.array([[1, *(getattr(one, term) for term in TERMS)] for one in observations], dtype=np.float64)
    relative = amounts / seconds[:, None]
    target = np.ones(len(seconds))
    if call is not None:
        target, relative = np.clip(target - call * relative[:, 0], 0, None), relative[:, 1:]
    scale = np.where(relative.max(axis=0) > 0, relative.max(axis=0), 1.0)
    weights, terms = np.ones(len(seconds)), np.zeros(len(scale))
    for _ in range(STEPS):
        terms = _least_squares(relative / scale * weights[:, None], target * weights)
        errors = np.abs(relative / scale @ terms - target)
        weights = 1 / np.sqrt(np.maximum(errors, SMALLEST_ERROR))
    return Fit(*([] if call is None else [call]), *(terms / scale).tolist())


def _least_squares(matrix: Array, target: Array) -> Array:
    """The non-negative x with the least |matrix x - target|: of the solutions by some of the terms, the best such."""
    best, found = float("inf"), np.zeros(matrix.shape[1])
    for count in range(1, matrix.shape[1] + 1):
        for chosen in map(list, combinations(range(matrix.shape[1]), count)):
            solution = np.linalg.lstsq(matrix[:, chosen], target, rcond=None)[0]
            loss = float(np.square(matrix[:, chosen] @ solution - target).sum())
            if solution.min() >= 0 and loss < best:
                best, found = loss, np.zeros(matrix.shape[1])
                found[chosen] = solution
    return found
