"""Operations that cut a tensor into blocks, or put blocks together: no arithmetic, but the sums of `fold`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import DataFormat, conv_extent, join, prod, split
from convcost.layers.base import Extent, each, expect_rank
from convcost.layers.ops.base import BaseOp, elementwise
from convcost.layers.reshaping import filled_in
from convcost.model import Shape


class BaseSpaceDepth(BaseOp):
    block_size: int
    data_format: DataFormat | None = "channels_last"

    def taken_apart(self, shape: Shape) -> tuple[int, Shape, int]:
        expect_rank(shape, 4)
        return split(shape, self.data_format or "channels_last")

    def put_together(self, batch: int, spatial: tuple[int, ...], channels: int) -> Shape:
        return join(batch, spatial, channels, self.data_format or "channels_last")


class DepthToSpace(BaseSpaceDepth):
    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, channels = self.taken_apart(inputs[0])
        if channels % self.block_size**2:
            raise ShapeError(f"{channels} channels do not make blocks of {self.block_size}×{self.block_size}")
        sizes = tuple(size * self.block_size for size in spatial)
        return self.put_together(batch, sizes, channels // self.block_size**2)


class SpaceToDepth(BaseSpaceDepth):
    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, channels = self.taken_apart(inputs[0])
        if any(size % self.block_size for size in spatial):
            raise ShapeError(f"an image of {spatial} does not divide into blocks of {self.block_size}")
        sizes = tuple(size // self.block_size for size in spatial)
        return self.put_together(batch, sizes, channels * self.block_size**2)


class BaseSliding(BaseOp):
    """Blocks of an image (batch, channels, height, width) under a sliding window, as columns."""

    kernel_size: Extent
    dilation: Extent = 1
    padding: int | tuple[int, ...] = 0
    stride: Extent = 1

    def positions(self, spatial: Shape) -> int:
        """How many blocks an image has."""
        windows = zip(
            spatial,
            each(self.kernel_size, 2, "kernel_size"),
            each(self.stride, 2, "stride"),
            each(self.dilation, 2, "dilation"),
            each(self.padding, 2, "padding"),
            strict=True,
        )
        return prod(
            conv_extent(size + 2 * border, kernel, stride, dilation, "valid")
            for size, kernel, stride, dilation, border in windows
        )


class Unfold(BaseSliding):
    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], 4)
        batch, channels, *spatial = inputs[0]
        window = prod(each(self.kernel_size, 2, "kernel_size"))
        return (batch, channels * window, self.positions(tuple(spatial)))


class Fold(BaseSliding, kw_only=True):
    """The inverse of `unfold`: where blocks overlap, their elements add up."""

    formula = "0 (elementwise: 1 FLOP per input element)"
    output_size: Extent

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], 3)
        batch, columns, _ = inputs[0]
        window = prod(each(self.kernel_size, 2, "kernel_size"))
        return (batch, columns // window, *each(self.output_size, 2, "output_size"))

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, inputs[0])


class ExtractSequences(BaseOp):
    """Overlapping frames of the last axis."""

    sequence_length: int
    sequence_stride: int

    def output_shape(self, *inputs: Shape) -> Shape:
        *leading, size = inputs[0]
        frames = conv_extent(size, self.sequence_length, self.sequence_stride, 1, "valid")
        return (*leading, frames, self.sequence_length)


class ExtractPatches(BaseOp):
    """Each patch of an image becomes the channels of one position; an image may come without a batch dimension."""

    size: Extent
    strides: Extent | None = None
    dilation_rate: Extent = 1
    padding: str = "valid"
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(self.size) if isinstance(self.size, tuple) else 2
        layout = self.data_format or "channels_last"
        lacking = rank + 2 - len(inputs[0])
        batch, spatial, channels = split((1,) * lacking + inputs[0], layout)
        sizes = each(self.size, rank, "size")
        strides = sizes if self.strides is None else each(self.strides, rank, "strides")
        padding = "valid" if self.padding == "valid" else "same"
        extents = [
            conv_extent(extent, size, stride, dilation, padding)  # type: ignore[arg-type]
            for extent, size, stride, dilation in zip(
                spatial, sizes, strides, each(self.dilation_rate, rank, "dilation_rate"), strict=True
            )
        ]
        return join(batch, extents, prod(sizes) * channels, layout)[lacking:]


class Rearrange(BaseOp):
    """einops' `"b (h p) c -> b h (p c)"`: groups are taken apart and put together by the names of their axes."""

    arguments = ("tensor", "pattern", "**axes_lengths")

    tensor: Any = None
    pattern: str = ""
    axes_lengths: Mapping[str, int] = {}

    def output_shape(self, *inputs: Shape) -> Shape:
        before, _, after = self.pattern.partition("->")
        groups = _groups(before)
        if len(groups) != len(inputs[0]):
            raise ShapeError(f"pattern {self.pattern!r} has {len(groups)} axes, its input {len(inputs[0])}")
        sizes: dict[str, int] = {}
        for names, size in zip(groups, inputs[0], strict=True):
            known = tuple(self.axes_lengths.get(name, -1) for name in names)
            sizes.update(zip(names, filled_in(known, size), strict=True))
        return tuple(prod(sizes[name] for name in names) for names in _groups(after))


def _groups(side: str) -> list[list[str]]:
    """The axes of one side of a pattern, each the list of names that make it up."""
    return [re.findall(r"\w+", group) for group in re.findall(r"\w+|\([^()]*\)", side)]
