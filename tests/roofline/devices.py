"""Devices for tests, with figures that are easy to reckon with."""

from __future__ import annotations

from typing import Any

from convcost.device import ByKind, Device, Figure


def figure(value: float, origin: Any = "vendor") -> Figure:
    return Figure(value, origin, "a test")


def by_kind(every: float, **kinds: float) -> ByKind:
    return ByKind(all=figure(every), **{kind: figure(value) for kind, value in kinds.items()})


def device(
    macs: float = 1e6, memory: float | None = 1e6, *, call: float = 0.0, weights: float | None = None, **kinds: float
) -> Device:
    """So many MACs and bytes a second in float32 and int8, and seconds a call."""
    return Device(
        name="test-device",
        title="A device of the tests",
        date="2026-11-24",
        macs_per_second={"float32": by_kind(macs, **kinds), "int8": by_kind(4 * macs, **kinds)},
        bytes_per_second=by_kind(memory) if memory else None,
        weight_bytes_per_second=by_kind(weights) if weights else None,
        seconds_per_call=by_kind(call) if call else None,
    )
