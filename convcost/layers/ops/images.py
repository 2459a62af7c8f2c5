"""Images: colours, resampling (which has no MACs, as resizing layers have none), borders, and fixed filters.

An image may come without a batch dimension. Filters are convolutions with given kernels: their MACs count.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from convcost.cost import NOTHING, Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import DataFormat, join, split
from convcost.layers.base import Extent
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.ops.base import BaseOp, define, elementwise
from convcost.layers.reshaping import interpolation_cost
from convcost.model import Shape


class BaseImage(BaseOp):
    data_format: DataFormat | None = "channels_last"

    @property
    def layout(self) -> DataFormat:
        return self.data_format or "channels_last"

    def batched(self, shape: Shape) -> Shape:
        """`shape` with a batch dimension. Raises ShapeError where it is no image."""
        if len(shape) not in (3, 4):
            raise ShapeError(f"its input {shape} has {len(shape)} dimensions, allowed: 3, or 4 with the batch")
        return (1,) * (4 - len(shape)) + shape

    def resized(self, shape: Shape, height: int, width: int) -> Shape:
        """`shape` with another height and width."""
        batch, _, channels = split(self.batched(shape), self.layout)
        return join(batch, (height, width), channels, self.layout)[4 - len(shape) :]


class RGBToGrayscale(BaseImage):
    """A weighted sum of three channels: a pointwise convolution. Gray images pass."""

    formula = "3 · pixels"

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, _ = split(self.batched(inputs[0]), self.layout)
        return join(batch, spatial, 1, self.layout)[4 - len(inputs[0]) :]

    def cost(self, *inputs: Shape) -> Cost:
        image = self.batched(inputs[0])
        weighted = Conv2D(filters=1, kernel_size=1, use_bias=False, data_format=self.layout).cost(image)
        return weighted if split(image, self.layout)[2] > 1 else NOTHING


class BaseColours(BaseImage):
    """Between colour spaces, pixel by pixel."""

    formula = "0 (elementwise: 8 FLOPs an element)"

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(8, inputs[0])


define(BaseColours, "HSVToRGB RGBToHSV")


class Resize(BaseImage, kw_only=True):
    formula = "0 (resizing)"

    size: tuple[int, int]
    interpolation: str = "bilinear"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.resized(inputs[0], *self.size)

    def cost(self, *inputs: Shape) -> Cost:
        return interpolation_cost(self.interpolation, self.output_shape(*inputs))


class BaseWarp(BaseImage):
    """Every output pixel is interpolated where a transform finds it: `coordinates` FLOPs to find it."""

    formula = "0 (resizing)"
    arguments = ("images",)
    coordinates: ClassVar[int]

    images: Any = None
    interpolation: str = "bilinear"

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0]

    def cost(self, *inputs: Shape) -> Cost:
        output = self.output_shape(*inputs)
        batch, spatial, _ = split(self.batched(output), self.layout)
        found = elementwise(self.coordinates, (batch, *spatial))
        return found + interpolation_cost(self.interpolation, output)


# x and y are a·u + b·v + c each (4 FLOPs), over a common divisor that is such a sum too.
define(BaseWarp, coordinates={8: "AffineTransform", 14: "PerspectiveTransform"})


class ElasticTransform(BaseWarp):
    """Random displacements along both axes, smoothed by a Gaussian window of 6·sigma; pixels are then interpolated."""

    formula = "2 · window · pixels"
    coordinates = 4  # u + alpha·du, v + alpha·dv

    sigma: float = 5.0

    def cost(self, *inputs: Shape) -> Cost:
        batch, spatial, _ = split(self.batched(self.output_shape(*inputs)), self.layout)
        window = 6 * int(self.sigma) | 1
        smoothing = DepthwiseConv2D(kernel_size=window, padding="same", use_bias=False)
        return super().cost(*inputs) + smoothing.cost((batch, *spatial, 1)) * 2


class MapCoordinates(BaseOp):
    """Values at given places of a tensor of n dimensions, interpolated between 2ⁿ neighbours."""

    formula = "0 (resizing)"
    arguments = ("inputs", "coordinates")

    inputs: Any = None
    coordinates: Any = None
    order: int = 1

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[1][1:]

    def cost(self, *inputs: Shape) -> Cost:
        taps = (1 + self.order) ** len(self.operands(inputs)[0])
        return elementwise(2 * taps - 1 if self.order else 0, self.output_shape(*inputs))


class ScaleAndTranslate(BaseOp):
    """Resampled along some axes, to a given shape."""

    formula = "0 (resizing)"
    arguments = ("images", "output_shape")

    method: str
    resampled: tuple[int, ...] = msgspec.field(name="output_shape")

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.resampled

    def cost(self, *inputs: Shape) -> Cost:
        return interpolation_cost(self.method, self.resampled)


class BaseBorder(BaseImage):
    """Rows and columns more or fewer: on both sides, or on one side so many that a target size comes out."""

    target_height: int | None = None
    target_width: int | None = None


class PadImages(BaseBorder):
    top_padding: int | None = None
    left_padding: int | None = None
    bottom_padding: int | None = None
    right_padding: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        _, (height, width), _ = split(self.batched(inputs[0]), self.layout)
        higher = height + (self.top_padding or 0) + (self.bottom_padding or 0)
        wider = width + (self.left_padding or 0) + (self.right_padding or 0)
        return self.resized(inputs[0], self.target_height or higher, self.target_width or wider)


class CropImages(BaseBorder):
    top_cropping: int | None = None
    left_cropping: int | None = None
    bottom_cropping: int | None = None
    right_cropping: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        _, (height, width), _ = split(self.batched(inputs[0]), self.layout)
        lower = height - (self.top_cropping or 0) - (self.bottom_cropping or 0)
        narrower = width - (self.left_cropping or 0) - (self.right_cropping or 0)
        return self.resized(inputs[0], self.target_height or lower, self.target_width or narrower)


class GaussianBlur(BaseImage):
    """A depthwise convolution with a window of given size."""

    formula = DepthwiseConv2D.formula
    kernel_size: Extent = (3, 3)

    def cost(self, *inputs: Shape) -> Cost:
        layer = DepthwiseConv2D(
            kernel_size=self.kernel_size, padding="same", use_bias=False, data_format=self.data_format
        )
        return layer.cost(self.batched(inputs[0]))


class SobelEdges(BaseImage):
    """Two depthwise windows of 3×3, whose results stand along a new last axis."""

    formula = "2 · 9 · elements"

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], 2)

    def cost(self, *inputs: Shape) -> Cost:
        layer = DepthwiseConv2D(
            kernel_size=3, padding="same", depth_multiplier=2, use_bias=False, data_format=self.data_format
        )
        return layer.cost(self.batched(inputs[0]))


class SSIM(BaseImage):
    """Structural similarity: two means, two variances and a covariance under a Gaussian window (Wang et al., 2004)."""

    formula = "5 · filter_size² · channels · window positions"
    arguments = ("image1", "image2")

    image1: Any = None
    image2: Any = None
    filter_size: int = 11

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0][:-3]

    def cost(self, *inputs: Shape) -> Cost:
        image = self.batched(self.operands(inputs)[0])
        window = DepthwiseConv2D(kernel_size=self.filter_size, use_bias=False, data_format=self.data_format)
        per_pixel = elementwise(3, image)  # both squares and the product
        per_position = elementwise(15, window.output_shape(image))
        return window.cost(image) * 5 + per_pixel + per_position
