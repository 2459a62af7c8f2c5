"""Layers and models of one's own, for Keras 2 and 3: no rule knows them."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def block(K: Any) -> Any:
    """A layer that holds others in attributes, lists and dicts, has a weight of its own, and state that is none."""
    L = K.layers

    class Block(L.Layer):
        def __init__(self, filters: int, **settings: Any) -> None:
            super().__init__(**settings)
            self.filters = filters
            self.convolutions = [L.Conv2D(filters, 3, padding="same") for _ in range(2)]
            self.norm = L.BatchNormalization()
            self.dropout = L.Dropout(0.1, seed=1)
            self.heads = {"a": _spectral(K, L.Conv2D(filters, 1)), "b": L.Conv2D(filters, 1)}

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(name="scale", shape=(self.filters,))
            self.built = True
            if K.__name__ == "tf_keras":  # builds its layers, under names of their own, when they are called
                return
            wide = (*shape[:-1], self.filters)
            self.convolutions[0].build(shape)
            for layer in (self.convolutions[1], self.norm, *self.heads.values()):
                layer.build(wide)

        def call(self, x: Any) -> Any:
            for convolution in self.convolutions:
                x = convolution(x)
            x = self.dropout(self.norm(x))
            return (self.heads["a"](x) + self.heads["b"](x)) * self.scale

        def compute_output_shape(self, shape: Any) -> Any:
            return (*shape[:-1], self.filters)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "filters": self.filters}

    return K.saving.register_keras_serializable("tests")(Block)


def _spectral(K: Any, layer: Any) -> Any:
    """A layer in spectral normalization, which stores its kernel twice (tf_keras's does not build beside Keras 3)."""
    return layer if K.__name__ == "tf_keras" else K.layers.SpectralNormalization(layer)


def params_of_block(channels: int, filters: int, K: Any) -> tuple[int, int]:
    """All params of a Block, and those that do not train: moving statistics, and the vector of the spectral norm."""
    convolutions = (9 * channels * filters + filters) + (9 * filters * filters + filters)
    heads = 2 * (filters * filters + filters)
    vector = 0 if K.__name__ == "tf_keras" else filters
    return filters + convolutions + 4 * filters + heads + vector, 2 * filters + vector


def functional(K: Any) -> Any:
    """Known layers, and blocks among them, in a nested model and in a wrapper."""
    L, Block = K.layers, block(K)
    image = K.Input((6, 6, 3), name="image")
    inner = K.Sequential([L.Input((6, 6, 4)), L.Conv2D(4, 1, name="before"), Block(2, name="within")], name="inner")
    x = L.Conv2D(4, 3, padding="same", name="conv")(image)
    x = L.Conv2D(4, 3, padding="same", name="dense")(Block(4, name="outside")(x))
    x = inner(x)
    frames = L.TimeDistributed(Block(3, name="wrapped"), name="each")(L.Reshape((2, 3, 6, 2), name="frames")(x))
    x = L.Dense(5, name="logits")(L.Flatten(name="flatten")(x))
    return K.Model(image, [x, frames], name="functional")


@cache
def net(K: Any) -> Any:
    """A subclassed model: its file has no graph."""
    L, Block = K.layers, block(K)

    class Net(K.Model):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.stem = L.Conv2D(4, 3, name="stem")
            self.blocks = [Block(4, name="first"), Block(2, name="second")]
            self.head = K.Sequential([L.GlobalAveragePooling2D(), L.Dense(2)], name="head")
            self.tracker = K.metrics.Mean(name="tracker")
            self._last = L.Dense(3, name="last")

        def call(self, x: Any) -> Any:
            x = self.stem(x)
            for one in self.blocks:
                x = one(x)
            return self._last(self.head(x))

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name}

    return K.saving.register_keras_serializable("tests")(Net)


def trained(K: Any) -> Any:
    """A Net that has an optimizer's state, and that of metrics."""
    import numpy as np

    model = net(K)(name="net")
    model.compile("adam", "mse", metrics=["mae"])
    if K.__name__ == "tf_keras":  # which makes the state of metrics in training alone
        model.fit(np.zeros((2, 8, 8, 3), "float32"), np.zeros((2, 3), "float32"), verbose=0)
    else:
        model(np.zeros((2, 8, 8, 3), "float32"))
        model.optimizer.build(model.trainable_variables)
    return model


def params_of_net(K: Any) -> dict[str, int]:
    """The params of a Net's layers, by name. Keras 2 counts a metric that is an attribute: a total and a count."""
    tracker = {"tracker": 2} if K.__name__ == "tf_keras" else {}
    return tracker | {
        "stem": 9 * 3 * 4 + 4,
        "first": params_of_block(4, 4, K)[0],
        "second": params_of_block(4, 2, K)[0],
        "head": 2 * 2 + 2,
        "last": 2 * 3 + 3,
    }
