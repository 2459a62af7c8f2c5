"""A profile of this machine, fitted to the times of layers that are measured on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from convcost.device import ByKind, Device, Figure, Law
from convcost.estimate import Operation
from convcost.measuring.bench import Machine
from convcost.measuring.calibration import By, Calibration, calibrated
from convcost.measuring.engine import DTYPES, Engine, Wanted, timed_models
from convcost.measuring.fitting import Observation
from convcost.measuring.specimens import COUNTS, Specimen, specimens
from convcost.measuring.timing import Outcome, Pace
from convcost.memory.footprint import with_dtype
from convcost.profile import profile
from convcost.roofline import estimated
from convcost.telling import Tell

FITTED, UNSEEN = 1, 2
"""Seeds of the layers that the profile is fitted by, and of those that it is tried on."""

UNSEEN_COUNTS: Mapping[str, int] = {kind: max(3, count // 3) for kind, count in COUNTS.items()}

ROUNDS = 8


class Measured(msgspec.Struct, frozen=True):
    """What came of layers, by layer and dtype; by which runtime, and whether Ctrl-C ended it."""

    outcomes: Mapping[tuple[Specimen, str], Outcome]
    runtime: str
    interrupted: bool

    def observations(self, wanted: Sequence[Specimen]) -> By:
        """Those of them that have a time, by dtype and kind."""
        found: dict[tuple[str, str], list[Observation]] = {}
        for (specimen, dtype), outcome in self.outcomes.items():
            if specimen in wanted and outcome.best is not None:
                one = operation(specimen, dtype)
                observation = Observation(one.macs, one.read + one.weights, one.written, outcome.best)
                found.setdefault((dtype, specimen.kind), []).append(observation)
        return found

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be measured, and why: a line for each reason."""
        reasons = {one.problem: (specimen, dtype) for (specimen, dtype), one in self.outcomes.items() if one.problem}
        return tuple(f"{specimen.kind}, {dtype}: {reason}" for reason, (specimen, dtype) in reasons.items())


def calibration(
    name: str,
    *,
    dtypes: Sequence[str] = DTYPES,
    threads: int = 1,
    seconds: float = 60.0,
    engine: Engine,
    tell: Tell | None = None,
) -> Calibration:
    """The profile of this machine, and how far it is off on layers that it was not fitted by.

    Args:
        seconds: for all measuring together; converting comes on top.

    Raises MeasureError where an extra is missing, or too little could be measured.
    """
    known = specimens(FITTED, COUNTS)
    unseen = specimens(UNSEEN, UNSEEN_COUNTS, frozenset(known))
    pace = Pace(ROUNDS, seconds / (len(dtypes) * (len(known) + len(unseen))))
    measured = measure([*known, *unseen], dtypes, threads, pace, engine, tell)
    machine = Machine(engine.processor(), threads, measured.runtime)
    today = date.today().isoformat()
    device, errors = calibrated(name, machine, today, measured.observations(known), measured.observations(unseen))
    return Calibration(device, machine, errors, measured.problems, measured.interrupted)


def measure(
    wanted: Sequence[Specimen], dtypes: Sequence[str], threads: int, pace: Pace, engine: Engine, tell: Tell | None
) -> Measured:
    """Layers timed in each dtype, all of them in the same rounds. Raises MeasureError where none could be converted."""
    keys = {f"{one.kind} {place}, {dtype}": (one, dtype) for place, one in enumerate(wanted) for dtype in dtypes}
    models = {name: Wanted(one.model, {}, dtype) for name, (one, dtype) in keys.items()}
    timed = timed_models(models, pace, threads, engine, tell)
    outcomes = {keys[name]: outcome for name, outcome in timed.outcomes.items()}
    return Measured(outcomes, timed.runtime, timed.interrupted)


def operation(specimen: Specimen, dtype: str) -> Operation:
    """What a specimen does, as an estimate sees it."""
    report = estimated(profile(with_dtype(specimen.model, dtype)), _anywhere(dtype))
    assert report.estimate is not None
    (found,) = (one for timing in report.estimate.timings for one in timing.operations)
    return found


def _anywhere(dtype: str) -> Device:
    """A device that has a law for everything, and so tells operations as finely as laws do."""
    nothing = ByKind(all=Figure(1.0, "measured", "none"))
    laws = {dtype: {"all": Law()}}
    return Device(name="none", title="none", date="2026-01-01", macs_per_second={dtype: nothing}, laws=laws)
