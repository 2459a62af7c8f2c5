"""Laws that hold for every setting: what is composed costs what its parts cost."""

from __future__ import annotations

from math import prod
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from convcost.layers import LAYERS
from convcost.layers.activations import FLOPS_PER_ELEMENT, Activation
from convcost.layers.attention import GroupQueryAttention, MultiHeadAttention
from convcost.layers.conv_lstm import ConvLSTM1D
from convcost.layers.convolution import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    SeparableConv2D,
)
from convcost.layers.dense import Dense
from convcost.layers.einsum_dense import EinsumDense
from convcost.layers.recurrent import GRU, LSTM, Bidirectional, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from convcost.layers.wrapping import TimeDistributed
from convcost.model import Layer, Shape

few = st.integers(1, 6)
sizes = st.integers(6, 20)
images = st.tuples(st.just(1), sizes, sizes, few)
sequences = st.tuples(st.just(1), few, few)
windows = st.fixed_dictionaries(
    {
        "kernel_size": st.integers(1, 5),
        "strides": st.integers(1, 3),
        "padding": st.sampled_from(["valid", "same"]),
    }
)


def held(rule: Any) -> Layer:
    return Layer("held", type(rule).__name__, rule, ())


def params(rule: Any, *inputs: Shape) -> int:
    return sum(prod(weight.shape) for weight in rule.weights(*inputs))


def equal(one: Any, other: Any, *inputs: Shape) -> None:
    """The same shapes, params and cost."""
    assert one.output_shape(*inputs) == other.output_shape(*inputs)
    assert params(one, *inputs) == params(other, *inputs)
    assert one.cost(*inputs) == other.cost(*inputs)


@given(images, windows, few, st.booleans())
def test_depthwise_is_a_convolution_grouped_by_channels(
    image: Shape, window: dict[str, Any], multiplier: int, use_bias: bool
) -> None:
    channels = image[-1]
    grouped = Conv2D(filters=channels * multiplier, groups=channels, use_bias=use_bias, **window)
    equal(DepthwiseConv2D(depth_multiplier=multiplier, use_bias=use_bias, **window), grouped, image)


@given(images, windows, few, few, few)
def test_separable_over_standard_is_the_bound(
    image: Shape, window: dict[str, Any], groups: int, multiplier: int, per_group: int
) -> None:
    """separable / standard = g·m·(1/N + 1/k²), multiplied out to stay in integers."""
    image = (*image[:-1], image[-1] * groups)
    filters, taps = per_group * groups, window["kernel_size"] ** 2
    standard = Conv2D(filters=filters, groups=groups, use_bias=False, **window).cost(image).macs
    separable = SeparableConv2D(filters=filters, depth_multiplier=multiplier, use_bias=False, **window).cost(image).macs
    assert separable * filters * taps == standard * groups * multiplier * (taps + filters)


@given(images, windows, few)
def test_separable_is_depthwise_and_then_pointwise(image: Shape, window: dict[str, Any], filters: int) -> None:
    separable = SeparableConv2D(filters=filters, activation="relu", **window)
    depthwise = DepthwiseConv2D(use_bias=False, **window)
    pointwise = Conv2D(filters=filters, kernel_size=1, activation="relu")
    between = depthwise.output_shape(image)
    assert separable.output_shape(image) == pointwise.output_shape(between)
    assert separable.cost(image) == depthwise.cost(image) + pointwise.cost(between)
    assert params(separable, image) == params(depthwise, image) + params(pointwise, between)


@given(images, windows, few, st.sampled_from(sorted(FLOPS_PER_ELEMENT)))
def test_a_fused_activation_costs_what_the_layer_costs(
    image: Shape, window: dict[str, Any], filters: int, activation: str
) -> None:
    plain = Conv2D(filters=filters, **window)
    fused = Conv2D(filters=filters, activation=activation, **window)
    assert fused.cost(image) == plain.cost(image) + Activation(activation=activation).cost(plain.output_shape(image))


@given(images, windows, few, few)
def test_channels_first_costs_what_channels_last_costs(
    image: Shape, window: dict[str, Any], filters: int, batch: int
) -> None:
    first = (batch, image[3], image[1], image[2])
    last = (batch, *image[1:])
    for kind in (Conv2D, SeparableConv2D, Conv2DTranspose):
        one = kind(filters=filters, data_format="channels_first", **window)
        other = kind(filters=filters, **window)
        put_out = one.output_shape(first)
        assert (put_out[0], *put_out[2:], put_out[1]) == other.output_shape(last)
        assert one.cost(first) == other.cost(last)
        assert one.weights(first) == other.weights(last)


@given(images, windows, few, few)
def test_a_batch_multiplies_the_cost(image: Shape, window: dict[str, Any], filters: int, batch: int) -> None:
    rule = Conv2D(filters=filters, activation="gelu", **window)
    assert rule.cost((batch, *image[1:])) == rule.cost(image) * batch


@given(images, windows, few)
def test_one_dimension_is_two_with_a_row(image: Shape, window: dict[str, Any], filters: int) -> None:
    """A Conv1D is a Conv2D on an image of height one, and that a Conv3D."""
    _, _, width, channels = image
    strides, kernel = window["strides"], window["kernel_size"]
    line = Conv1D(filters=filters, **window)
    flat = Conv2D(filters=filters, kernel_size=(1, kernel), strides=(1, strides), padding=window["padding"])
    deep = Conv3D(filters=filters, kernel_size=(1, 1, kernel), strides=(1, 1, strides), padding=window["padding"])
    assert (
        line.cost((1, width, channels)) == flat.cost((1, 1, width, channels)) == deep.cost((1, 1, 1, width, channels))
    )


@given(images, few)
def test_a_pointwise_convolution_is_a_dense_layer_at_every_position(image: Shape, filters: int) -> None:
    conv, dense = Conv2D(filters=filters, kernel_size=1, activation="tanh"), Dense(units=filters, activation="tanh")
    assert conv.cost(image) == dense.cost(image)
    assert params(conv, image) == params(dense, image)


@given(images, few, st.booleans())
def test_einsum_dense_holds_dense(shape: Shape, units: int, use_bias: bool) -> None:
    bias_axes = "d" if use_bias else None
    for equation in ("...c,cd->...d", "abec,cd->abed"):
        named: Any = units if equation.startswith(".") else (None, None, units)
        general = EinsumDense(equation=equation, named_shape=named, bias_axes=bias_axes)
        equal(general, Dense(units=units, use_bias=use_bias), shape)


@given(st.sampled_from([LSTM, GRU, SimpleRNN]), sequences, few, st.booleans(), st.booleans())
def test_bidirectional_is_its_layer_twice(
    kind: Any, sequence: Shape, units: int, return_sequences: bool, return_state: bool
) -> None:
    rule = kind(units=units, return_sequences=return_sequences, return_state=return_state)
    both = Bidirectional(layer=held(rule))
    assert both.cost(sequence) == rule.cost(sequence) * 2
    assert params(both, sequence) == 2 * params(rule, sequence)


@given(st.sampled_from([(LSTM, LSTMCell), (GRU, GRUCell), (SimpleRNN, SimpleRNNCell)]), sequences, few, st.booleans())
def test_a_recurrent_layer_is_its_cell_at_every_step(
    kinds: tuple[Any, Any], sequence: Shape, units: int, use_bias: bool
) -> None:
    layer, cell = (kind(units=units, use_bias=use_bias) for kind in kinds)
    batch, steps, features = sequence
    assert layer.cost(sequence) == cell.cost((batch, features)) * steps
    assert layer.weights(sequence) == cell.weights((batch, features))


@given(sequences, few)
def test_what_acts_in_training_or_in_another_order_costs_nothing(sequence: Shape, units: int) -> None:
    plain = LSTM(units=units)
    changed = LSTM(units=units, go_backwards=True, unroll=True, dropout=0.5, recurrent_dropout=0.5)
    equal(plain, changed, sequence)


@given(sequences, few)
def test_an_lstm_is_a_conv_lstm_on_one_position(sequence: Shape, units: int) -> None:
    batch, steps, features = sequence
    line = ConvLSTM1D(filters=units, kernel_size=1)
    assert line.cost((batch, steps, 1, features)) == LSTM(units=units).cost(sequence)


@given(images, few)
def test_time_distributed_is_its_layer_at_every_step(image: Shape, units: int) -> None:
    dense = Dense(units=units)
    assert TimeDistributed(layer=held(dense)).cost(image) == dense.cost(image)
    assert TimeDistributed(layer=held(dense)).output_shape(image) == dense.output_shape(image)


@given(few, few, few, few, few, st.booleans(), st.booleans())
def test_grouped_heads_are_multi_heads_where_each_has_its_own(
    heads: int, size: int, queries: int, keys: int, features: int, use_bias: bool, use_gate: bool
) -> None:
    flags = {"use_bias": use_bias, "use_gate": use_gate}
    grouped = GroupQueryAttention(head_dim=size, num_query_heads=heads, num_key_value_heads=heads, **flags)
    multi = MultiHeadAttention(num_heads=heads, key_dim=size, **flags)
    equal(grouped, multi, (1, queries, features), (1, keys, features))


@given(st.sampled_from(sorted(LAYERS)))
def test_every_kind_says_how_it_counts(name: str) -> None:
    kind = LAYERS[name]
    assert kind.formula
    assert set(kind.inner) <= set(kind.__struct_fields__)
