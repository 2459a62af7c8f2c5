"""Convolutions: standard, grouped, depthwise, separable and transposed, in one to three dimensions.

MACs of a convolution: prod(kernel_size) · (in_channels / groups) · filters · output positions
(arXiv 1704.04861, section 3.1). Padding taps count. A bias adds one FLOP per output element, never a MAC.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from convcost.cost import NOTHING, Cost
from convcost.errors import ShapeError
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import DataFormat, conv_extent, join, prod, split, transposed_extent
from convcost.layers.base import Extent, Kind, Natural, Positive, each, expect_rank
from convcost.layers.lora import lora_macs, lora_weights
from convcost.model import Shape, Weight


class BaseWindowed(Kind):
    """What all convolutions share: a window that slides over `rank` spatial axes."""

    absorbs_padding = True
    rank: ClassVar[int]

    kernel_size: Extent
    strides: Extent = 1
    padding: Literal["valid", "same", "causal"] = "valid"
    data_format: DataFormat | None = "channels_last"
    dilation_rate: Extent = 1
    activation: Function = None
    use_bias: bool = True

    def __post_init__(self) -> None:
        for setting in ("kernel_size", "strides", "dilation_rate"):
            each(getattr(self, setting), self.rank, setting)
        if self.padding == "causal" and (self.rank != 1 or not isinstance(self, Conv1D)):
            raise ShapeError('padding is "causal", allowed: "valid" or "same" ("causal" in Conv1D alone)')

    @property
    def kernel(self) -> Shape:
        return each(self.kernel_size, self.rank, "kernel_size")

    @property
    def layout(self) -> DataFormat:
        return self.data_format or "channels_last"

    def taken_apart(self, shape: Shape) -> tuple[int, Shape, int]:
        """Batch, spatial sizes and channels of an input. Raises ShapeError where its rank is another."""
        expect_rank(shape, self.rank + 2)
        return split(shape, self.layout)

    def positions(self, spatial: Shape) -> Shape:
        """Where the window stands, along each axis."""
        windows = zip(
            spatial,
            self.kernel,
            each(self.strides, self.rank, "strides"),
            each(self.dilation_rate, self.rank, "dilation_rate"),
            strict=True,
        )
        return tuple(
            conv_extent(size, kernel, stride, dilation, self.padding) for size, kernel, stride, dilation in windows
        )

    def after_window(self, output: Shape) -> Cost:
        """Bias and activation on an output of this shape."""
        bias = Cost(0, {"bias": prod(output)}) if self.use_bias else NOTHING
        return bias + activation_cost(self.activation, output)


class BaseConv(BaseWindowed, kw_only=True):
    formula = "prod(kernel_size) · (in_channels / groups) · filters · output positions"

    filters: Positive
    groups: Positive = 1
    lora_rank: Positive | None = None
    lora_alpha: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters % self.groups:
            raise ShapeError(f"groups is {self.groups}, which does not divide filters ({self.filters})")
        strided = max(each(self.strides, self.rank, "strides")) > 1
        if strided and max(each(self.dilation_rate, self.rank, "dilation_rate")) > 1:
            raise ShapeError(
                f"strides {self.strides} and dilation_rate {self.dilation_rate} are both above 1;"
                " allowed: one of them (Keras has both for depthwise and separable layers only)"
            )

    def channels_per_group(self, channels: int) -> int:
        if channels % self.groups:
            raise ShapeError(f"groups is {self.groups}, which does not divide the input's {channels} channels")
        return channels // self.groups

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, channels = self.taken_apart(inputs[0])
        self.channels_per_group(channels)
        return join(batch, self.positions(spatial), self.filters, self.layout)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        _, _, channels = self.taken_apart(inputs[0])
        kernel = (*self.kernel, self.channels_per_group(channels), self.filters)
        weights = [Weight("kernel", kernel, trainable=not self.lora_rank)]
        if self.use_bias:
            weights.append(Weight("bias", (self.filters,)))
        return (*weights, *lora_weights("kernel", kernel, self.lora_rank))

    def cost(self, *inputs: Shape) -> Cost:
        batch, spatial, channels = self.taken_apart(inputs[0])
        kernel, output = (*self.kernel, self.channels_per_group(channels), self.filters), self.output_shape(*inputs)
        macs = prod(kernel) * batch * prod(self.positions(spatial))
        return Cost(macs + lora_macs(self.lora_rank, kernel, macs, output)) + self.after_window(output)


class Conv1D(BaseConv):
    rank = 1


class Conv2D(BaseConv):
    rank = 2


class Conv3D(BaseConv):
    rank = 3


class BaseDepthwiseConv(BaseWindowed):
    """A convolution whose groups are the input channels: each filter sees one channel."""

    formula = "prod(kernel_size) · in_channels · depth_multiplier · output positions"

    depth_multiplier: Positive = 1

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, channels = self.taken_apart(inputs[0])
        return join(batch, self.positions(spatial), channels * self.depth_multiplier, self.layout)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        _, _, channels = self.taken_apart(inputs[0])
        kernel = Weight("kernel", (*self.kernel, channels, self.depth_multiplier))
        bias = Weight("bias", (channels * self.depth_multiplier,))
        return (kernel, bias) if self.use_bias else (kernel,)

    def cost(self, *inputs: Shape) -> Cost:
        output = self.output_shape(*inputs)
        return Cost(prod(self.kernel) * prod(output)) + self.after_window(output)


class DepthwiseConv1D(BaseDepthwiseConv):
    rank = 1


class DepthwiseConv2D(BaseDepthwiseConv):
    rank = 2


class BaseSeparableConv(BaseWindowed, kw_only=True):
    """A depthwise convolution and a pointwise one after it: its cost and weights are theirs."""

    formula = "depthwise: k²·C·m · output positions, plus pointwise: C·m · filters · output positions"
    depthwise_kind: ClassVar[type[BaseDepthwiseConv]]
    pointwise_kind: ClassVar[type[BaseConv]]

    filters: Positive
    depth_multiplier: Positive = 1

    @property
    def depthwise(self) -> BaseDepthwiseConv:
        """The first step; it has no bias and no activation."""
        return self.depthwise_kind(
            kernel_size=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
            depth_multiplier=self.depth_multiplier,
            use_bias=False,
        )

    @property
    def pointwise(self) -> BaseConv:
        """The second step; bias and activation are its."""
        return self.pointwise_kind(
            filters=self.filters,
            kernel_size=1,
            data_format=self.data_format,
            activation=self.activation,
            use_bias=self.use_bias,
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.pointwise.output_shape(self.depthwise.output_shape(*inputs))

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        (depthwise,) = self.depthwise.weights(*inputs)
        pointwise, *bias = self.pointwise.weights(self.depthwise.output_shape(*inputs))
        return (
            Weight("depthwise_kernel", depthwise.shape),
            Weight("pointwise_kernel", pointwise.shape),
            *bias,
        )

    def cost(self, *inputs: Shape) -> Cost:
        return self.depthwise.cost(*inputs) + self.pointwise.cost(self.depthwise.output_shape(*inputs))


class SeparableConv1D(BaseSeparableConv):
    rank = 1
    depthwise_kind = DepthwiseConv1D
    pointwise_kind = Conv1D


class SeparableConv2D(BaseSeparableConv):
    rank = 2
    depthwise_kind = DepthwiseConv2D
    pointwise_kind = Conv2D


class BaseConvTranspose(BaseWindowed, kw_only=True):
    """Every input position is multiplied with the whole kernel: the work is at the input's size."""

    formula = "prod(kernel_size) · in_channels · filters · input positions"

    filters: Positive
    output_padding: Natural | tuple[Natural, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        strides = each(self.strides, self.rank, "strides")
        if max(strides) > 1 and max(each(self.dilation_rate, self.rank, "dilation_rate")) > 1:
            raise ShapeError(f"strides {self.strides} and dilation_rate {self.dilation_rate} are both above 1")
        if self.output_padding is not None:
            paddings = each(self.output_padding, self.rank, "output_padding")
            if any(padding >= stride for padding, stride in zip(paddings, strides, strict=True)):
                raise ShapeError(
                    f"output_padding is {self.output_padding}, allowed: less than strides ({self.strides})"
                )

    def output_shape(self, *inputs: Shape) -> Shape:
        batch, spatial, _ = self.taken_apart(inputs[0])
        none = (None,) * self.rank
        windows = zip(
            spatial,
            self.kernel,
            each(self.strides, self.rank, "strides"),
            each(self.dilation_rate, self.rank, "dilation_rate"),
            none if self.output_padding is None else each(self.output_padding, self.rank, "output_padding"),
            strict=True,
        )
        extents = tuple(
            transposed_extent(size, kernel, stride, dilation, self.padding, extra)
            for size, kernel, stride, dilation, extra in windows
        )
        return join(batch, extents, self.filters, self.layout)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        _, _, channels = self.taken_apart(inputs[0])
        kernel = Weight("kernel", (*self.kernel, self.filters, channels))
        return (kernel, Weight("bias", (self.filters,))) if self.use_bias else (kernel,)

    def cost(self, *inputs: Shape) -> Cost:
        batch, spatial, channels = self.taken_apart(inputs[0])
        macs = prod(self.kernel) * channels * self.filters * batch * prod(spatial)
        return Cost(macs) + self.after_window(self.output_shape(*inputs))


class Conv1DTranspose(BaseConvTranspose):
    rank = 1


class Conv2DTranspose(BaseConvTranspose):
    rank = 2


class Conv3DTranspose(BaseConvTranspose):
    rank = 3
