"""A model and what could stand in for it, timed: measured speed-up beside the reduction of MACs and the estimate."""

from __future__ import annotations

import msgspec

from convcost.measuring.timing import Outcome, Pace
from convcost.report import Report

AS_IT_IS = ""
"""The variant of the model itself."""


class Machine(msgspec.Struct, frozen=True):
    """Where times were measured: the processor, how many of its cores were used, and what ran the models."""

    processor: str
    threads: int
    runtime: str

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.processor}, {threads}, {self.runtime} with XNNPACK"


class Candidate(msgspec.Struct, frozen=True):
    """A model that was timed, or could not be: under a variant (`AS_IT_IS`: none), in a dtype."""

    variant: str
    dtype: str
    report: Report
    outcome: Outcome

    @property
    def macs(self) -> int:
        return self.report.totals.macs

    @property
    def seconds(self) -> float | None:
        """Measured, the median."""
        return self.outcome.median

    @property
    def estimated_seconds(self) -> float | None:
        return self.report.estimate.seconds if self.report.estimate else None


class Bench(msgspec.Struct, frozen=True):
    """All candidates: of each dtype the model as it is first. `interrupted`: Ctrl-C ended the measuring."""

    name: str
    machine: Machine
    pace: Pace
    candidates: tuple[Candidate, ...]
    interrupted: bool = False

    def base(self, candidate: Candidate) -> Candidate:
        """The model as it is, in the dtype of a candidate."""
        return next(one for one in self.candidates if one.dtype == candidate.dtype and one.variant == AS_IT_IS)

    def reduction_factor(self, candidate: Candidate) -> float | None:
        """MACs as it is / MACs of the candidate."""
        return _ratio(self.base(candidate).macs, candidate.macs)

    def speed_up(self, candidate: Candidate) -> float | None:
        """Measured time as it is / that of the candidate."""
        return _ratio(self.base(candidate).seconds, candidate.seconds)

    def estimated_speed_up(self, candidate: Candidate) -> float | None:
        """Estimated time as it is / that of the candidate."""
        return _ratio(self.base(candidate).estimated_seconds, candidate.estimated_seconds)

    @property
    def exit_code(self) -> int:
        """130 where Ctrl-C ended it, 3 where something could not be measured."""
        return 130 if self.interrupted else 3 if self.problems else 0

    @property
    def problems(self) -> tuple[Candidate, ...]:
        """The candidates that could not be measured."""
        return tuple(one for one in self.candidates if one.outcome.problem)


def _ratio(before: float | None, after: float | None) -> float | None:
    return before / after if before is not None and after else None
