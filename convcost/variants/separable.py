"""`separable(m)`: every convertible convolution becomes Keras's fused SeparableConv (arXiv 1704.04861, 1610.02357).

The depthwise step carries kernel, strides, padding and dilation; the pointwise one mixes channels and carries bias and
activation. Without bias, separable / standard is m·(1/N + 1/k²) exactly, N = filters and k² = product of kernel_size.
"""

from __future__ import annotations

from convcost.layers.base import Positive
from convcost.layers.convolution import Conv1D, Conv2D, Conv3D, SeparableConv1D, SeparableConv2D
from convcost.model import Call, Layer, Model, Ref, Rule
from convcost.layers.passing import InputLayer


def twin(rule: Conv1D | Conv2D | Conv3D, channels: int, depth_multiplier: Positive = 1) -> Rule | Model:
    """The separable layer with the settings of `rule`, an ordinary convolution of an input with so many channels.

    In three dimensions Keras has no fused layer: there it is a grouped convolution and a pointwise one.
    """
    if isinstance(rule, Conv3D):
        return _two_steps(rule, channels, depth_multiplier)
    fused = SeparableConv1D if isinstance(rule, Conv1D) else SeparableConv2D
    return fused(
        filters=rule.filters,
        kernel_size=rule.kernel_size,
        strides=rule.strides,
        padding=rule.padding,
        data_format=rule.data_format,
        dilation_rate=rule.dilation_rate,
        depth_multiplier=depth_multiplier,
        activation=rule.activation,
        use_bias=rule.use_bias,
    )
