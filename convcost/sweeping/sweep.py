"""A sweep: every configuration of a model with what it costs, which of them are kept, and which are on the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from convcost.errors import ConvcostError
from convcost.suggestions import did_you_mean
from convcost.sweeping import axes as along
from convcost.sweeping.axes import Axis
from convcost.sweeping.evaluation import METRICS, Evaluated, Reader, costing, evaluated
from convcost.sweeping.front import Objective, front
from convcost.telling import Tell


class Configuration(msgspec.Struct, frozen=True, gc=False):
    """One combination of values, in the order of the axes, and its totals. None: it is not valid, for this `reason`.

    `complete` false: totals are lower bounds.
    """

    values: tuple[Any, ...]
    macs: int | None
    flops: int | None
    params: int | None
    weight_bytes: int | None
    peak_activation_bytes: int | None
    separable_macs: int | None
    complete: bool = True
    reason: str = ""
    on_front: bool = False

    @property
    def valid(self) -> bool:
        return not self.reason


class Sweep(msgspec.Struct, frozen=True):
    """The configurations that keep the limits, in the order of the grid.

    `count`: how many there are in all; `structures`: how many different lists of layers they came to; `passes`: how
    often a model went through the rules for it. `objectives`: the two metrics of the front, where one was asked for.
    """

    name: str
    axes: tuple[Axis, ...]
    configurations: tuple[Configuration, ...]
    count: int
    structures: int
    passes: int
    objectives: tuple[Objective, ...] = ()
    limits: Mapping[str, int] = {}
    separable: bool = True

    @property
    def metrics(self) -> tuple[str, ...]:
        return METRICS if self.separable else METRICS[:-1]

    def figure(self, name: str, one: Configuration) -> Any:
        """A metric of a configuration, or the value of an axis."""
        if name in METRICS:
            return getattr(one, name)
        return one.values[[axis.title for axis in self.axes].index(name)]


def objective(text: str, axes: Sequence[Axis], option: str) -> Objective:
    """`macs`, or `resolution:max`. Raises ConvcostError where there is no such metric, nor a parameter of numbers."""
    name, _, better = text.strip().partition(":")
    numbers = [axis.title for axis in axes if all(type(value) in (int, float) for value in axis.values)]
    if name not in (*METRICS, *numbers):
        allowed = ", ".join((*METRICS, *numbers))
        raise ConvcostError(f"{option}: got {name!r}{did_you_mean(name, (*METRICS, *numbers))}; allowed: {allowed}")
    if better not in ("", "min", "max"):
        raise ConvcostError(f"{option}: got {text!r}, allowed: {name}:min or {name}:max")
    return Objective(name, "max" if better == "max" else "min")


def sweep(
    name: str,
    readers: Mapping[str, Reader],
    axes: Sequence[Axis],
    batch: int = 1,
    objectives: Sequence[Objective] = (),
    limits: Mapping[str, int] | None = None,
    separable: bool = True,
    tell: Tell | None = None,
) -> Sweep:
    """Cost all configurations of the models of `readers`, by name, along `axes`.

    Raises ConvcostError where they are too many, or none of a model is valid.
    """
    models = [Axis("model", "model", tuple(readers))] if len(readers) > 1 else []
    count = along.count([*models, *axes])
    each = count // len(readers)
    results = [_evaluated(one, axes, each, batch, separable, tell) for one in readers.values()]
    every = [*models, *axes]
    places = np.stack(along.places(every, np.arange(count)), axis=-1).tolist() if every else [[]]
    values = [tuple(axis.values[at] for axis, at in zip(every, one, strict=True)) for one in places]
    figures = [[one for result in results for one in result.columns[metric]] for metric in METRICS]
    complete = [one for result in results for one in result.complete]
    reasons = [one for result in results for one in result.reasons]
    made = list(map(Configuration, values, *figures, complete, reasons))
    kept = tuple(one for one in made if (_keeps(one, limits or {}) if one.valid else not limits))
    found = Sweep(
        name=name,
        axes=tuple(every),
        configurations=kept,
        count=count,
        structures=len(frozenset().union(*(result.structures for result in results))),
        passes=sum(result.passes for result in results),
        objectives=tuple(objectives),
        limits=limits or {},
        separable=separable,
    )
    return _with_front(found) if objectives else found


def _evaluated(
    read: Reader, axes: Sequence[Axis], count: int, batch: int, separable: bool, tell: Tell | None
) -> Evaluated:
    result = evaluated(count, costing(read, axes, batch, separable), tell)
    if all(result.reasons):
        raise ConvcostError(result.reasons[0])
    return result


def _keeps(one: Configuration, limits: Mapping[str, int]) -> bool:
    return one.complete and all(getattr(one, metric) <= limit for metric, limit in limits.items())


def _with_front(found: Sweep) -> Sweep:
    """The sweep with the front marked, among the configurations whose totals are known."""
    known = [place for place, one in enumerate(found.configurations) if one.valid and one.complete]
    signs = [(-1 if one.better == "max" else 1, one.name) for one in found.objectives]
    points = [tuple(sign * found.figure(name, found.configurations[place]) for sign, name in signs) for place in known]
    marked = list(found.configurations)
    for at in front(points):
        marked[known[at]] = msgspec.structs.replace(marked[known[at]], on_front=True)
    return msgspec.structs.replace(found, configurations=tuple(marked))


def shown(found: Sweep, sort: Objective | None, top: int | None, front_only: bool) -> list[Configuration]:
    """The configurations to show: of the front alone, sorted and cut. What is not valid comes last."""
    rows = [one for one in found.configurations if one.on_front or not front_only]
    if sort is None and front_only:
        sort = found.objectives[0]
    if sort is not None:
        sign = -1 if sort.better == "max" else 1
        rows.sort(key=lambda one: (not one.valid, sign * (found.figure(sort.name, one) or 0)))
    return rows[:top]
