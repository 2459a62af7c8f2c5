"""What a policy asks of a model, each rule with the place that says so."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

from convcost.budget.figures import LayerFigures
from convcost.budget.metrics import Metric
from convcost.globs import matches
from convcost.model import Shape


class Place(msgspec.Struct, frozen=True):
    """A file and a line in it, or an option of the command line."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


class Match(msgspec.Struct, frozen=True):
    """Which layers a rule is for: those at paths, or those of a kind."""

    text: str
    by: str = "glob"

    def takes(self, layer: LayerFigures) -> bool:
        return layer.kind == self.text if self.by == "kind" else matches(self.text, layer.path)

    def __str__(self) -> str:
        return f"kind {self.text}" if self.by == "kind" else self.text


class Ceiling(msgspec.Struct, frozen=True):
    """At most `limit`, and above `warn` a warning: of the model, or (`match`) of each layer, or of all `together`."""

    metric: Metric
    place: Place
    limit: int | None = None
    warn: int | None = None
    match: Match | None = None
    together: bool = False


class Growth(msgspec.Struct, frozen=True):
    """At most so much more than the base. Fails only where the relative and the absolute allowance are exceeded."""

    metric: Metric
    place: Place
    relative: Fraction | None = None
    absolute: int | None = None

    def allowance(self, base: int) -> int:
        """The growth that is allowed on top of `base`."""
        relative = floor(self.relative * base) if self.relative is not None else 0
        return max(relative, self.absolute or 0)


Rule = Ceiling | Growth


class Allowed(msgspec.Struct, frozen=True):
    """Layers that need not be counted."""

    glob: str
    place: Place


class Subject(msgspec.Struct, frozen=True):
    """One model under a policy: where it is, how it is measured, and what it may cost."""

    name: str
    source: str
    place: Place
    rules: tuple[Rule, ...] = ()
    input_shape: Mapping[str, Shape] = {}
    parameters: Mapping[str, Any] = {}
    batch: int = 1
    message: str = ""
    allowed: tuple[Allowed, ...] = ()
