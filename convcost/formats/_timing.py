"""Measured times as rows of cells: candidates beside the model as it is, and what has to be known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from convcost import units
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.measuring.bench import Bench, Candidate
    from convcost.measuring.calibration import Calibration, Error
    from convcost.table import View

ESTIMATED = ("est. time", "est. speed-up")
"""The columns that need a device."""

TITLES = ["variant", "dtype", "MACs", "MAC reduction", *ESTIMATED, "measured", "±", "speed-up"]

LESS_NEEDED = ["MACs", *ESTIMATED[:1], "±"]
"""Left out on a narrow terminal, the first one first."""


def grid(bench: Bench, view: View) -> tuple[list[str], list[list[str]], list[bool]]:
    """Titles, cells, and which columns end flush right."""
    has_estimate = any(one.estimated_seconds is not None for one in bench.candidates)
    kept = [place for place, title in enumerate(TITLES) if has_estimate or title not in ESTIMATED]
    rows = [_cells(bench, one, view) for one in bench.candidates]
    return [TITLES[p] for p in kept], [[row[p] for p in kept] for row in rows], [p >= 2 for p in kept]


def _cells(bench: Bench, one: Candidate, view: View) -> list[str]:
    spread, seconds = one.outcome.spread, one.seconds
    return [
        printable(one.variant) or "as it is",
        one.dtype,
        units.count(one.macs, view.raw),
        units.factor(bench.reduction_factor(one)),
        _duration(one.estimated_seconds),
        units.factor(bench.estimated_speed_up(one)),
        _duration(seconds),
        f"{100 * spread / seconds:.1f} %" if seconds and spread is not None else "",
        units.factor(bench.speed_up(one)),
    ]


def _duration(seconds: float | None) -> str:
    return units.duration(seconds) if seconds is not None else "—"


def remarks(bench: Bench) -> list[str]:
    """Where and how it was measured, and what could not be."""
    turns = max((len(one.outcome.turns) for one in bench.candidates), default=0)
    said = [
        f"Measured on {bench.machine}: the median of {turns} interleaved turns of {units.duration(bench.pace.turn)}"
        " each, ± their median absolute deviation."
    ]
    if bench.interrupted:
        said.append(f"Interrupted: {turns} of {bench.pace.rounds} rounds were measured.")
    said += [f"{one.variant or 'as it is'}, {one.dtype}: {one.outcome.problem}" for one in bench.problems]
    return list(map(printable, said))


def as_dict(bench: Bench) -> dict[str, Any]:
    """The keys of docs/json.md."""
    return {
        "machine": msgspec.structs.asdict(bench.machine),
        "rounds": bench.pace.rounds,
        "seconds_per_candidate": bench.pace.seconds,
        "interrupted": bench.interrupted,
        "candidates": [
            {
                "variant": one.variant or None,
                "dtype": one.dtype,
                "macs": one.macs,
                "reduction_factor": bench.reduction_factor(one),
                "estimated_seconds": one.estimated_seconds,
                "estimated_speed_up": bench.estimated_speed_up(one),
                "seconds": one.seconds,
                "spread_seconds": one.outcome.spread,
                "speed_up": bench.speed_up(one),
                "turns": list(one.outcome.turns),
                "problem": one.outcome.problem or None,
            }
            for one in bench.candidates
        ],
    }


ERROR_TITLES = ["dtype", "kind", "fitted by", "rate", "unseen", "median error", "9 of 10 below"]
ERROR_RIGHT = [False, False, True, True, True, True, True]

KIND_TITLES = {"": "all kinds", "all": "other"}


def errors(calibration: Calibration) -> list[list[str]]:
    """A row for each kind of operation, and one over all kinds of a dtype."""
    return [
        [
            one.dtype,
            KIND_TITLES.get(one.kind, one.kind.replace("_", " ")),
            str(one.fitted),
            _rate(calibration, one),
            str(one.unseen),
            *((f"{100 * one.median:.1f} %", f"{100 * one.ninety:.1f} %") if one.unseen else ("—", "—")),
        ]
        for one in calibration.errors
    ]


def _rate(calibration: Calibration, error: Error) -> str:
    """What the kind runs at: MACs or, where those do not decide, bytes a second."""
    law = calibration.device.laws[error.dtype].get(error.kind)
    if law is None:
        return ""
    if law.macs_per_second:
        return f"{law.macs_per_second.value / 1e9:.3g} GMAC/s"
    rates = [rate.value for rate in (law.bytes_read_per_second, law.bytes_written_per_second) if rate]
    return f"{min(rates) / 1e9:.3g} GB/s" if rates else ""


def calibration_remarks(calibration: Calibration) -> list[str]:
    """Where it was measured, and whether all of it was."""
    said = [
        f"Measured on {calibration.machine}. Errors are those of the predicted time of layers that the profile was not"
        " fitted by."
    ]
    if calibration.interrupted:
        said.append("Interrupted: the profile is fitted to what was measured until then.")
    return list(map(printable, said))


def calibration_as_dict(calibration: Calibration) -> dict[str, Any]:
    """The keys of docs/json.md."""
    return {
        "machine": msgspec.structs.asdict(calibration.machine),
        "interrupted": calibration.interrupted,
        "errors": [
            {
                "dtype": one.dtype,
                "kind": one.kind or None,
                "fitted": one.fitted,
                "unseen": one.unseen,
                "median_error": one.median if one.unseen else None,
                "ninety_percent_below": one.ninety if one.unseen else None,
            }
            for one in calibration.errors
        ],
        "not_measured": list(calibration.missing),
        "profile": msgspec.to_builtins(calibration.device),
    }
