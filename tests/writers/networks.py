"""Networks to rewrite, and what their files hold, read without convcost."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import layers


@keras.saving.register_keras_serializable("tests")
class Gain(layers.Layer):
    """A layer of one's own: no rule knows it."""

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(2,), initializer="ones", name="gain")

    def call(self, x: Any) -> Any:
        return x * self.gain[0] + self.gain[1]


def everything(data_format: str = "channels_last", dtype: str = "float32") -> keras.Model:
    """Nested models (one called twice, open in its sizes), a shared layer, a layer of one's own, and a convolution that
    is the output; sizes and weights are such that no two things are equal by accident.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    last = data_format == "channels_last"
    axis = -1 if last else 1
    window = {"data_format": data_format, "dtype": dtype}

    def shape(height: int | None, width: int | None, channels: int) -> tuple[int | None, ...]:
        return (height, width, channels) if last else (channels, height, width)

    image = keras.Input(shape(20, 18, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="stem", **window)(image)
    entry = keras.Input(shape(None, None, 16))
    y = layers.Conv2D(16, 3, padding="same", use_bias=False, kernel_regularizer="l2", **window)(entry)
    y = layers.BatchNormalization(axis=axis, dtype=dtype)(y)
    inner = keras.Model(entry, layers.Add(dtype=dtype)([entry, y]), name="inner")
    x = inner(inner(x))
    shared = layers.Conv2D(14, 3, padding="same", name="shared", **window)
    x = layers.Concatenate(axis=axis, dtype=dtype)([shared(x), shared(layers.ReLU(dtype=dtype)(x))])
    x = Gain(dtype=dtype, name="gain")(x)
    chain = keras.Sequential([layers.Conv2D(24, (3, 5), strides=2, **window), layers.ReLU(dtype=dtype)], name="chain")
    x = chain(x)
    model = keras.Model(image, layers.Conv2D(8, 2, name="last", **window)(x), name="everything")
    return scattered(model)


def scattered(model: keras.Model) -> keras.Model:
    """`model` with all weights moved away from where they were initialised; variances stay above zero."""
    generator = np.random.default_rng(0)
    model.set_weights([weight + generator.uniform(0.01, 0.1, weight.shape) for weight in model.get_weights()])
    return model


def images(model: keras.Model, count: int = 2) -> Any:
    """Inputs of a model of one input."""
    return np.random.default_rng(2).normal(size=(count, *model.input_shape[1:])).astype(np.float32)


def saved(model: keras.Model, folder: Path, name: str = "model.keras") -> Path:
    path = folder / name
    model.save(path)
    return path


def by_name(model: keras.Model, prefix: str = "") -> dict[str, list[bytes]]:
    """The weights of every leaf layer as Keras loaded them, by path."""
    found: dict[str, list[bytes]] = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found |= by_name(layer, f"{prefix}{layer.name}/")
        elif layer.weights:
            found[prefix + layer.name] = [np.asarray(weight).tobytes() for weight in layer.get_weights()]
    return found


def stored(path: Path) -> dict[str, bytes]:
    """Every data set of an archive below `layers`, by the names of the layers: the file's numbers are left out."""
    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as member, h5py.File(member) as file:
        return dict(_stored(file, ""))


def _stored(group: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for layer in group["layers"].values() if "layers" in group else ():
        name = prefix + layer["vars"].attrs["name"]
        for number, dataset in layer["vars"].items():
            yield f"{name}:{number}", dataset.dtype.str.encode() + dataset[()].tobytes()
        yield from _stored(layer, f"{name}/")


def config(path: Path) -> dict[str, Any]:
    """The config.json of an archive."""
    with zipfile.ZipFile(path) as archive:
        content: dict[str, Any] = json.loads(archive.read("config.json"))
    return content


def edited(path: Path, target: Path, members: dict[str, bytes | None]) -> Path:
    """A copy of an archive with other members; None: without it."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            content = members.get(name, source.read(name))
            if content is not None:
                archive.writestr(name, content)
    return target


def with_weights(path: Path, target: Path, change: Any) -> Path:
    """A copy of an archive whose weights file, as an h5py.File, was changed."""
    folder = target.parent / "unpacked"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        weights = Path(archive.extract("model.weights.h5", folder))
    with h5py.File(weights, "r+") as file:
        change(file)
    return edited(path, target, {"model.weights.h5": weights.read_bytes()})
