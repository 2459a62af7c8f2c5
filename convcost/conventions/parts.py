"""A layer's cost taken apart into what tools count or leave out: the convolution, its bias, its activation, …

Parts add up to the layer's `Cost`: their `macs` to its MACs, their `flops` to its other FLOPs. The further measures are
what the rules of other tools are written in (`convcost.conventions.tools`).
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import msgspec

from convcost.cost import Cost
from convcost.layers import pooling
from convcost.layers.activations import BaseActivation, Function, PReLU, activation_cost, activation_name
from convcost.layers.arithmetic import prod
from convcost.layers.attention import BaseHeads, BaseScored
from convcost.layers.base import Kind, each
from convcost.layers.conv_lstm import BaseConvLSTMCell
from convcost.layers.convolution import BaseConv, BaseConvTranspose, BaseDepthwiseConv, BaseSeparableConv
from convcost.layers.dense import Dense
from convcost.layers.einsum_dense import EinsumDense
from convcost.layers.embedding import Embedding
from convcost.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
    sizes_along,
)
from convcost.layers.pooling import BaseAdaptivePooling, BaseGlobalPooling, BasePooling
from convcost.layers.preprocessing import Normalization
from convcost.layers.recurrent import BaseCell, BaseRecurrent, Bidirectional, GRUCell, LSTMCell, SimpleRNNCell
from convcost.layers.reshaping import UpSampling2D
from convcost.layers.wrapping import TimeDistributed, Wrapper, each_step, rule_of
from convcost.model import Rule, Shape
from convcost.report import Row

CONVOLUTIONS = (
    "convolution",
    "grouped convolution",
    "depthwise convolution",
    "transposed convolution",
    "3-D transposed convolution",
)

CONTRACTIONS = (*CONVOLUTIONS, "dense", "lstm", "gru", "simple rnn", "matrix product", "attention")
"""The kinds of parts that have MACs. A "matrix product" is one of tensors, outside of a layer with weights."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What tools count by.

    `read` and `put_out` are elements of a layer's input and output, `rows` how often it normalizes, `channels` those
    that a normalization keeps apart, `weights` those that PyTorch's layer has, once a sample. A transposed convolution
    tells two more: `at_output`, the MACs of its kernel at every output position, and `as_gradient`, twice that divided
    by the product of its strides.
    """

    macs: int = 0
    flops: int = 0
    read: int = 0
    put_out: int = 0
    rows: int = 0
    channels: int = 0
    weights: int = 0
    at_output: int = 0
    as_gradient: int = 0


MEASURES = Measures.__struct_fields__


class Part(Measures, frozen=True):
    """One thing that a layer does, over all samples; `steps` is how many equal time steps it is the sum of."""

    kind: str
    steps: int = 1

    def __mul__(self, times: int) -> Part:
        return msgspec.structs.replace(self, **{name: times * getattr(self, name) for name in MEASURES})


def parts_of_row(row: Row) -> list[Part]:
    """The parts of a layer over all its calls; none where no rule counts it."""
    rule: Any = row.layer.rule
    if row.cost is None:
        return []
    calls = [tuple(shape for shape in call.inputs if shape is not None) for call in row.calls if call.inputs]
    parts = [part for inputs in calls for part in parts_of(rule, *inputs)]
    # A layer that was called with other settings has calls that its own rule does not tell.
    return parts if sum(part.macs for part in parts) == row.cost.macs else by_cost(row.cost)


@singledispatch
def parts_of(rule: Rule, *inputs: Shape) -> list[Part]:
    """The parts of one call. A rule that has no function of its own here is told by its cost alone."""
    return by_cost(rule.cost(*inputs))


def by_cost(cost: Cost) -> list[Part]:
    return ([Part("matrix product", macs=cost.macs)] if cost.macs else []) + by_category(cost)


def by_category(cost: Cost) -> list[Part]:
    """A part for each category of other FLOPs. A bias is one FLOP an element."""
    return [
        Part(category, flops=flops, put_out=flops if category == "bias" else 0)
        for category, flops in cost.other.items()
        if flops
    ]


def activated(function: Function, shape: Shape) -> list[Part]:
    """An activation, fused or not, under the name of its function; "linear" is none."""
    name = SAME_FUNCTION.get(activation_name(function), activation_name(function))
    flops = activation_cost(function, shape).other_flops
    return [Part(name, flops=flops, read=prod(shape), rows=prod(shape[:-1]))] if name != "linear" else []


SAME_FUNCTION = {"swish": "silu", "hard_swish": "hard_silu"}


@parts_of.register
def _(rule: BaseActivation, *inputs: Shape) -> list[Part]:
    return activated(rule.chosen(), inputs[0])


@parts_of.register
def _(rule: PReLU, *inputs: Shape) -> list[Part]:
    (part,) = activated("prelu", inputs[0])
    (slopes,) = rule.weights(*inputs)
    return [msgspec.structs.replace(part, weights=inputs[0][0] * prod(slopes.shape))]


def convolved(kind: str, rule: BaseConv | BaseDepthwiseConv | BaseConvTranspose, *inputs: Shape) -> list[Part]:
    """The products, the bias and the activation of a convolution."""
    cost, output = rule.cost(*inputs), rule.output_shape(*inputs)
    bias = [Part("bias", flops=prod(output), put_out=prod(output))] if rule.use_bias else []
    return [Part(kind, macs=cost.macs), *bias, *activated(rule.activation, output)]


@parts_of.register
def _(rule: BaseConv, *inputs: Shape) -> list[Part]:
    return convolved("grouped convolution" if rule.groups > 1 else "convolution", rule, *inputs)


@parts_of.register
def _(rule: BaseDepthwiseConv, *inputs: Shape) -> list[Part]:
    return convolved("depthwise convolution", rule, *inputs)


@parts_of.register
def _(rule: BaseSeparableConv, *inputs: Shape) -> list[Part]:
    return parts_of(rule.depthwise, *inputs) + parts_of(rule.pointwise, rule.depthwise.output_shape(*inputs))


@parts_of.register
def _(rule: BaseConvTranspose, *inputs: Shape) -> list[Part]:
    products, *rest = convolved(
        "3-D transposed convolution" if rule.rank == 3 else "transposed convolution", rule, *inputs
    )
    kernel = rule.weights(*inputs)[0].shape
    at_output = prod(kernel) * prod(rule.output_shape(*inputs)) // rule.filters
    as_gradient = 2 * at_output // prod(each(rule.strides, rule.rank, "strides"))
    return [msgspec.structs.replace(products, at_output=at_output, as_gradient=as_gradient), *rest]


def multiplied(rule: Dense | EinsumDense, *inputs: Shape) -> list[Part]:
    """The products, the bias and the activation of a dense layer, with the weights that each of them reads."""
    cost, output = rule.cost(*inputs), rule.output_shape(*inputs)
    weights = {weight.name: inputs[0][0] * prod(weight.shape) for weight in rule.weights(*inputs)}
    bias = cost.other.get("bias", 0)
    biased = [Part("dense bias", flops=bias, put_out=bias, weights=weights["bias"])] if bias else []
    return [Part("dense", macs=cost.macs, weights=weights["kernel"]), *biased, *activated(rule.activation, output)]


parts_of.register(Dense, multiplied)
parts_of.register(EinsumDense, multiplied)


@parts_of.register
def _(rule: Embedding, *inputs: Shape) -> list[Part]:
    table = rule.weights(*inputs)[0].shape
    return [Part("embedding", weights=inputs[0][0] * prod(table)), *by_cost(rule.cost(*inputs))]


def normalized(kind: str, rule: Rule, *inputs: Shape, affine: bool, rows: int = 0, channels: int) -> list[Part]:
    """A normalization; `affine`: whether it scales or shifts. A layer of PyTorch's that is affine does both."""
    flops = rule.cost(*inputs).other_flops
    weights = 2 * channels * inputs[0][0] if affine else 0
    return [Part(kind, flops=flops, read=prod(inputs[0]), rows=rows, channels=channels, weights=weights)]


@parts_of.register
def _(rule: BatchNormalization, *inputs: Shape) -> list[Part]:
    lacks = "" if rule.scale else ", not scaled" if rule.center else ", not affine"
    channels = prod(sizes_along(rule.axis, inputs[0]))
    return normalized(f"batch normalization{lacks}", rule, *inputs, affine=lacks != ", not affine", channels=channels)


@parts_of.register
def _(rule: LayerNormalization, *inputs: Shape) -> list[Part]:
    channels = prod(sizes_along(rule.axis, inputs[0]))
    affine, rows = rule.scale or rule.center, prod(inputs[0]) // channels
    kind = "layer normalization" if affine else "layer normalization, not affine"
    return normalized(kind, rule, *inputs, affine=affine, rows=rows, channels=channels)


@parts_of.register
def _(rule: GroupNormalization, *inputs: Shape) -> list[Part]:
    (channels,) = sizes_along(rule.axis, inputs[0])
    affine, rows = rule.scale or rule.center, inputs[0][0] * (channels if rule.groups == -1 else rule.groups)
    kind = "group normalization" if affine else "group normalization, not affine"
    return normalized(kind, rule, *inputs, affine=affine, rows=rows, channels=channels)


@parts_of.register
def _(rule: RMSNormalization, *inputs: Shape) -> list[Part]:
    channels = prod(sizes_along(rule.axis, inputs[0]))
    (part,) = normalized(
        "rms normalization", rule, *inputs, affine=False, rows=prod(inputs[0]) // channels, channels=channels
    )
    return [msgspec.structs.replace(part, weights=inputs[0][0] * channels)]


@parts_of.register
def _(rule: UnitNormalization, *inputs: Shape) -> list[Part]:
    channels = prod(sizes_along(rule.axis, inputs[0]))
    rows = prod(inputs[0]) // channels
    return normalized("unit normalization", rule, *inputs, affine=False, rows=rows, channels=channels)


@parts_of.register
def _(rule: Normalization, *inputs: Shape) -> list[Part]:
    channels = 1 if rule.axis is None else prod(sizes_along(rule.axis, inputs[0]))
    return normalized("input normalization", rule, *inputs, affine=False, channels=channels)


POOLINGS: dict[str, tuple[type[Kind], ...]] = {
    "max pooling": (pooling.MaxPooling1D, pooling.MaxPooling2D, pooling.MaxPooling3D),
    "average pooling": (pooling.AveragePooling1D, pooling.AveragePooling2D, pooling.AveragePooling3D),
    "global max pooling": (pooling.GlobalMaxPooling1D, pooling.GlobalMaxPooling2D, pooling.GlobalMaxPooling3D),
    "global average pooling": (
        pooling.GlobalAveragePooling1D,
        pooling.GlobalAveragePooling2D,
        pooling.GlobalAveragePooling3D,
    ),
    "adaptive max pooling": (
        pooling.AdaptiveMaxPooling1D,
        pooling.AdaptiveMaxPooling2D,
        pooling.AdaptiveMaxPooling3D,
    ),
    "adaptive average pooling": (
        pooling.AdaptiveAveragePooling1D,
        pooling.AdaptiveAveragePooling2D,
        pooling.AdaptiveAveragePooling3D,
    ),
}
POOLING_NAMES = {
    layer: f"{rank}-D {name}" for name, layers in POOLINGS.items() for rank, layer in enumerate(layers, start=1)
}
"""Each with its axes: "2-D max pooling". Some tools know only two."""


def pooled(rule: BasePooling | BaseGlobalPooling | BaseAdaptivePooling, *inputs: Shape) -> list[Part]:
    put_out = prod(rule.output_shape(*inputs))
    flops = rule.cost(*inputs).other_flops
    return [Part(POOLING_NAMES[type(rule)], flops=flops, read=prod(inputs[0]), put_out=put_out)]


parts_of.register(BasePooling, pooled)
parts_of.register(BaseGlobalPooling, pooled)
parts_of.register(BaseAdaptivePooling, pooled)


@parts_of.register
def _(rule: UpSampling2D, *inputs: Shape) -> list[Part]:
    read, put_out = prod(inputs[0]), prod(rule.output_shape(*inputs))
    flops = rule.cost(*inputs).other_flops
    return [Part(f"{rule.interpolation} upsampling", flops=flops, read=read, put_out=put_out)]


@parts_of.register
def _(rule: BaseScored, *inputs: Shape) -> list[Part]:
    cost, scores = rule.cost(*inputs), rule.scores(*inputs)
    rest = Cost(0, cost.other) + activation_cost("softmax", scores) * -1
    return [Part("matrix product", macs=cost.macs), *activated("softmax", scores), *by_category(rest)]


@parts_of.register
def _(rule: BaseHeads, *inputs: Shape) -> list[Part]:
    """The projections, the two products between them, and the softmax of the scores."""
    scores = rule.scores(*inputs)
    known = [part for _, projection, shape in rule.projections(*inputs) for part in parts_of(projection, shape)]
    known += activated("softmax", scores)
    cost = rule.cost(*inputs)
    macs, flops = cost.macs - sum(part.macs for part in known), cost.other_flops - sum(part.flops for part in known)
    return [*known, Part("attention", macs=macs, flops=flops, read=prod(scores))]


CELLS: dict[type[Kind], str] = {LSTMCell: "lstm", GRUCell: "gru", SimpleRNNCell: "simple rnn"}


@parts_of.register
def _(rule: BaseCell, *inputs: Shape) -> list[Part]:
    """A step: its products, a bias of all gates, and the arithmetic between them."""
    cost, state = rule.cost(*inputs), prod(rule.state(*inputs))
    products = Part(CELLS[type(rule)], macs=cost.macs, flops=cost.other.get("elementwise", 0), put_out=state)
    bias, gates = cost.other.get("bias", 0), cost.other.get("activation", 0)
    biased = [Part("recurrent bias", flops=bias, put_out=rule.gates * state)] if bias else []
    return [products, *biased, *([Part("gate activation", flops=gates)] if gates else [])]


@parts_of.register
def _(rule: BaseConvLSTMCell, *inputs: Shape) -> list[Part]:
    cost = rule.cost(*inputs)
    return [Part("convolution", macs=cost.macs), *by_category(cost)]


@parts_of.register
def _(rule: BaseRecurrent, *inputs: Shape) -> list[Part]:
    _, steps, step = each_step(inputs[0])
    return [msgspec.structs.replace(part * steps, steps=steps) for part in parts_of(rule.step, step)]


@parts_of.register
def _(rule: Bidirectional, *inputs: Shape) -> list[Part]:
    both = [part for layer in (rule.layer, rule.backward) for part in parts_of(rule_of(layer), *inputs)]
    merged = rule.cost(*inputs).other.get("merge", 0)
    return [*both, *([Part("merge", flops=merged)] if merged else [])]


@parts_of.register
def _(rule: Wrapper, *inputs: Shape) -> list[Part]:
    return parts_of(rule_of(rule.layer), *inputs)


@parts_of.register
def _(rule: TimeDistributed, *inputs: Shape) -> list[Part]:
    _, steps, step = each_step(inputs[0])
    return [part * steps for part in parts_of(rule_of(rule.layer), step)]
