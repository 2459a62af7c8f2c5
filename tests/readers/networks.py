"""Small networks that Keras 2 (`tf_keras`) and Keras 3 (`keras`) build with the same names and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def chain(K: Any) -> Any:
    """A Sequential with what tables of convolutional networks begin with."""
    return K.Sequential(
        [
            K.layers.Input((12, 12, 3), name="image"),
            K.layers.Conv2D(4, 3, strides=2, padding="same", name="conv"),
            K.layers.BatchNormalization(name="norm"),
            K.layers.ReLU(name="relu"),
            K.layers.MaxPooling2D(name="pool"),
            K.layers.Flatten(name="flatten"),
            K.layers.Dense(5, activation="softmax", name="dense"),
        ],
        name="chain",
    )


def separable(K: Any) -> Any:
    """As MobileNet is made: padding, depthwise and pointwise convolutions, two of them frozen."""
    L = K.layers
    image = K.Input((16, 16, 3), name="image")
    x = L.ZeroPadding2D(((0, 1), (0, 1)), name="pad")(image)
    x = L.Conv2D(8, 3, strides=2, use_bias=False, name="stem")(x)
    for block, (filters, strides) in enumerate(((8, 1), (12, 2), (12, 1))):
        x = L.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False, name=f"depthwise{block}")(x)
        x = L.BatchNormalization(name=f"depthwise_norm{block}")(x)
        x = L.ReLU(6.0, name=f"depthwise_relu{block}")(x)
        x = L.Conv2D(filters, 1, use_bias=False, name=f"pointwise{block}", trainable=block != 1)(x)
        x = L.BatchNormalization(name=f"pointwise_norm{block}", trainable=block != 1)(x)
        x = L.ReLU(6.0, name=f"pointwise_relu{block}")(x)
    x = L.SeparableConv2D(10, 3, depth_multiplier=2, name="fused")(x)
    x = L.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    x = L.Dropout(0.1, name="dropout")(x)
    x = L.Conv2D(7, 1, name="logits")(x)
    x = L.Reshape((7,), name="reshape")(x)
    return K.Model(image, L.Activation("softmax", name="softmax")(x), name="separable")


def nested(K: Any) -> Any:
    """Models in models: a Sequential called twice, a Functional one with two inputs, a layer called twice."""
    L = K.layers
    stem = K.Sequential(
        [L.Input((8, 8, 3), name="stem_image"), L.Conv2D(4, 3, padding="same", name="conv"), L.ReLU(name="relu")],
        name="stem",
    )
    left, right = K.Input((8, 8, 4), name="left"), K.Input((8, 8, 4), name="right")
    added = L.Add(name="add")([L.Conv2D(4, 1, name="conv")(left), right])
    joint = K.Model([left, right], L.Concatenate(name="joined")([added, right]), name="joint")
    one, other = K.Input((8, 8, 3), name="one"), K.Input((8, 8, 3), name="other")
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    x = joint([shared(stem(one)), shared(stem(other))])
    x = L.GlobalMaxPooling2D(name="pool")(x)
    return K.Model([one, other], [L.Dense(3, name="first")(x), L.Dense(2, name="second")(x)], name="nested")


def recurrent(K: Any) -> Any:
    """Wrappers, cells and attention: layers whose weights lie in groups below theirs."""
    L = K.layers
    steps = K.Input((6, 5), name="steps")
    x = L.LSTM(4, return_sequences=True, name="lstm")(steps)
    x = L.TimeDistributed(L.Dense(6, name="inner"), name="each")(x)
    x = L.LayerNormalization(name="norm")(x)
    y = L.MultiHeadAttention(2, 3, name="attention")(x, value=steps)
    x = L.Add(name="add")([x, y])
    x = L.Bidirectional(L.GRU(3, name="gru"), name="both")(x)
    return K.Model(steps, L.Dense(2, name="dense")(x), name="recurrent")


NETWORKS: dict[str, Callable[[Any], Any]] = {
    network.__name__: network for network in (chain, separable, nested, recurrent)
}
