"""The oracle of a sweep: each configuration by itself, through `analyze`."""

from __future__ import annotations

from typing import Any

from convcost.api import analyze
from convcost.errors import ConvcostError
from convcost.sweeping.sweep import Configuration, Sweep

FIGURES = ("macs", "flops", "params", "weight_bytes", "peak_activation_bytes")


def alone(source: Any, found: Sweep, one: Configuration) -> tuple[Any, ...]:
    """What `analyze` says of one configuration: its figures, whether they are complete, or why it is not valid."""
    given = list(zip(found.axes, one.values, strict=True))
    try:
        report = analyze(
            source,
            parameters={axis.name: value for axis, value in given if axis.of == "parameter"},
            input_shape={axis.name: value for axis, value in given if axis.of == "input"},
        )
    except ConvcostError as error:
        return (*[None] * 6, True, str(error))
    assert report.what_if is not None
    totals = report.totals
    figures = [getattr(totals, name) for name in FIGURES]
    return (*figures, report.what_if.report.totals.macs, totals.complete, "")


def together(one: Configuration) -> tuple[Any, ...]:
    figures = [getattr(one, name) for name in FIGURES]
    return (*figures, one.separable_macs, one.complete, one.reason)
