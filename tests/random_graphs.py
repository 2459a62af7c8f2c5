"""Random Functional graphs, for tests that hold all of convcost against Keras. The same seed makes the same graph.

A graph grows from one or two images by steps of `Grower.steps`: each takes a feature map that is there and puts out
another. It ends in one to three outputs. Sizes are small, so that hundreds of graphs build and trace in a minute.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import prod
from typing import Any

import keras
from keras import layers, ops

Map = Any
"""A feature map: a symbolic tensor (batch, height, width, channels)."""

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16")
ACTIVATIONS = (None, "relu", "relu6", "sigmoid", "tanh", "gelu", "silu", "softmax", "hard_sigmoid")


def random_graph(seed: int) -> keras.Model:
    """A model with fixed input sizes."""
    return Grower(seed).model()


def resized(model: keras.Model, *sizes: tuple[int | None, int | None]) -> keras.Model | None:
    """The same graph with other heights and widths (None: left open) of its images; None where it refuses them."""
    inputs = [
        keras.Input((*size, tensor.shape[-1]), name=f"image_{number}")
        for number, (tensor, size) in enumerate(zip(model.inputs, sizes, strict=True))
    ]
    try:
        return keras.models.clone_model(model, input_tensors=inputs)
    except (ValueError, TypeError):
        return None


class Grower:
    """One graph while it grows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.mixed = self.random.random() < 0.25
        self.maps: list[Map] = []

    def model(self) -> keras.Model:
        inputs = [
            keras.Input((*self.image_size(), self.random.choice((1, 3, 4))), name=f"image_{number}")
            for number in range(self.random.choice((1, 1, 1, 2)))
        ]
        self.maps += inputs
        for _ in range(self.random.randint(3, 12)):
            self.grow()
        outputs = [self.head(self.maps[-1])]
        outputs += [self.head(self.random.choice(self.maps)) for _ in range(self.random.choice((0, 0, 1, 2)))]
        if len(inputs) == 2:
            outputs.append(self.head(self.beside(inputs[0], inputs[1])))
        return keras.Model(inputs, outputs)

    def image_size(self) -> tuple[int, int]:
        return self.random.randint(6, 13), self.random.randint(6, 13)

    def grow(self) -> None:
        """One more map: mostly from the latest, at times from any."""
        source = self.maps[-1] if self.random.random() < 0.7 else self.random.choice(self.maps)
        self.maps.append(self.random.choice(self.steps)(self, source))

    # What steps are made of

    def options(self) -> dict[str, Any]:
        """Settings of any layer: now and then frozen, in a mixed graph of any policy."""
        frozen = {"trainable": False} if self.random.random() < 0.15 else {}
        return frozen | ({"dtype": self.random.choice(POLICIES)} if self.mixed else {})

    def fused(self) -> dict[str, Any]:
        """Settings of a layer with weights."""
        return {
            "activation": self.random.choice(ACTIVATIONS),
            "use_bias": self.random.random() < 0.7,
            **self.options(),
        }

    def window(self, x: Map) -> dict[str, Any]:
        """Kernel, strides, padding and dilation that fit into a map."""
        height, width = x.shape[1:3]
        kernel = [self.random.randint(1, min(4, size)) for size in (height, width)]
        if self.random.random() < 0.5:
            kernel = [min(kernel)] * 2
        strides, dilation = self.random.choice([(1, 1), (1, 1), (2, 1), ((2, 1), 1), (1, 2), (1, (1, 2))])
        spread = (dilation, dilation) if isinstance(dilation, int) else dilation
        fits = all((size - 1) * by < whole for size, by, whole in zip(kernel, spread, (height, width), strict=True))
        padding = self.random.choice(("same", "valid")) if fits else "same"
        return {"kernel_size": tuple(kernel), "strides": strides, "padding": padding, "dilation_rate": dilation}

    def filters(self) -> int:
        return self.random.choice((1, 2, 3, 4, 6, 8))

    def large(self, x: Map, least: int = 3) -> bool:
        """Whether a map can lose a border or half of its size."""
        return min(x.shape[1:3]) >= least

    def beside(self, x: Map, other: Map) -> Map:
        """`other` with the height, width and channels of x."""
        if other.shape[1:3] != x.shape[1:3]:
            other = layers.Resizing(*x.shape[1:3], interpolation="nearest")(other)
        if other.shape[-1] != x.shape[-1]:
            other = layers.Conv2D(x.shape[-1], 1, **self.options())(other)
        return other

    # Steps: layers

    def convolution(self, x: Map) -> Map:
        groups = self.random.choice([groups for groups in (1, 1, 2, 3, 4) if x.shape[-1] % groups == 0])
        return layers.Conv2D(groups * self.filters(), groups=groups, **self.window(x), **self.fused())(x)

    def depthwise(self, x: Map) -> Map:
        window = self.window(x)
        window["strides"] = 1 if isinstance(window["strides"], tuple) else window["strides"]
        return layers.DepthwiseConv2D(depth_multiplier=self.random.randint(1, 2), **window, **self.fused())(x)

    def separable(self, x: Map) -> Map:
        window = self.window(x)
        window["strides"] = 1 if isinstance(window["strides"], tuple) else window["strides"]
        multiplier = self.random.randint(1, 2)
        return layers.SeparableConv2D(self.filters(), depth_multiplier=multiplier, **window, **self.fused())(x)

    def transposed(self, x: Map) -> Map:
        if not self.small(x):
            return self.convolution(x)
        return layers.Conv2DTranspose(
            self.filters(),
            self.random.randint(2, 4),
            strides=self.random.randint(1, 2),
            padding=self.random.choice(("same", "valid")),
            **self.fused(),
        )(x)

    def small(self, x: Map) -> bool:
        """Whether a map may grow."""
        return max(x.shape[1:3]) <= 16

    def dense(self, x: Map) -> Map:
        return layers.Dense(self.filters(), **self.fused())(x)

    def pooling(self, x: Map) -> Map:
        kind = self.random.choice((layers.MaxPooling2D, layers.AveragePooling2D))
        size = self.random.randint(1, 3) if self.large(x) else 1
        return kind(size, strides=self.random.choice((None, 1, 2)), padding=self.random.choice(("same", "valid")))(x)

    def normalization(self, x: Map) -> Map:
        batch = layers.BatchNormalization
        kind = self.random.choice(
            (batch, batch, batch, layers.LayerNormalization, layers.UnitNormalization, layers.RMSNormalization)
        )
        return kind(**self.options())(x)

    def activation(self, x: Map) -> Map:
        return self.random.choice(
            (
                lambda: layers.ReLU(max_value=6.0),
                layers.LeakyReLU,
                lambda: layers.PReLU(shared_axes=[1, 2], **self.options()),
                layers.Softmax,
                lambda: layers.Activation(self.random.choice(ACTIVATIONS)),
                lambda: layers.Dropout(0.2),
            )
        )()(x)

    def border(self, x: Map) -> Map:
        if self.large(x, 4) and self.random.random() < 0.4:
            return layers.Cropping2D(((1, 0), (0, 2)))(x)
        if self.small(x) and self.random.random() < 0.4:
            return layers.UpSampling2D(2, interpolation=self.random.choice(("nearest", "bilinear")))(x)
        return layers.ZeroPadding2D(self.random.choice((1, (0, 1), ((1, 0), (2, 1)))))(x)

    def skip(self, x: Map) -> Map:
        """A merge with a map of before."""
        other = self.random.choice(self.maps)
        kind = self.random.choice(
            (layers.Add, layers.Multiply, layers.Subtract, layers.Average, layers.Maximum, layers.Concatenate)
        )
        return kind()([x, self.beside(x, other)])

    def excitation(self, x: Map) -> Map:
        """Squeeze and excitation."""
        squeezed = layers.GlobalAveragePooling2D(keepdims=True)(x)
        excited = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", **self.options())(squeezed)
        return layers.Multiply()([x, excited])

    def shared(self, x: Map) -> Map:
        """One layer on two maps, which may be of different sizes."""
        layer = layers.Conv2D(self.filters(), 3, padding="same", **self.fused())
        pooled = layers.MaxPooling2D(2, padding="same")(x)
        return layers.Concatenate()([layer(x), layers.Resizing(*x.shape[1:3])(layer(pooled))])

    def nested(self, x: Map) -> Map:
        """A model of its own, called once or twice; Sequential or Functional; at times open in its sizes."""
        channels = x.shape[-1]
        size = self.random.choice((x.shape[1:3], (None, None)))
        if self.random.random() < 0.4:
            inner = keras.Sequential(
                [
                    keras.Input((*size, channels)),
                    layers.Conv2D(channels, 3, padding="same", **self.fused()),
                    layers.BatchNormalization(**self.options()),
                ]
            )
        else:
            source = keras.Input((*size, channels))
            within = layers.SeparableConv2D(channels, 3, padding="same", **self.fused())(source)
            if self.random.random() < 0.3:
                deeper = keras.Input((None, None, channels))
                within = keras.Model(deeper, layers.Conv2D(channels, 1, **self.fused())(deeper))(within)
            inner = keras.Model(source, ops.relu(within) + source)
        if self.random.random() < 0.15:
            inner.trainable = False
        y = inner(x)
        return inner(y) if self.random.random() < 0.4 else y

    # Steps: operations

    def arithmetic(self, x: Map) -> Map:
        other = self.random.choice(
            (0.5, 2, ops.ones(x.shape[-1], x.dtype), self.beside(x, self.random.choice(self.maps)))
        )
        return self.random.choice(
            (
                lambda: x + other,
                lambda: other * x,
                lambda: ops.maximum(x, other),
                lambda: x - other,
                lambda: x / 3.0,
                lambda: ops.tanh(x) ** 2,
            )
        )()

    def centred(self, x: Map) -> Map:
        return x - ops.mean(x, axis=self.random.choice(((1, 2), -1)), keepdims=True)

    def sliced(self, x: Map) -> Map:
        if not self.large(x, 4):
            return x[..., ::-1]
        return self.random.choice(
            (
                lambda: x[:, 1:, :-1],
                lambda: x[:, ::2, ::2, :],
                lambda: ops.concatenate(ops.split(x[:, :4], 2, axis=1), axis=-1),
                lambda: ops.transpose(x, (0, 2, 1, 3)),
                lambda: ops.pad(x, ((0, 0), (1, 1), (0, 2), (0, 0))),
                lambda: ops.take(x, [0, 2, 1], axis=1),
            )
        )()

    def projected(self, x: Map) -> Map:
        """The last axis times a constant matrix."""
        kernel = ops.ones((x.shape[-1], self.filters()), x.dtype)
        return self.random.choice(
            (
                lambda: ops.matmul(x, kernel),
                lambda: ops.einsum("bhwc,cd->bhwd", x, kernel),
                lambda: ops.einsum("...c,cd->...d", x, kernel),
                lambda: ops.tensordot(x, kernel, axes=1),
                lambda: ops.dot(x, kernel),
            )
        )()

    def attended(self, x: Map) -> Map:
        """Attention of all positions to all, by a layer or by operations on tokens."""
        _, height, width, channels = x.shape
        tokens = ops.reshape(x, (-1, height * width, channels))
        way = self.random.choice(("layer", "matmul", "einsum"))
        if way == "layer":
            mixed = layers.MultiHeadAttention(num_heads=2, key_dim=3)(tokens, tokens)
        elif way == "matmul":
            scores = ops.softmax(ops.matmul(tokens, ops.transpose(tokens, (0, 2, 1))) * channels**-0.5)
            mixed = ops.matmul(scores, tokens)
        else:
            scores = ops.softmax(ops.einsum("bqc,bkc->bqk", tokens, tokens))
            mixed = ops.einsum("bqk,bkc->bqc", scores, tokens)
        return ops.reshape(mixed, (-1, height, width, channels))

    def windowed(self, x: Map) -> Map:
        """Windows of 2×2 folded into the batch, a layer on each, and back."""
        _, height, width, channels = x.shape
        if height % 2 or width % 2:
            return self.convolution(x)
        cut = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        windows = ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4, 5)), (-1, 2, 2, channels))
        y = layers.Conv2D(channels, 2, padding="same", **self.fused())(windows)
        back = ops.reshape(y, (-1, height // 2, width // 2, 2, 2, channels))
        return ops.reshape(ops.transpose(back, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels))

    def along_rows(self, x: Map) -> Map:
        """A convolution in one dimension over all positions."""
        _, height, width, _ = x.shape
        rows = layers.Reshape((height * width, x.shape[-1]))(x)
        y = layers.Conv1D(self.filters(), 3, padding="same", **self.fused())(rows)
        return layers.Reshape((height, width, y.shape[-1]))(y)

    steps: tuple[Callable[[Grower, Map], Map], ...] = (
        convolution,
        convolution,
        convolution,
        depthwise,
        separable,
        transposed,
        dense,
        pooling,
        normalization,
        activation,
        border,
        skip,
        skip,
        excitation,
        shared,
        nested,
        arithmetic,
        centred,
        sliced,
        projected,
        attended,
        windowed,
        along_rows,
    )

    def head(self, x: Map) -> Map:
        """An output: the map itself, or classes."""
        if self.random.random() < 0.3:
            return layers.Identity()(x)
        pooled = self.random.choice(
            (
                layers.GlobalAveragePooling2D(),
                layers.GlobalMaxPooling2D(),
                layers.Flatten(),
                lambda x: ops.mean(x, axis=(1, 2)),
                lambda x: ops.reshape(x, (-1, prod(x.shape[1:]))),
            )
        )
        return layers.Dense(self.filters(), **self.fused())(pooled(x))
