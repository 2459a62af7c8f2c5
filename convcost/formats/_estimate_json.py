"""Estimates as plain data (docs/json.md): the device, each layer, what the what-if gains."""

from __future__ import annotations

from typing import Any

from convcost.comparison import ComparedTimes
from convcost.device import Device
from convcost.estimate import Estimate, Operation, Timing
from convcost.report import Report
from convcost.speedups import speedup


def compared_as_dict(estimate: ComparedTimes) -> dict[str, Any]:
    return {
        "device": device_as_dict(estimate.device),
        "dtype": estimate.dtype,
        **{name: _operation(getattr(estimate, name)) for name in ("standard", "depthwise", "pointwise")},
        "separable_seconds": estimate.separable_seconds,
        "speed_up": estimate.speed_up,
    }


def device_as_dict(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "title": device.title,
        "date": device.date,
        "notes": device.notes,
        "dtypes": list(device.dtypes),
        "figures": {
            key: {"value": figure.value, "origin": figure.origin, "source": figure.source}
            for key, figure in device.figures.items()
        },
    }


def timing_as_dict(timing: Timing, estimate: Estimate) -> dict[str, Any]:
    """A layer's estimate; null for what is not known, or is done elsewhere."""
    known = timing.known
    return {
        "seconds": timing.seconds if known else None,
        "share": estimate.share(timing) if known else None,
        "bytes_moved": timing.bytes if known else None,
        "intensity": timing.intensity,
        "limited_by": timing.limited_by,
        "fused_into": timing.fused_into or None,
        "operations": [_operation(one) for one in timing.operations],
    }


def _operation(one: Operation) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "dtype": one.dtype,
        "macs": one.macs,
        "bytes_read": one.read,
        "weight_bytes": one.weights,
        "bytes_written": one.written,
        "macs_per_second": one.ceiling.value if one.ceiling else None,
        "origin": one.ceiling.origin if one.ceiling else None,
        "compute_seconds": one.compute_seconds,
        "memory_seconds": one.memory_seconds,
        "overhead_seconds": one.overhead,
        "seconds": one.seconds,
    }


def gain_as_dict(report: Report) -> dict[str, Any] | None:
    """What the what-if of a report gains; None where there is no what-if, or no estimate."""
    found = speedup(report)
    if found is None:
        return None
    return {
        "seconds": found.after,
        "speed_up": found.speed_up,
        "reduction_factor": found.reduction_factor,
        "parts": found.parts,
        "no_faster": [one.path for one in found.no_faster],
        "complete": found.known,
    }
