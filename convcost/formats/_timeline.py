"""What a device must hold: the live set step by step as bars, the limits, and plain data for the other formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from convcost import units
from convcost.formats._plain import aligned
from convcost.memory.footprint import Footprint, Limit
from convcost.table import View
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.memory.arena import Arena
    from convcost.memory.live_set import Moment
    from convcost.memory.reordering import Reordering

WRITTEN, READ, WAITING = "█", "▓", "░"
LEGEND = f"{WRITTEN} written by the step  {READ} read by it  {WAITING} kept for a later step"
HERE = " ◀ peak"
BAR_CELLS, LEAST_CELLS = 40, 8
MOST_LIVE = 8
RUNTIMES = {"litert": "LiteRT", "tflm": "TensorFlow Lite Micro"}
COLORS = {WRITTEN: "36", READ: "34", WAITING: "2"}
STEP_TITLES = ["step", "layer", "bytes", "written", "read", "kept", "peak"]
STEP_RIGHT = [True, False, True, True, True, True, False]


def picture(footprint: Footprint, view: View) -> str:
    """A line for each step: its place in the file, its layer, what is alive, and a bar of it."""
    moments, peak = footprint.moments, footprint.peak
    if peak is None:
        return "No step computes anything."
    cells = [[str(one.place + 1), printable(one.layer), units.size(one.bytes, view.raw)] for one in moments]
    lines = aligned(cells, [True, False, True]).splitlines()
    longest = max(map(len, lines))
    room = BAR_CELLS if view.width is None else view.width - longest - len(HERE) - 2
    width = max(LEAST_CELLS, min(room, BAR_CELLS))
    shown = [
        f"{line:<{longest}}  {_bar(moment, peak.bytes, width, view)}{HERE if moment is peak else ''}"
        for line, moment in zip(lines, moments, strict=True)
    ]
    return "\n".join([*shown, "", LEGEND])


def _bar(moment: Moment, whole: int, width: int, view: View) -> str:
    """Cells for what is written, read and kept. They end where the sums end, so that rounding does not add up."""
    parts = [(WRITTEN, moment.written), (READ, moment.read), (WAITING, moment.waiting)]
    bar, total, drawn = "", 0, 0
    for sign, part in parts:
        total += part
        end = round(width * total / whole) if whole else 0
        cells = sign * (end - drawn)
        bar += f"\x1b[{COLORS[sign]}m{cells}\x1b[0m" if cells and view.terminal and view.color else cells
        drawn = end
    return bar


def alive(footprint: Footprint, raw: bool) -> str:
    """What is alive at the peak."""
    peak = footprint.peak
    assert peak is not None
    rows = [[units.size(one.bytes, raw), printable(one.layer)] for one in peak.live[:MOST_LIVE]]
    rest = peak.live[MOST_LIVE:]
    if rest:
        rows.append([units.size(sum(one.bytes for one in rest), raw), f"{len(rest)} more"])
    listed = "\n".join(f"  {line}" for line in aligned(rows, [True, False]).splitlines())
    return f"Alive at the peak, {printable(peak.layer)}:\n{listed}"


def needs(footprint: Footprint, raw: bool) -> list[list[str]]:
    """What the model needs: titles of one column, bytes of the other."""
    params = "" if footprint.report.totals.params_complete else "≥ "
    activations = "" if footprint.activations_known else "≥ "
    rows = [
        ["weights", params + units.size(footprint.weight_bytes, raw)],
        ["peak activations", activations + units.size(footprint.peak_bytes, raw)],
    ]
    if footprint.arena is not None:
        rows.append([f"arena of {RUNTIMES[footprint.arena.runtime]}", units.size(footprint.arena.bytes, raw)])
    return rows


LIMIT_TITLES = ["limit", "needed", "allowed", "", ""]
LIMIT_RIGHT = [False, True, True, False, False]


def limits(footprint: Footprint, raw: bool) -> list[list[str]]:
    return [
        [
            limit.what,
            ("" if limit.known else "≥ ") + units.size(limit.needed, raw),
            units.size(limit.allowed, raw),
            {True: "fits", False: "does not fit", None: "cannot be told"}[limit.fits],
            _distance(limit, raw),
        ]
        for limit in footprint.limits
    ]


def _distance(limit: Limit, raw: bool) -> str:
    if limit.over_by > 0:
        return f"{units.size(limit.over_by, raw)} over"
    return f"{units.size(-limit.over_by, raw)} to spare" if limit.fits else ""


def order(footprint: Footprint, raw: bool) -> str:
    """What another execution order saves, and whether a better one may exist; "" where none was looked for."""
    found = footprint.reordering
    if found is None:
        return ""
    before = footprint.report.peak.bytes
    saved = before - found.bytes
    if saved:
        told = (
            f"Order with the least peak: {units.size(found.bytes, raw)} instead of {units.size(before, raw)}"
            f" in that of the file ({units.percent(saved, before)} less)."
        )
    else:
        told = f"Order: no other is known to have a lower peak than that of the file, {units.size(before, raw)}."
    if found.exact:
        return told if saved else f"Order: none has a lower peak than that of the file, {units.size(before, raw)}."
    return f"{told} It is a bound: the search ended early; no order is below {units.size(found.at_least, raw)}."


def heading(footprint: Footprint) -> str:
    report = footprint.report
    shapes = units.shapes(report.input_shapes.values())
    batch = f" · batch {report.batch}" if report.batch > 1 else ""
    return f"{printable(report.name)} · input {shapes} · {footprint.dtype or 'dtypes of the model'}{batch}"


def text(footprint: Footprint, view: View) -> str:
    parts = [heading(footprint), picture(footprint, view)]
    if footprint.peak is not None:
        parts.append(alive(footprint, view.raw))
    parts.append(aligned(needs(footprint, view.raw), [False, True]))
    if said := order(footprint, view.raw):
        parts.append(said)
    if rows := limits(footprint, view.raw):
        parts.append(aligned([LIMIT_TITLES, *rows], LIMIT_RIGHT))
    return "\n\n".join(parts) + "\n"


def steps(footprint: Footprint) -> Iterator[list[Any]]:
    """A row for each step, raw: see `STEP_TITLES`."""
    for one in footprint.moments:
        yield [one.place + 1, one.layer, one.bytes, one.written, one.read, one.waiting, one is footprint.peak]


def as_dict(footprint: Footprint) -> dict[str, Any]:
    peak = footprint.peak
    return {
        "dtype": footprint.dtype,
        "weight_bytes": footprint.weight_bytes,
        "weights_known": footprint.report.totals.params_complete,
        "peak_activation_bytes": footprint.peak_bytes,
        "activations_known": footprint.activations_known,
        "peak_layer": peak.layer if peak else None,
        "steps": [_step(moment) for moment in footprint.moments],
        "reordering": _reordering(footprint.reordering, footprint.report.peak.bytes),
        "arena": _arena(footprint.arena),
        "limits": [
            {
                "what": limit.what,
                "limit": limit.allowed,
                "needed": limit.needed,
                "over_by": limit.over_by,
                "fits": limit.fits,
            }
            for limit in footprint.limits
        ],
    }


def _step(moment: Moment) -> dict[str, Any]:
    return {
        "step": moment.place + 1,
        "layer": moment.layer,
        "bytes": moment.bytes,
        "written": moment.written,
        "read": moment.read,
        "kept": moment.waiting,
        "live": [msgspec.structs.asdict(one) for one in moment.live],
    }


def _arena(arena: Arena | None) -> dict[str, Any] | None:
    """Operators count from 1 in the plan of TFLM, where inputs are there at 0; from 0 in that of LiteRT."""
    if arena is None:
        return None
    places = [
        {
            "tensor": place.buffer.tensor,
            "name": place.buffer.name,
            "bytes": place.buffer.bytes,
            "offset": place.offset,
            "first": place.buffer.first,
            "last": place.buffer.last,
        }
        for place in sorted(arena.places, key=lambda place: place.buffer.tensor)
    ]
    return {"runtime": arena.runtime, "bytes": arena.bytes, "buffers": places}


def _reordering(found: Reordering | None, before: int) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"bytes": found.bytes, "before": before, "at_least": found.at_least, "exact": found.exact}


def step_cells(footprint: Footprint, raw: bool) -> Sequence[list[str]]:
    """The steps as people read them, peak marked."""
    return [
        [str(step), layer, *(units.size(part, raw) for part in parts), "peak" if is_peak else ""]
        for step, layer, *parts, is_peak in steps(footprint)
    ]
