"""The few ways in which layers compute with sizes. Rules use these and `+ - * //`, and never branch on a size."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from convcost.errors import ShapeError
from convcost.model import Shape

Padding = Literal["valid", "same", "causal"]
DataFormat = Literal["channels_last", "channels_first"]

__all__ = ["broadcast", "ceil_div", "conv_extent", "join", "prod", "same_extent", "split", "transposed_extent"]


def ceil_div(size: int, by: int) -> int:
    """⌈size / by⌉ in integers."""
    return -(-size // by)


def same_extent(size: int, stride: int) -> int:
    """Positions of a window that covers `size` with `stride`, padded so that none is lost."""
    return ceil_div(size, stride)


def conv_extent(size: int, kernel: int, stride: int, dilation: int, padding: Padding) -> int:
    """Positions of a (dilated) kernel along one axis: ⌈size/stride⌉, or ⌊(size − window)/stride⌋ + 1 under valid.

    Raises ShapeError where the window does not fit.
    """
    if padding != "valid":
        return ceil_div(size, stride)
    window = dilation * (kernel - 1) + 1
    if window > size:
        raise ShapeError(
            f"a window of {window} (kernel_size {kernel}, dilation_rate {dilation}) is larger than"
            f" the input's {size} under padding valid"
        )
    return (size - window) // stride + 1


def transposed_extent(
    size: int, kernel: int, stride: int, dilation: int, padding: Padding, output_padding: int | None
) -> int:
    """Positions that a transposed convolution puts out along one axis, as Keras defines them.

    Without output_padding: size·stride under same, plus max(window − stride, 0) under valid.
    With it: (size − 1)·stride + window − 2·pad + output_padding.
    """
    window = dilation * (kernel - 1) + 1
    if output_padding is None:
        if padding == "same":
            return size * stride
        return size * stride + max(window - stride, 0)
    pad = window // 2 if padding == "same" else 0
    return (size - 1) * stride + window - 2 * pad + output_padding


def split(shape: Shape, data_format: DataFormat) -> tuple[int, Shape, int]:
    """Batch, spatial sizes and channels of `shape`: the one place that knows channels_first."""
    if data_format == "channels_first":
        return shape[0], shape[2:], shape[1]
    return shape[0], shape[1:-1], shape[-1]


def join(batch: int, spatial: Sequence[int], channels: int, data_format: DataFormat) -> Shape:
    """The shape that `split` takes apart."""
    if data_format == "channels_first":
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an elementwise operation, by numpy's rule. Raises ShapeError where sizes do not meet."""
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        wanted = sizes[0]
        if any(size != wanted for size in sizes):
            wanted = next((size for size in sizes if size != 1), 1)
        if any(size not in (1, wanted) for size in sizes):
            listed = " and ".join(str(tuple(shape)) for shape in shapes)
            raise ShapeError(f"shapes {listed} do not broadcast")
        result.append(wanted)
    return tuple(result)
