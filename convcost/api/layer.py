"""One layer beside its separable twin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
) -> Comparison:
    """One 2-D convolution beside its depthwise separable twin, step by step.

    Args:
        size: height and width of the input; one int for both.
        device: estimate the times on it: the name of a profile, or the path of one.
        dtype: that the device computes in.

    Raises ConvcostError where a setting is not allowed, with what was got and what is.
    """
    profiled = device_of(device)
    found = compared(
        in_channels, filters, kernel_size, size, strides, dilation_rate, padding, groups, depth_multiplier, use_bias
    )
    return found if profiled is None else timed(found, profiled, dtype)
