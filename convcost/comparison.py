"""One convolution, explained: standard beside depthwise and pointwise, with every number written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from convcost.cost import Cost
from convcost.errors import ConvcostError
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind
from convcost.layers.convolution import Conv2D, DepthwiseConv2D, SeparableConv2D
from convcost.model import Shape, bytes_of
from convcost.separability import bound, ceiling, iso_cost_filters, verdict
from convcost.variants import kind, names, written
from convcost.variants.base import NotApplicableError, totals

if TYPE_CHECKING:
    from convcost.device import Device
    from convcost.estimate import Operation
    from convcost.measuring.bench import Bench


Made = TypeVar("Made", bound=Kind)


class Part(msgspec.Struct, frozen=True):
    """A layer of the comparison. `factors` multiply to its MACs; shapes are per sample."""

    name: str
    kind: str
    output_shape: Shape
    factors: tuple[int, ...]
    cost: Cost
    params: int

    @property
    def macs(self) -> int:
        return self.cost.macs


class Alternative(msgspec.Struct, frozen=True):
    """The layer as a variant: what it then costs, and what becomes of trained weights; None where it cannot be one."""

    variant: str
    macs: int | None
    params: int | None
    weights: str
    reason: str = ""


class ComparedTimes(msgspec.Struct, frozen=True):
    """What the three layers are estimated to take on a device."""

    device: Device
    dtype: str
    standard: Operation
    depthwise: Operation
    pointwise: Operation

    @property
    def separable_seconds(self) -> float:
        return self.depthwise.seconds + self.pointwise.seconds

    @property
    def speed_up(self) -> float:
        return self.standard.seconds / self.separable_seconds


class Comparison(msgspec.Struct, frozen=True):
    """A standard convolution, and the depthwise and pointwise steps that can stand in for it.

    `bound` is g·m·(1/N + 1/k²), which separable / standard equals exactly in MACs. `fused_params` are those of Keras's
    SeparableConv2D, which has one bias less.
    """

    layer: Conv2D
    input_shape: Shape
    filters: int
    kernel_size: Shape
    groups: int
    depth_multiplier: int
    standard: Part
    depthwise: Part
    pointwise: Part
    fused_params: int
    bound: float
    ceiling: float
    iso_cost_filters: int
    verdict: str
    alternatives: tuple[Alternative, ...] = ()
    estimate: ComparedTimes | None = None
    """Where a device was named."""
    bench: Bench | None = None
    """The layers timed, where that was asked for."""

    @property
    def separable(self) -> Cost:
        return self.depthwise.cost + self.pointwise.cost

    @property
    def separable_params(self) -> int:
        return self.depthwise.params + self.pointwise.params

    @property
    def reduction_factor(self) -> float:
        """standard / separable in MACs."""
        return self.standard.macs / self.separable.macs

    @property
    def bound_is_met(self) -> bool:
        """separable / standard = g·m·(1/N + 1/k²), in integers."""
        taps = prod(self.kernel_size)
        steps = self.groups * self.depth_multiplier * (taps + self.filters)
        return self.separable.macs * self.filters * taps == self.standard.macs * steps


def compared(
    in_channels: int,
    filters: int,
    kernel_size: int | tuple[int, ...],
    size: int | tuple[int, ...],
    strides: int | tuple[int, ...],
    dilation_rate: int | tuple[int, ...],
    padding: str,
    groups: int,
    depth_multiplier: int,
    use_bias: bool,
) -> Comparison:
    """See `convcost.compare`."""
    window = {"kernel_size": kernel_size, "strides": strides, "padding": padding, "dilation_rate": dilation_rate}
    own = {"use_bias": use_bias, "activation": None}
    standard = _made(Conv2D, filters=filters, groups=groups, **window, **own)
    depthwise = _made(DepthwiseConv2D, depth_multiplier=depth_multiplier, **window, **own)
    pointwise = _made(Conv2D, filters=filters, kernel_size=1, **own)
    fused = _made(SeparableConv2D, filters=filters, depth_multiplier=depth_multiplier, **window, **own)
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width, in_channels) < 1:
        raise ConvcostError(f"the input is {height}×{width}×{in_channels}, allowed: sizes and channels of 1 and more")
    shape = (1, height, width, in_channels)
    between = depthwise.output_shape(shape)
    kernel = standard.kernel
    first = _part("standard", standard, shape, (*kernel, in_channels // groups, filters))
    second = _part("depthwise", depthwise, shape, (*kernel, in_channels, depth_multiplier))
    third = _part("pointwise", pointwise, between, (1, 1, in_channels * depth_multiplier, filters))
    return Comparison(
        layer=standard,
        input_shape=shape[1:],
        filters=filters,
        kernel_size=kernel,
        groups=groups,
        depth_multiplier=depth_multiplier,
        standard=first,
        depthwise=second,
        pointwise=third,
        fused_params=totals(fused, shape)[1],
        bound=bound(filters, kernel, groups, depth_multiplier),
        ceiling=ceiling(kernel, groups, depth_multiplier),
        iso_cost_filters=iso_cost_filters(filters, kernel, groups, depth_multiplier),
        verdict=verdict(first.macs, second.macs + third.macs),
        alternatives=tuple(_alternatives(standard, shape)),
    )


def _part(name: str, layer: Conv2D | DepthwiseConv2D, shape: Shape, weights: tuple[int, ...]) -> Part:
    """A layer, whose MACs are the product of the extents of its kernel and of the positions of its output."""
    output = layer.output_shape(shape)
    factors = (*weights, *output[1:-1])
    return Part(name, type(layer).__name__, output[1:], factors, layer.cost(shape), totals(layer, shape)[1])


def timed(comparison: Comparison, device: Device, dtype: str = "float32") -> Comparison:
    """`comparison` with what its layers are estimated to take. Raises ConvcostError as `convcost.roofline` does."""
    from convcost.roofline import operation

    def of(part: Part, kind: str, read: Shape) -> Operation:
        read_bytes, weights, written = (bytes_of(n, dtype) for n in (prod(read), part.params, prod(part.output_shape)))
        return operation(kind, dtype, device, macs=part.macs, read=read_bytes, weights=weights, written=written)

    taps, channels = prod(comparison.kernel_size), comparison.input_shape[-1]
    kind = "depthwise" if comparison.groups == channels > 1 else "pointwise" if taps == 1 else "convolution"
    estimate = ComparedTimes(
        device,
        dtype,
        of(comparison.standard, kind, comparison.input_shape),
        of(comparison.depthwise, "depthwise", comparison.input_shape),
        of(comparison.pointwise, "pointwise", comparison.depthwise.output_shape),
    )
    return msgspec.structs.replace(comparison, estimate=estimate)


def _alternatives(standard: Conv2D, shape: Shape) -> Iterator[Alternative]:
    """The layer as every variant, with the settings that the variant has unless told; none for what has no window."""
    if standard.groups > 1 or prod(standard.kernel) == 1:
        return
    for name in names():
        if name == "standard":
            continue
        variant = kind(name)()
        try:
            macs, params = totals(variant.stand_in(standard, shape), shape)
        except NotApplicableError as error:
            yield Alternative(written(variant), None, None, "", str(error))
        else:
            yield Alternative(written(variant), macs, params, variant.weights)


def _made(kind: type[Made], **settings: object) -> Made:
    """A record from settings, validated. Raises ConvcostError naming the setting that is not allowed."""
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise ConvcostError(str(error).replace("$.", "")) from None
