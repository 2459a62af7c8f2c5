"""The convolutions that variants are made of, each with what it takes over from the one that it stands in for."""

from __future__ import annotations

from typing import Any

from convcost.layers.convolution import (
    BaseDepthwiseConv,
    BaseWindowed,
    Conv1D,
    Conv2D,
    Conv3D,
    DepthwiseConv1D,
    DepthwiseConv2D,
)

Conv = Conv1D | Conv2D | Conv3D

_DEPTHWISE: dict[type, type[BaseDepthwiseConv]] = {Conv1D: DepthwiseConv1D, Conv2D: DepthwiseConv2D}


def window_of(rule: BaseWindowed) -> dict[str, Any]:
    """The settings of the window: kernel, strides, padding, dilation."""
    names = ("kernel_size", "strides", "padding", "dilation_rate", "data_format")
    return {name: getattr(rule, name) for name in names}


def end_of(rule: BaseWindowed) -> dict[str, Any]:
    """The settings that the last step takes over: bias and activation."""
    return {"use_bias": rule.use_bias, "activation": rule.activation}


def channel_axis(rule: Conv) -> int:
    """The axis of the channels, the batch counted as axis 0."""
    return 1 if rule.layout == "channels_first" else -1


def pointwise(rule: Conv, filters: int, last: bool = False) -> Conv:
    """A 1×1 convolution, with the bias and activation of `rule` where it is the last step."""
    end = end_of(rule) if last else {"use_bias": False}
    return type(rule)(filters=filters, kernel_size=1, data_format=rule.data_format, **end)


def depthwise(rule: Conv, channels: int, depth_multiplier: int = 1, last: bool = False) -> BaseDepthwiseConv | Conv:
    """A depthwise convolution with the window of `rule`.

    Where Keras has none (three dimensions, causal padding) it is a convolution with groups = channels at the same cost.
    """
    end = end_of(rule) if last else {"use_bias": False}
    kind = _DEPTHWISE.get(type(rule))
    if kind is None or rule.padding == "causal":
        return type(rule)(filters=channels * depth_multiplier, groups=channels, **window_of(rule), **end)
    return kind(depth_multiplier=depth_multiplier, **window_of(rule), **end)
