"""What came of measuring a machine: its profile, and how far that is off on layers that it was not fitted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from convcost.device import KINDS, LAW_KINDS, ByKind, Device, Figure, Law
from convcost.errors import MeasureError
from convcost.measuring.bench import Machine
from convcost.measuring.fitting import Fit, Observation, fitted

LEAST = 4
"""Observations by which a law of four terms is fitted."""

RATES = {"macs": "macs_per_second", "read": "bytes_read_per_second", "written": "bytes_written_per_second"}
"""The rate of a profile that each term of a fit is told as."""

By = Mapping[tuple[str, str], Sequence[Observation]]
"""Observations by dtype and kind of operation."""


class Error(msgspec.Struct, frozen=True):
    """How far a law is off, relative to what was measured, on layers that it was not fitted by."""

    dtype: str
    kind: str
    fitted: int
    unseen: int
    median: float
    ninety: float
    """Nine of ten are below it."""


class Calibration(msgspec.Struct, frozen=True):
    """The profile of this machine, and its errors by dtype and kind; the last of a dtype is over all kinds."""

    device: Device
    machine: Machine
    errors: tuple[Error, ...]
    missing: tuple[str, ...] = ()
    """What could not be measured, and why."""
    interrupted: bool = False


def calibrated(name: str, machine: Machine, date: str, seen: By, unseen: By) -> tuple[Device, tuple[Error, ...]]:
    """The profile by all kinds that were measured often enough, and its errors on what it has not seen.

    Raises MeasureError where no kind was.
    """
    enough = {key: found for key, found in seen.items() if len(found) >= LEAST}
    dtypes = list(dict.fromkeys(dtype for dtype, kind in enough if kind in KINDS))
    if not dtypes:
        raise MeasureError("too little was measured: no kind of layer has enough times for a profile")
    fits = {
        (dtype, kind): fit
        for dtype in dtypes
        for kind, fit in fitted({kind: found for (of, kind), found in enough.items() if of == dtype}).items()
    }
    errors = tuple(one for dtype in dtypes for one in _errors(dtype, fits, seen, unseen))
    told = {(one.dtype, one.kind): f"convcost calibrate: {_told(one)}" for one in errors}
    laws = {
        dtype: {kind: _law(fits[dtype, kind], told[dtype, kind]) for kind in LAW_KINDS if (dtype, kind) in fits}
        for dtype in dtypes
    }
    device = Device(
        name=name,
        title=str(machine),
        date=date,
        macs_per_second={dtype: _ceilings(laws[dtype]) for dtype in dtypes},
        laws=laws,
        notes="; ".join(f"{one.dtype}: {_told(one)}" for one in errors if one.kind == ""),
    )
    return device, errors


def _law(fit: Fit, source: str) -> Law:
    """A fit as a profile tells it: rates, with four digits; a term of 0 is left out."""
    rates = {rate: 1 / getattr(fit, term) for term, rate in RATES.items() if getattr(fit, term)}
    figures = {**({"seconds_per_call": fit.call} if fit.call else {}), **rates}
    return Law(**{key: Figure(float(f"{value:.4g}"), "measured", source) for key, value in figures.items()})


def _ceilings(laws: Mapping[str, Law]) -> ByKind:
    """The rates of all arithmetic by kind; that of the first kind stands for those that have none."""
    found = {kind: law.macs_per_second for kind in KINDS if (law := laws.get(kind)) and law.macs_per_second}
    if not found:
        raise MeasureError("too little was measured: no kind of layer takes longer with more MACs")
    return ByKind(all=next(iter(found.values())), **found)


def _errors(dtype: str, fits: Mapping[tuple[str, str], Fit], seen: By, unseen: By) -> list[Error]:
    found, everything = [], []
    for kind in LAW_KINDS:
        if (fit := fits.get((dtype, kind))) is not None:
            errors = [fit.error(one) for one in unseen.get((dtype, kind), ())]
            found.append(_error(dtype, kind, len(seen[dtype, kind]), errors))
            everything += errors
    return [*found, _error(dtype, "", sum(one.fitted for one in found), everything)]


def _error(dtype: str, kind: str, fitted: int, errors: Sequence[float]) -> Error:
    ordered = sorted(errors)
    ninety = ordered[min(len(ordered) - 1, 9 * len(ordered) // 10)] if ordered else 0.0
    return Error(dtype, kind, fitted, len(ordered), median(ordered) if ordered else 0.0, ninety)


def _told(error: Error) -> str:
    fitted = f"fitted by {error.fitted} layers"
    if not error.unseen:
        return fitted
    off = f"off by {error.median:.1%} (median), 9 of 10 by less than {error.ninety:.1%}"
    return f"{fitted}; on {error.unseen} others {off}"
