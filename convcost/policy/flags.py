"""Limits given as options -> subjects: `--max macs=600M --max-increase params=2%`, the same for every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from convcost.budget.metrics import OF_MODEL, Metric
from convcost.budget.quantities import quantity
from convcost.budget.rules import Allowed, Ceiling, Growth, Place, Rule, Subject
from convcost.errors import ConvcostError
from convcost.model import Shape
from convcost.policy.records import CountIncrease, Increase, SizeIncrease
from convcost.suggestions import did_you_mean


class Flags(msgspec.Struct, frozen=True):
    """The options as given."""

    max: Sequence[str] = ()
    warn: Sequence[str] = ()
    max_increase: Sequence[str] = ()
    allow_uncounted: Sequence[str] = ()

    @property
    def given(self) -> bool:
        return bool(self.max or self.warn or self.max_increase)

    def subjects(
        self, models: Sequence[str], input_shape: Mapping[str, Shape], parameters: Mapping[str, Any], batch: int
    ) -> list[Subject]:
        """Every model under these limits. Raises ConvcostError where one cannot be read."""
        rules = tuple(self._rules())
        allowed = tuple(Allowed(glob, Place("--allow-uncounted")) for glob in self.allow_uncounted)
        return [
            Subject(
                name=Path(model).stem,
                source=model,
                place=Place("--max"),
                rules=rules,
                input_shape=input_shape,
                parameters=parameters,
                batch=batch,
                allowed=allowed,
            )
            for model in models
        ]

    def _rules(self) -> Iterator[Rule]:
        warns = {metric.name: (place, limit) for metric, place, limit in self._limits("--warn", self.warn)}
        for metric, place, limit in self._limits("--max", self.max):
            _, warn = warns.pop(metric.name, (None, None))
            if warn is not None and warn > limit:
                raise ConvcostError(f"{place}: its warning at {warn:,} is above it and would never come")
            yield Ceiling(metric, place, limit, warn)
        for name, (place, warn) in warns.items():
            yield Ceiling(OF_MODEL[name], place, None, warn)
        for text in self.max_increase:
            metric, place, written = _split("--max-increase", text)
            kind: type[Increase] = CountIncrease if metric.unit == "count" else SizeIncrease
            try:
                increase = kind.decoded(written)
            except ValueError as error:
                raise ConvcostError(f"{place}: it {error}") from None
            yield Growth(metric, place, increase.relative, increase.absolute)

    @staticmethod
    def _limits(option: str, given: Sequence[str]) -> Iterator[tuple[Metric, Place, int]]:
        for text in given:
            metric, place, written = _split(option, text)
            try:
                yield metric, place, quantity(written, metric.unit)
            except ValueError as error:
                raise ConvcostError(f"{place}: it {error}") from None


def _split(option: str, text: str) -> tuple[Metric, Place, str]:
    """`macs=600M` -> its metric, and its limit as written."""
    name, equals, written = text.partition("=")
    if not equals or not written.strip():
        raise ConvcostError(f"{option}: got {text!r}, allowed: METRIC=LIMIT such as macs=600M")
    metric = OF_MODEL.get(name.strip())
    if metric is None:
        near = did_you_mean(name.strip(), OF_MODEL)
        raise ConvcostError(f"{option}: no metric is named {name!r}{near}; allowed: {', '.join(OF_MODEL)}")
    return metric, Place(f"{option} {text}"), written.strip()
