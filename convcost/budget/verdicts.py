"""What came of the checks, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from convcost.budget.difference import Grown
from convcost.budget.figures import Figures
from convcost.budget.metrics import Unit
from convcost.budget.rules import Place
from convcost.model import Shape

Outcome = Literal["ok", "warn", "fail", "skip", "unmeasured"]
Asked = Literal["max", "max_sum", "max_increase", "lock", "coverage"]

_ASKED: Mapping[Asked, str] = {"max": "", "max_sum": " sum", "max_increase": " increase", "lock": " lock"}

SEVERITY: Mapping[Outcome, int] = {"ok": 0, "skip": 1, "warn": 2, "fail": 3, "unmeasured": 4}


class Over(msgspec.Struct, frozen=True):
    """A layer above its limit."""

    path: str
    actual: int
    line: int | None = None


class Verdict(msgspec.Struct, frozen=True):
    """One check. `limit` is the most allowed: for growth, the base and what it may grow by.

    `layer` is the layer that decides, the largest where each must keep a limit; `over` are all that do not keep it.
    """

    asked: Asked
    metric: str
    unit: Unit
    outcome: Outcome
    place: Place
    match: str = ""
    actual: int | None = None
    at_least: bool = False
    limit: int | None = None
    warn: int | None = None
    base: int | None = None
    layer: str = ""
    line: int | None = None
    over: tuple[Over, ...] = ()
    note: str = ""

    @property
    def check(self) -> str:
        """What is checked: `macs`, `macs increase`, `params sum of kind Dense`."""
        if self.asked == "coverage":
            return "coverage"
        return self.metric + _ASKED[self.asked] + (f" of {self.match}" if self.match else "")

    @property
    def measures_growth(self) -> bool:
        return self.asked in ("max_increase", "lock")

    @property
    def over_by(self) -> int | None:
        """How far above the limit; None where it is kept."""
        if self.actual is None or self.limit is None or self.actual <= self.limit:
            return None
        return self.actual - self.limit

    @property
    def used(self) -> float | None:
        """Which part of the limit is used, of the allowed growth where growth is limited."""
        if self.actual is None or self.limit is None:
            return None
        start = self.base or 0 if self.asked == "max_increase" else 0
        return (self.actual - start) / (self.limit - start) if self.limit > start else None

    @property
    def increase(self) -> int | None:
        """How much more than the base."""
        return None if self.actual is None or self.base is None else self.actual - self.base


class Growing(msgspec.Struct, frozen=True):
    """The layers that grew in a metric since the base or the lock."""

    metric: str
    unit: Unit
    since: str
    layers: tuple[Grown, ...]


class Largest(msgspec.Struct, frozen=True):
    """The layers that cost most, where there is no base to compare with."""

    metric: str
    unit: Unit
    layers: tuple[Over, ...]


class Problem(msgspec.Struct, frozen=True):
    """Why a model could not be checked, and the exit code of that."""

    text: str
    exit_code: int


class ModelCheck(msgspec.Struct, frozen=True):
    """All checks of one model."""

    name: str
    source: str
    place: Place
    verdicts: tuple[Verdict, ...] = ()
    input_shapes: Mapping[str, Shape] = {}
    message: str = ""
    figures: Figures | None = None
    base: str = ""
    """What it was compared with; "" where it was not."""
    grown: tuple[Growing, ...] = ()
    largest: tuple[Largest, ...] = ()
    notes: tuple[str, ...] = ()
    problem: Problem | None = None
    missing_base: str = ""
    """Why the base that was asked for is not there; "" where it is, or none was asked for."""

    @property
    def outcome(self) -> Outcome:
        """The worst of its verdicts."""
        if self.problem:
            return "unmeasured"
        return max((verdict.outcome for verdict in self.verdicts), key=SEVERITY.__getitem__, default="ok")


class Checked(msgspec.Struct, frozen=True):
    """All checks of a run. `folder`: where in its repository it ran, so that paths can be told from the top."""

    models: tuple[ModelCheck, ...]
    base: str = ""
    policy: str = ""
    folder: str = ""

    def verdicts(self) -> Iterator[tuple[ModelCheck, Verdict]]:
        for model in self.models:
            for verdict in model.verdicts:
                yield model, verdict

    def count(self, *outcomes: Outcome) -> int:
        return sum(verdict.outcome in outcomes for _, verdict in self.verdicts())

    def exit_code(self, strict: bool = False, exit_zero: bool = False) -> int:
        """The highest of: 1 for a broken limit (and, `strict`, a warning), 3 for what could not be measured, and the
        codes of models that could not be checked. `exit_zero` hides 1, and nothing else."""
        codes = [model.problem.exit_code for model in self.models if model.problem]
        if self.count("unmeasured"):
            codes.append(3)
        if self.count("fail", *(("warn",) if strict else ())):
            codes.append(0 if exit_zero else 1)
        return max(codes, default=0)
