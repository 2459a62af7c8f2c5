"""A small CNN, trained in seconds on the digits that come with scikit-learn: kernels with real structure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = Any


class Trained(NamedTuple):
    """Where the archive is, what its test accuracy was, and the data: images in 0 to 1 and their digits."""

    path: Path
    accuracy: float
    train: tuple[Array, Array]
    test: tuple[Array, Array]


def digits() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """1297 images of 8×8 pixels to train on, 500 to test on."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images[..., None] / 16).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(images))
    train, test = order[:-500], order[-500:]
    return (images[train], data.target[train]), (images[test], data.target[test])


def network() -> Any:
    """Five convolutions of 3×3, each with BatchNormalization and ReLU, one of them strided."""
    import keras
    from keras import layers

    inputs = tensor = keras.Input((8, 8, 1))
    for place, (filters, strides) in enumerate([(16, 1), (32, 1), (32, 2), (48, 1), (48, 1)], start=1):
        tensor = layers.Conv2D(filters, 3, strides, "same", use_bias=False, name=f"conv{place}")(tensor)
        tensor = layers.BatchNormalization(momentum=0.9, name=f"norm{place}")(tensor)
        tensor = layers.ReLU(name=f"relu{place}")(tensor)
    tensor = layers.GlobalAveragePooling2D(name="pool")(tensor)
    return keras.Model(inputs, layers.Dense(10, activation="softmax", name="head")(tensor), name="digits")


def fitted(model: Any, data: tuple[Array, Array], epochs: int, rate: float = 3e-3) -> Any:
    """`model`, compiled and trained for so many epochs."""
    import keras

    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*data, batch_size=32, epochs=epochs, verbose=0)
    return model


def accuracy(model: Any, data: tuple[Array, Array]) -> float:
    images, labels = data
    return float((np.asarray(model.predict(images, verbose=0)).argmax(axis=1) == labels).mean())


def separable(model: Any, fit: bool = True) -> Any:
    """`model` with every convolution separable, m = 1, and all weights fitted or taken over; or (not `fit`) anew."""
    import keras

    from convcost.kernels import fits

    def twin(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Conv2D):
            return layer.__class__.from_config(layer.get_config())
        kept = ("name", "filters", "kernel_size", "strides", "padding", "use_bias", "activation")
        return keras.layers.SeparableConv2D(**{name: layer.get_config()[name] for name in kept})

    made = keras.models.clone_model(model, clone_function=twin)
    for old, new in zip(model.layers, made.layers, strict=True) if fit else ():
        if isinstance(old, keras.layers.Conv2D):
            kernel, *bias = old.get_weights()
            new.set_weights([*fits.depthwise_first(kernel, 1), *bias])
        else:
            new.set_weights(old.get_weights())
    return made


def train(folder: Path, seed: int = 1) -> Trained:
    """Train the network, and save it in a folder."""
    import keras

    keras.utils.set_random_seed(seed)
    data, test = digits()
    model = fitted(network(), data, epochs=12)
    path = folder / "digits.keras"
    model.save(path)
    return Trained(path, accuracy(model, test), data, test)
