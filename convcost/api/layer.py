"""One layer beside its separable twin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.api.loading import device_of
from convcost.comparison import Comparison, compared, timed

if TYPE_CHECKING:
    from convcost.device import Device


def compare(
    in_channels: int,
    filters: int,
    kernel_size: int | tuple[int, ...],
    size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] = 1,
    dilation_rate: int | tuple[int, ...] = 1,
    padding: str = "same",
    groups: int = 1,
    depth_multiplier: int = 1,
    use_bias: bool = True,
    device: Device | str | Path | None = None,
    dtype: str = "float32",
    bench: Mapping[str, Any] | None = None,
) -> Comparison:
    """One 2-D convolution beside its depthwise separable twin, step by step.

    Args:
        size: height and width of the input; one int for both.
        device: estimate the times on it: the name of a profile, or the path of one.
        dtype: that the device computes in.
        bench: time the layers on this machine, in `dtypes`, on `threads`, in `rounds` of so many `seconds` in all.

    Raises:
        ConvcostError: a setting is not allowed, with what was got and what is.
        MeasureError: with `bench`, an extra is missing, or nothing could be measured.
    """
    profiled = None if device is None else device_of(device)
    found = compared(
        in_channels, filters, kernel_size, size, strides, dilation_rate, padding, groups, depth_multiplier, use_bias
    )
    if profiled is not None:
        found = timed(found, profiled, dtype)
    if bench is None:
        return found
    from convcost.measuring.benching import benched_layer
    from convcost.measuring.litert import LiteRt
    from convcost.measuring.timing import Pace

    pace = Pace(bench.get("rounds", 10), bench.get("seconds", 1.0))
    return benched_layer(
        found,
        dtypes=bench.get("dtypes", (dtype,)),
        threads=bench.get("threads", 1),
        pace=pace,
        device=profiled,
        engine=LiteRt(),
        tell=bench.get("tell"),
    )
