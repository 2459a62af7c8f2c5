"""The committed ratchet: the counts of every model, which may fall, and rise only where somebody says so."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from convcost.budget.figures import Figures
from convcost.budget.metrics import OF_MODEL

VERSION = 1

Counts = Mapping[str, int]


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a lock file holds: counts by metric, by model."""

    version: int
    models: dict[str, dict[str, int]]


class Rise(msgspec.Struct, frozen=True):
    """A count that would be higher than it is locked at."""

    model: str
    metric: str
    locked: int
    actual: int


def counts_of(figures: Figures) -> dict[str, int]:
    """The counts that a lock holds."""
    return {name: figures.values[name] for name, metric in OF_MODEL.items() if metric.locked}


def rises(lock: Lock, today: Mapping[str, Counts]) -> list[Rise]:
    """The counts of today that are above the lock."""
    return [
        Rise(model, metric, locked, counts[metric])
        for model, counts in sorted(today.items())
        for metric, locked in sorted(lock.models.get(model, {}).items())
        if metric in counts and counts[metric] > locked
    ]


def renewed(lock: Lock, today: Mapping[str, Counts], known: set[str]) -> Lock:
    """The lock with the counts of today, without models that the policy does not know."""
    kept = {model: counts for model, counts in lock.models.items() if model in known}
    return Lock(VERSION, kept | {model: dict(counts) for model, counts in today.items()})


def tightened(lock: Lock, today: Mapping[str, Counts]) -> Lock:
    """The lock with the counts that are lower today; nothing is added, nothing raised."""
    models = {
        model: {metric: min(count, today.get(model, {}).get(metric, count)) for metric, count in counts.items()}
        for model, counts in lock.models.items()
    }
    return Lock(VERSION, models)


def changes(old: Lock, new: Lock) -> int:
    """How many counts differ, those of models that came or went included."""
    before, after = _flat(old), _flat(new)
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _flat(lock: Lock) -> dict[tuple[str, str], int]:
    return {(model, metric): count for model, counts in lock.models.items() for metric, count in counts.items()}
