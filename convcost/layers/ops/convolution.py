"""Convolutions and pooling as operations: what the layers of the same name do, with the kernel as an operand."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers import convolution, pooling
from convcost.layers.arithmetic import DataFormat, split
from convcost.layers.base import Extent, Kind, Natural
from convcost.layers.ops.base import BaseOp
from convcost.model import Shape


class BaseWindow(BaseOp):
    """An operation that is a layer: the layer's rules give its shape and cost.

    `kinds` are the layers for one spatial axis and more.
    """

    absorbs_padding = True
    arguments: ClassVar[tuple[str, ...]] = ("inputs",)
    kinds: ClassVar[tuple[type[Kind], ...]]

    inputs: Any = None
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat | None = "channels_last"

    def kind(self, image: Shape) -> type[Kind]:
        """The layer's kind for the spatial axes of this image. Raises ShapeError where Keras has none."""
        spatial = len(image) - 2
        if not 1 <= spatial <= len(self.kinds):
            raise ShapeError(f"its input has {spatial} spatial axes, allowed: 1 to {len(self.kinds)}")
        return self.kinds[spatial - 1]

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        """The layer that does the same."""
        raise NotImplementedError

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        image, *kernels = self.operands(inputs)
        return self.layer(image, *kernels).output_shape(image)

    def cost(self, *inputs: Shape) -> Cost:
        image, *kernels = self.operands(inputs)
        return self.layer(image, *kernels).cost(image)


class BaseConvolution(BaseWindow):
    """A convolution without bias."""

    arguments: ClassVar[tuple[str, ...]] = ("inputs", "kernel")

    kernel: Any = None
    strides: Extent = 1
    dilation_rate: Extent = 1

    def like(self, image: Shape, kernel: Shape, **settings: Any) -> Kind:
        """The layer with this kernel, [*window, channels, channels], and further settings."""
        if len(kernel) != len(image):
            raise ShapeError(f"its kernel {kernel} has {len(kernel)} dimensions, its input {image} {len(image)}")
        return self.kind(image)(
            kernel_size=kernel[:-2],
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
            use_bias=False,
            **settings,
        )


class Conv(BaseConvolution):
    """Grouped where the kernel takes fewer channels than the input has."""

    formula = convolution.Conv2D.formula
    kinds = (convolution.Conv1D, convolution.Conv2D, convolution.Conv3D)

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        (kernel,) = kernels
        _, _, channels = split(image, self.data_format or "channels_last")
        if channels % kernel[-2]:
            raise ShapeError(f"its kernel takes {kernel[-2]} channels, which do not divide the input's {channels}")
        return self.like(image, kernel, filters=kernel[-1], groups=channels // kernel[-2])


class DepthwiseConv(BaseConvolution):
    formula = convolution.DepthwiseConv2D.formula
    kinds = (convolution.DepthwiseConv1D, convolution.DepthwiseConv2D)

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        (kernel,) = kernels
        return self.like(image, kernel, depth_multiplier=kernel[-1])


class SeparableConv(BaseConvolution):
    formula = convolution.SeparableConv2D.formula
    arguments = ("inputs", "depthwise_kernel", "pointwise_kernel")
    kinds = (convolution.SeparableConv1D, convolution.SeparableConv2D)

    depthwise_kernel: Any = None
    pointwise_kernel: Any = None

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        depthwise, pointwise = kernels
        return self.like(image, depthwise, depth_multiplier=depthwise[-1], filters=pointwise[-1])


class ConvTranspose(BaseConvolution):
    formula = convolution.Conv2DTranspose.formula
    kinds = (convolution.Conv1DTranspose, convolution.Conv2DTranspose, convolution.Conv3DTranspose)

    output_padding: Natural | tuple[Natural, ...] | None = None

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        (kernel,) = kernels
        return self.like(image, kernel, filters=kernel[-2], output_padding=self.output_padding)


class BasePool(BaseWindow, kw_only=True):
    formula = pooling.MaxPooling2D.formula

    pool_size: Extent
    strides: Extent | None = None

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        return self.kind(image)(
            pool_size=self.pool_size, strides=self.strides, padding=self.padding, data_format=self.data_format
        )


class MaxPool(BasePool, kw_only=True):
    kinds = (pooling.MaxPooling1D, pooling.MaxPooling2D, pooling.MaxPooling3D)


class AveragePool(BasePool, kw_only=True):
    kinds = (pooling.AveragePooling1D, pooling.AveragePooling2D, pooling.AveragePooling3D)


class BaseAdaptivePool(BaseWindow, kw_only=True):
    formula = pooling.AdaptiveMaxPooling2D.formula

    output_size: Extent

    def layer(self, image: Shape, *kernels: Shape) -> Kind:
        return self.kind(image)(output_size=self.output_size, data_format=self.data_format)


class AdaptiveMaxPool(BaseAdaptivePool, kw_only=True):
    kinds = (pooling.AdaptiveMaxPooling1D, pooling.AdaptiveMaxPooling2D, pooling.AdaptiveMaxPooling3D)


class AdaptiveAveragePool(BaseAdaptivePool, kw_only=True):
    kinds = (pooling.AdaptiveAveragePooling1D, pooling.AdaptiveAveragePooling2D, pooling.AdaptiveAveragePooling3D)
