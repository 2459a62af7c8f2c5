"""What became of a model's layers: which came, went, were renamed, grew, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from convcost.budget.figures import Figures, LayerFigures

Sign = Literal["+", "-", "~", "="]
Cause = Literal["new", "changed", "follows"]
"""Why a layer grew: it was not there, its own settings changed, or only what it reads did."""


class Setting(msgspec.Struct, frozen=True):
    """A setting of a layer that changed."""

    name: str
    old: Any
    new: Any


class Change(msgspec.Struct, frozen=True):
    """A layer before and after; None where it was or is not there."""

    old: LayerFigures | None
    new: LayerFigures | None

    @property
    def path(self) -> str:
        layer = self.new or self.old
        assert layer is not None
        return layer.path

    @property
    def renamed_from(self) -> str:
        """The name before, where it was another."""
        return self.old.path if self.old and self.new and self.old.path != self.new.path else ""

    @property
    def counts_differ(self) -> bool:
        return self.old is None or self.new is None or self.old.values != self.new.values

    @property
    def sign(self) -> Sign:
        if self.old is None:
            return "+"
        if self.new is None:
            return "-"
        return "~" if self.counts_differ or self.renamed_from or self.old.kind != self.new.kind else "="

    def delta(self, metric: str) -> int | None:
        """By how much the layer grew; None where one of the counts is not known."""
        before = self.old.values.get(metric) if self.old else 0
        after = self.new.values.get(metric) if self.new else 0
        return None if before is None or after is None else after - before

    @property
    def cause(self) -> Cause:
        if self.old is None or self.new is None:
            return "new"
        if self.old.settings is not None and self.new.settings is not None:
            return "changed" if self.old.settings != self.new.settings else "follows"
        return "changed" if self.old.inputs == self.new.inputs else "follows"

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings that changed, where both are known and of the same kind."""
        old: Any = self.old.settings if self.old else None
        new: Any = self.new.settings if self.new else None
        if old is None or type(old) is not type(new):
            return ()
        names = (field.name for field in msgspec.structs.fields(old))
        pairs = (Setting(name, getattr(old, name), getattr(new, name)) for name in names)
        return tuple(pair for pair in pairs if pair.old != pair.new)


class Grown(msgspec.Struct, frozen=True):
    """A layer that grew, by how much, and why."""

    path: str
    delta: int
    cause: Cause
    settings: tuple[Setting, ...] = ()
    line: int | None = None


class Difference(msgspec.Struct, frozen=True):
    """Two models side by side."""

    old: Figures
    new: Figures
    changes: tuple[Change, ...]

    @property
    def differs(self) -> bool:
        """Whether any count does; a name alone is no cost."""
        return self.old.values != self.new.values or any(change.counts_differ for change in self.changes)


def difference(old: Figures, new: Figures) -> Difference:
    return Difference(old, new, tuple(matched(old.layers, new.layers)))


def grew_most(changes: Sequence[Change], metric: str) -> tuple[Grown, ...]:
    """The layers that grew: first those that are new or were changed, then those that follow; largest first."""
    grown = []
    for change in changes:
        delta = change.delta(metric)
        if change.new is not None and delta is not None and delta > 0:
            grown.append(Grown(change.path, delta, change.cause, change.settings, change.new.line))
    return tuple(sorted(grown, key=lambda one: (one.cause == "follows", -one.delta)))


def matched(old: Sequence[LayerFigures], new: Sequence[LayerFigures]) -> Iterator[Change]:
    """Layers before and after: by name; what is left, by kind and position between layers that kept their names."""
    before = {layer.path: layer for layer in old}
    kept = before.keys() & {layer.path for layer in new}
    places = dict(_places(old, kept))
    gone: dict[str, list[LayerFigures]] = {}
    pairs: list[Change] = []
    taken = set()
    for place, layer in _places(new, kept):
        partner = before[layer.path] if layer.path in kept else places.get(place)
        if partner is not None:
            taken.add(partner.path)
        pairs.append(Change(partner, layer))
    for place, layer in _places(old, kept):
        if layer.path not in taken:
            gone.setdefault(place[0], []).append(layer)
    yield from (Change(layer, None) for layer in gone.pop("", []))
    for pair in pairs:
        yield pair
        yield from (Change(layer, None) for layer in gone.pop(pair.path, []))


def _places(layers: Sequence[LayerFigures], kept: set[str]) -> Iterator[tuple[tuple[str, str, int], LayerFigures]]:
    """Where each layer is: the layer before it that kept its name, its kind, and the how many-th of that kind since."""
    anchor = ""
    since: dict[str, int] = {}
    for layer in layers:
        if layer.path in kept:
            anchor, since = layer.path, {}
        number = since[layer.kind] = since.get(layer.kind, 0) + 1
        yield (anchor, layer.kind, number), layer
