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
from contextlib import contextmanager
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
    options = [(item, place, option) for item, one in enumerate(items) for place, option in enumerate(one)]
    count = len(options)
    one_each = csr_array(
        (np.ones(count), ([item for item, _, _ in options], np.arange(count))), shape=(len(items), count)
    )
    # A limit is scaled to 1. The solver may overspend by its tolerance: the answer is checked in integers and, where it
    # overspends, asked for again with a little less.
    scale = np.array([max(limit, 1) for limit in limits], float)
    spent = (
        np.array([[option.costs[place] for _, _, option in options] for place in range(len(limits))]) / scale[:, None]
    )
    tie = 1e-9 / (1 + max(sum(max(o.costs[0] for o in one) for one in items), 1))
    losses = np.array([option.loss + tie * option.costs[0] for _, _, option in options])
    for margin in (0.0, 1e-7, 1e-6, 1e-5):
        with _quiet():
            found = milp(
                losses,
                integrality=np.ones(count),
                bounds=Bounds(0, 1),
                constraints=[
                    LinearConstraint(one_each, 1, 1),
                    LinearConstraint(spent, -np.inf, np.array(limits) / scale * (1 - margin)),
                ],
                options={"mip_rel_gap": 0.0},
            )
        if found.x is None:
            return None
        chosen = [0] * len(items)
        for (item, place, _), taken in zip(options, found.x, strict=True):
            if taken > 0.5:
                chosen[item] = place
        if all(
            sum(one[c].costs[k] for one, c in zip(items, chosen, strict=True)) <= limits[k] for k in range(len(limits))
        ):
            return chosen
    return None


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
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
