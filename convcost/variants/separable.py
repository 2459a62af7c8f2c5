"""`separable`: every convertible convolution becomes depthwise separable (arXiv 1704.04861, 1610.02357).

The depthwise step carries kernel, strides, padding and dilation; the pointwise one mixes channels and carries bias and
activation. Without bias, separable / standard is g·m·(1/N + 1/k²) exactly: N = filters, k² = product of kernel_size,
m = depth_multiplier, g = groups of the standard layer.
"""

from __future__ import annotations

from collections.abc import Collection

from convcost.layers.arithmetic import split
from convcost.layers.convolution import Conv1D, Conv2D, Conv3D, SeparableConv1D, SeparableConv2D
from convcost.model import Model, Rule
from convcost.report import Report, Row
from convcost.variants.replacing import replaced

Conv = Conv1D | Conv2D | Conv3D


def twin(rule: Conv, channels: int, depth_multiplier: int = 1) -> tuple[Rule, ...]:
    """The layers that stand in for `rule`, a convolution of an input with so many channels.

    One fused SeparableConv where Keras has it; in three dimensions and under causal padding a convolution with
    groups = channels and a pointwise one, which cost the same.
    """
    if not isinstance(rule, Conv3D) and rule.padding != "causal":
        fused = SeparableConv1D if isinstance(rule, Conv1D) else SeparableConv2D
        return (
            fused(
                filters=rule.filters,
                kernel_size=rule.kernel_size,
                strides=rule.strides,
                padding=rule.padding,
                data_format=rule.data_format,
                dilation_rate=rule.dilation_rate,
                depth_multiplier=depth_multiplier,
                activation=rule.activation,
                use_bias=rule.use_bias,
            ),
        )
    depthwise = type(rule)(
        filters=channels * depth_multiplier,
        groups=channels,
        kernel_size=rule.kernel_size,
        strides=rule.strides,
        padding=rule.padding,
        data_format=rule.data_format,
        dilation_rate=rule.dilation_rate,
        use_bias=False,
    )
    pointwise = type(rule)(
        filters=rule.filters,
        kernel_size=1,
        data_format=rule.data_format,
        activation=rule.activation,
        use_bias=rule.use_bias,
    )
    return depthwise, pointwise


def separable(model: Model, report: Report, chosen: Collection[str], depth_multiplier: int = 1) -> Model:
    """`model` with the convolutions at the paths `chosen` made separable; `report` tells the shapes they see."""
    twins = {}
    for row in report.rows:
        if row.path in chosen:
            rule = row.layer.rule
            assert isinstance(rule, Conv)
            twins[row.path] = twin(rule, channels_of(row), depth_multiplier)
    return replaced(model, twins)


def channels_of(row: Row) -> int:
    """The channels that a convolution's row sees."""
    rule, shape = row.layer.rule, row.calls[0].inputs[0]
    assert isinstance(rule, Conv) and shape is not None
    return split(shape, rule.layout)[2]
