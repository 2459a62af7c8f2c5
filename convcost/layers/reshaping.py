"""Layers that move, drop or repeat elements: no arithmetic."""

from __future__ import annotations

from typing import ClassVar

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import DataFormat, join, prod, split
from convcost.layers.base import Extent, Kind, Natural, Positive, each, expect_rank
from convcost.model import Shape

Sides = Natural | tuple[Natural | tuple[Natural, ...], ...]
"""An int, an int per axis, or a (before, after) pair per axis."""


def both_sides(value: Sides, rank: int, setting: str) -> list[tuple[int, int]]:
    """(before, after) along each axis. For one axis, a pair of ints is (before, after)."""
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and len(value) == 2:
        value = (value,)  # type: ignore[assignment]
    pairs = [(sides, sides) if isinstance(sides, int) else sides for sides in value]
    if len(pairs) != rank or any(len(pair) != 2 for pair in pairs):
        raise ShapeError(f"{setting} is {value}, allowed: an int, or for each of {rank} axes an int or (before, after)")
    return [(before, after) for before, after in pairs]


class BaseBordered(Kind):
    rank: ClassVar[int]
    data_format: DataFormat | None = "channels_last"

    def with_border(self, shape: Shape, border: list[tuple[int, int]], sign: int) -> Shape:
        expect_rank(shape, self.rank + 2)
        layout = self.data_format or "channels_last"
        batch, spatial, channels = split(shape, layout)
        sizes = [size + sign * (before + after) for size, (before, after) in zip(spatial, border, strict=True)]
        return join(batch, sizes, channels, layout)


class BaseZeroPadding(BaseBordered):
    fusion = "consumer"
    padding: Sides = 1

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.with_border(inputs[0], both_sides(self.padding, self.rank, "padding"), +1)


class ZeroPadding1D(BaseZeroPadding):
    rank = 1


class ZeroPadding2D(BaseZeroPadding):
    rank = 2


class ZeroPadding3D(BaseZeroPadding):
    rank = 3


class BaseCropping(BaseBordered):
    cropping: Sides = 0

    def output_shape(self, *inputs: Shape) -> Shape:
        cropped = self.with_border(inputs[0], both_sides(self.cropping, self.rank, "cropping"), -1)
        if min(cropped) < 1:
            raise ShapeError(f"cropping {self.cropping} leaves nothing of an input of {inputs[0][1:]}")
        return cropped


class Cropping1D(BaseCropping):
    rank = 1
    cropping: Sides = 1


class Cropping2D(BaseCropping):
    rank = 2


class Cropping3D(BaseCropping):
    rank = 3
    cropping: Sides = 1


class BaseUpSampling(BaseBordered):
    """Repeats elements, or interpolates between them (bilinear: 7 FLOPs per output element)."""

    formula = "0 (resizing)"
    size: Extent = 2

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], self.rank + 2)
        layout = self.data_format or "channels_last"
        batch, spatial, channels = split(inputs[0], layout)
        sizes = each(self.size, self.rank, "size")
        return join(batch, [extent * by for extent, by in zip(spatial, sizes, strict=True)], channels, layout)


class UpSampling1D(BaseUpSampling):
    rank = 1


class UpSampling2D(BaseUpSampling):
    rank = 2
    interpolation: str = "nearest"

    def cost(self, *inputs: Shape) -> Cost:
        return interpolation_cost(self.interpolation, self.output_shape(*inputs))


class UpSampling3D(BaseUpSampling):
    rank = 3


INTERPOLATION_FLOPS = {"nearest": 0, "bilinear": 7, "bicubic": 31, "lanczos3": 71, "lanczos5": 199, "area": 1}
"""Per output element: taps multiplied with weights and added up, 2·taps − 1."""


def interpolation_cost(interpolation: str, output: Shape) -> Cost:
    """What resizing an image to `output` costs; nearest copies."""
    flops = INTERPOLATION_FLOPS.get(interpolation, 7) * prod(output)
    return Cost(0, {"elementwise": flops} if flops else {})


class Flatten(Kind):
    fusion = "alias"
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (inputs[0][0], prod(inputs[0][1:]))


class Reshape(Kind):
    fusion = "alias"
    target_shape: tuple[int, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        return (inputs[0][0], *filled_in(self.target_shape, prod(inputs[0][1:])))


def filled_in(target: tuple[int, ...], elements: int) -> Shape:
    """`target` with its one -1 worked out. Raises ShapeError where the elements do not fit."""
    known = prod(size for size in target if size != -1)
    if target.count(-1) > 1:
        raise ShapeError(f"target shape {target} leaves several sizes open, allowed: one -1")
    if -1 not in target:
        if known != elements:
            raise ShapeError(f"{elements:,} elements do not fit into shape {target} ({known:,})")
        return target
    if known == 0 or elements % known:
        raise ShapeError(f"{elements:,} elements do not fit into shape {target}: not a multiple of {known:,}")
    return tuple(elements // known if size == -1 else size for size in target)


class Permute(Kind):
    dims: tuple[Positive, ...]

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = inputs[0]
        if sorted(self.dims) != list(range(1, len(shape))):
            raise ShapeError(f"dims is {self.dims}, allowed: an order of 1 to {len(shape) - 1}")
        return (shape[0], *(shape[dim] for dim in self.dims))


class RepeatVector(Kind):
    n: Positive

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], 2)
        batch, features = inputs[0]
        return (batch, self.n, features)


class BaseResized(Kind):
    """Images to a fixed size, with or without a batch dimension of their own."""

    height: Positive
    width: Positive
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        layout = self.data_format or "channels_last"
        batch, _, channels = split(inputs[0], layout)
        return join(batch, (self.height, self.width), channels, layout)


class Resizing(BaseResized):
    formula = "0 (resizing)"
    interpolation: str = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    antialias: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0

    def cost(self, *inputs: Shape) -> Cost:
        return interpolation_cost(self.interpolation, self.output_shape(*inputs))


class CenterCrop(BaseResized):
    pass
