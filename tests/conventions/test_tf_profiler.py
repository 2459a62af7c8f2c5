"""The tf-profiler convention against the profiler itself, on small Keras models."""

from __future__ import annotations

from collections.abc import Callable

import keras
import pytest
import tensorflow as tf
from keras import layers

from convcost.api import analyze

IMAGE = (8, 10, 6)


def profiled(model: keras.Model) -> int:
    """Float operations of one sample, as `tf.compat.v1.profiler` counts them in the graph of the model."""
    call = tf.function(lambda tensor: model(tensor, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]))).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_empty_output().build()
    return int(tf.compat.v1.profiler.profile(graph, cmd="scope", options=options).total_float_ops)


CASES: dict[str, tuple[tuple[int, ...], Callable[[], list[keras.layers.Layer]]]] = {
    "convolutions": (
        IMAGE,
        lambda: [
            layers.Conv2D(8, 3, activation="relu"),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.SeparableConv2D(4, 3, padding="same", activation="silu"),
            layers.Conv2D(4, 1, use_bias=False, activation="gelu"),
        ],
    ),
    "grouped": (IMAGE, lambda: [layers.Conv2D(4, 3, groups=2), layers.Conv2D(4, 3, groups=2, use_bias=False)]),
    "transposed": (
        IMAGE,
        lambda: [layers.Conv2DTranspose(4, 3, strides=2), layers.Conv2DTranspose(2, 3, strides=2, padding="same")],
    ),
    "one odd channel": ((8, 10, 1), lambda: [layers.Conv2DTranspose(1, 3, strides=2, use_bias=False)]),
    "1-D": ((9, 6), lambda: [layers.Conv1D(4, 3), layers.SeparableConv1D(4, 3), layers.MaxPooling1D(2)]),
    "3-D": ((6, 6, 6, 2), lambda: [layers.Conv3D(4, 3), layers.Conv3DTranspose(4, 3), layers.MaxPooling3D(2)]),
    "normalizations": (
        IMAGE,
        lambda: [
            layers.BatchNormalization(),
            layers.BatchNormalization(scale=False),
            layers.LayerNormalization(),
            layers.GroupNormalization(2),
            layers.Rescaling(2.0, offset=1.0),
        ],
    ),
    "pooling and dense": (
        IMAGE,
        lambda: [
            layers.MaxPooling2D(3, 2, padding="same"),
            layers.AveragePooling2D(2),
            layers.Dense(7),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="softmax"),
        ],
    ),
    "lstm": ((11, 5), lambda: [layers.LSTM(7)]),
    "gru": ((11, 5), lambda: [layers.GRU(7)]),
    "simple rnn": ((11, 5), lambda: [layers.SimpleRNN(7, use_bias=False)]),
    "bidirectional": ((11, 5), lambda: [layers.Bidirectional(layers.LSTM(7))]),
    "convolutional lstm": ((3, 8, 8, 5), lambda: [layers.ConvLSTM2D(7, 3)]),
    "einsum dense": ((11, 8), lambda: [layers.EinsumDense("abc,cd->abd", (None, 7), bias_axes="d")]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_profiler_agrees(name: str) -> None:
    shape, build = CASES[name]
    model = keras.Sequential([keras.Input(shape), *build()])
    assert analyze(model, convention="tf-profiler").totals.macs == profiled(model)


def test_branches_and_attention() -> None:
    """Sums, products and averages of branches; of attention in heads, the profiler misses both products."""
    image = keras.Input((6, 8))
    branch = layers.Dense(8)(image)
    merged = layers.Average()([layers.Add()([image, branch]), layers.Multiply()([image, branch])])
    heads = layers.MultiHeadAttention(2, 4)(merged, merged)
    model = keras.Model(image, heads)
    report = analyze(model, convention="tf-profiler")
    assert report.totals.macs == profiled(model)
    (attention,) = (row for row in report.rows if row.kind == "MultiHeadAttention")
    projections, scores = 4 * 6 * 8 * 8, 2 * 6 * 6
    assert attention.cost is not None
    assert attention.cost.macs == 2 * projections + 4 * 6 * 8 + (5 + 1) * scores
