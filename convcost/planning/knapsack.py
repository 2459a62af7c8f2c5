"""The cheapest choice of one option per item under limits: a multiple-choice knapsack, proven optimal.

The sum of the losses is what is made small. Under one limit: an exact merge, item after item, of all states (cost,
loss) that no other state beats in both, pruned by a Lagrangian bound; numpy alone. Under several: a mixed-integer
program (`scipy.optimize.milp`), whose answer is checked in integers.

Ties go to the smaller first cost, then to the option that stands first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from convcost.errors import MeasureError

Array: TypeAlias = npt.NDArray[Any]


class Option(msgspec.Struct, frozen=True):
    """What one choice costs, by limit, and what it loses. Costs are exact; a loss is 0 or more."""

    costs: tuple[int, ...]
    loss: float


Items = Sequence[Sequence[Option]]


def solve(items: Items, limits: Sequence[int]) -> list[int] | None:
    """For each item the place of its chosen option, or None where no choice meets the limits.

    Raises MeasureError where several limits ask for the extra that solves them.
    """
    if len(limits) == 1:
        return _one_limit(items, limits[0])
    return _several_limits(items, limits)


def least(items: Items, place: int) -> int:
    """The least that any choice costs under the limit at `place`."""
    return sum(min(option.costs[place] for option in options) for options in items)


def _one_limit(items: Items, limit: int) -> list[int] | None:
    if least(items, 0) > limit:
        return None
    limit = min(limit, sum(max(option.costs[0] for option in options) for options in items))  # fits an int64
    kept = [_undominated(options) for options in items]
    costs = [
        np.array([options[place].costs[0] for place in places], np.int64)
        for options, places in zip(items, kept, strict=True)
    ]
    losses = [np.array([options[place].loss for place in places]) for options, places in zip(items, kept, strict=True)]
    price, bound = _price(costs, losses, limit)
    slack = 1e-9 * (1 + abs(bound))
    # Items whose second-best option is dearest to take go first: they leave fewest states.
    order = sorted(range(len(items)), key=lambda item: -_regret(losses[item] + price * costs[item]))
    rest_cost = sum(int(one.min()) for one in costs)
    rest_loss = sum(float((loss + price * cost).min()) for cost, loss in zip(costs, losses, strict=True))
    state_costs, state_losses = np.zeros(1, np.int64), np.zeros(1)
    history: list[tuple[int, Array, Array]] = []
    for item in order:
        cost, loss = costs[item], losses[item]
        rest_cost -= int(cost.min())
        rest_loss -= float((loss + price * cost).min())
        summed = (state_costs[:, None] + cost[None]).ravel()
        lost = (state_losses[:, None] + loss[None]).ravel()
        possible = (summed + rest_cost <= limit) & (lost + price * (summed - limit) + rest_loss <= bound + slack)
        places = np.flatnonzero(possible)
        places = places[np.lexsort((lost[places], summed[places]))]
        better = np.minimum.accumulate(lost[places])
        places = places[np.concatenate(([True], lost[places][1:] < better[:-1]))] if len(places) else places
        history.append((item, places // len(cost), places % len(cost)))
        state_costs, state_losses = summed[places], lost[places]
    state = int(np.lexsort((state_costs, state_losses))[0])
    chosen = [0] * len(items)
    for item, parents, options in reversed(history):
        chosen[item] = kept[item][int(options[state])]
        state = int(parents[state])
    return chosen


def _undominated(options: Sequence[Option]) -> list[int]:
    """The places of options that no other beats in cost and loss, by rising cost."""
    kept: list[int] = []
    for place in sorted(range(len(options)), key=lambda one: (options[one].costs[0], options[one].loss, one)):
        if not kept or options[place].loss < options[kept[-1]].loss:
            kept.append(place)
    return kept


def _regret(values: Array) -> float:
    """How much the second-best value is above the best."""
    return float(np.partition(values, 1)[1] - values.min()) if len(values) > 1 else float("inf")


def _price(costs: Sequence[Array], losses: Sequence[Array], limit: int) -> tuple[float, float]:
    """What a unit of cost is worth at the limit (the Lagrangian multiplier), and the loss of a choice that meets it."""
    cost, loss = _padded(costs, np.int64(0)), _padded(losses, np.inf)
    rows = np.arange(len(costs))

    def at(price: float) -> Array:
        places: Array = np.argmin(loss + price * cost, axis=1)
        return places

    def spent(price: float) -> int:
        return int(cost[rows, at(price)].sum())

    if spent(0.0) <= limit:
        return 0.0, float(loss[rows, at(0.0)].sum())
    low, high = 0.0, 1e-9
    while spent(high) > limit and high < 1e300:
        low, high = high, 8 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > limit else (low, middle)
    if spent(high) > limit:  # the price that forces the cheapest option everywhere is beyond floats
        return 0.0, float(loss[:, 0].sum())
    return high, _improved(costs, losses, at(high).tolist(), limit)


def _padded(rows: Sequence[Array], filler: Any) -> Array:
    """Rows of one length in one array; what is missing is `filler`."""
    padded = np.full((len(rows), max(map(len, rows))), filler)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


def _improved(costs: Sequence[Array], losses: Sequence[Array], places: list[int], limit: int) -> float:
    """The loss of a choice after what it leaves of the limit is spent on the best bargains."""
    left = limit - sum(int(cost[place]) for cost, place in zip(costs, places, strict=True))
    bargains = sorted(
        (float((losses[item][up] - losses[item][place]) / (costs[item][up] - costs[item][place])), item, up)
        for item, place in enumerate(places)
        for up in range(place + 1, len(costs[item]))
        if costs[item][up] - costs[item][place] <= left
    )
    for _, item, up in bargains:
        place = places[item]
        extra = int(costs[item][up] - costs[item][place])
        if up > place and extra <= left:
            places[item], left = up, left - extra
    return sum(float(loss[place]) for loss, place in zip(losses, places, strict=True))


def _several_limits(items: Items, limits: Sequence[int]) -> list[int] | None:
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array
    except ImportError:
        raise MeasureError("two limits or more need SciPy: pip install 'convcost[planner]'") from None
    options = list(_affordable(items, limits))
    if {item for item, _, _ in options} != set(range(len(items))):
        return None
    count = len(options)
    owners = [item for item, _, _ in options]
    one_each = csr_array((np.ones(count), (owners, np.arange(count))), shape=(len(items), count))
    costs = np.array([[option.costs[place] for _, _, option in options] for place in range(len(limits))], float)
    scale = np.array([max(limit, 1) for limit in limits], float)  # a limit is scaled to 1
    within = [
        LinearConstraint(one_each, 1, 1),
        LinearConstraint(costs / scale[:, None], -np.inf, np.array(limits) / scale),
    ]
    losses = _scaled(options)
    while True:
        with _quiet():
            found = milp(
                losses,
                integrality=np.ones(count),
                bounds=Bounds(0, 1),
                constraints=within,
                options={"mip_rel_gap": 0.0},
            )
        if found.x is None:
            return None
        taken = np.flatnonzero(found.x > 0.5)
        chosen = [0] * len(items)
        for item, place, _ in (options[one] for one in taken):
            chosen[item] = place
        if _is_within(items, chosen, limits):
            return chosen
        # Within the solver's tolerance of a limit, but above it: this choice is ruled out, and no other.
        this = np.zeros(count)
        this[taken] = 1
        within.append(LinearConstraint(this, -np.inf, len(items) - 1))


def _affordable(items: Items, limits: Sequence[int]) -> Iterator[tuple[int, int, Option]]:
    """Item, place and option, where the cheapest of all other items leave room for it."""
    cheapest = [[min(option.costs[limit] for option in options) for limit in range(len(limits))] for options in items]
    spare = [limits[limit] - sum(one[limit] for one in cheapest) for limit in range(len(limits))]
    for item, options in enumerate(items):
        for place, option in enumerate(options):
            if all(option.costs[limit] - cheapest[item][limit] <= left for limit, left in enumerate(spare)):
                yield item, place, option


def _scaled(options: Sequence[tuple[int, int, Option]]) -> Array:
    """The losses, the largest scaled to 1000, so that the solver's absolute gap (1e-6) is far below any of them.

    The first cost breaks ties: all of it weighs less than a billionth of the largest loss.
    """
    losses = np.array([option.loss for _, _, option in options])
    costs = np.array([option.costs[0] for _, _, option in options], float)
    scaled: Array = losses / (losses.max() or 1.0) + 1e-9 * costs / (costs.sum() or 1.0)
    return 1000 * scaled


def _is_within(items: Items, chosen: Sequence[int], limits: Sequence[int]) -> bool:
    """Whether a choice keeps every limit, in integers."""
    return all(
        sum(options[place].costs[limit] for options, place in zip(items, chosen, strict=True)) <= most
        for limit, most in enumerate(limits)
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Send what C code writes to stdout to nowhere: the solver prints there even when told not to."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        _flush_c()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _flush_c() -> None:
    """Empty the buffer of C's own stdout, which is not Python's: in a pipe it would come out when the program ends."""
    import ctypes

    with suppress(OSError, TypeError, AttributeError):  # TypeError: no way to ask for the C library on Windows
        ctypes.CDLL(None).fflush(None)
