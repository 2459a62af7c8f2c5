"""The weights that our rules list are those that Keras stores: of every layer class, and of whole networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.layers.cases import CASES
from tests.layers.cases.case import Case

from .witness import disagreements

IMAGE = {"input_shape": (224, 224, 3)}
NETWORKS: dict[str, dict[str, Any]] = {
    "MobileNet": {"alpha": 0.25},
    "MobileNetV2": {"alpha": 0.35},
    "MobileNetV3Small": IMAGE,
    "EfficientNetB0": IMAGE,
    "DenseNet121": {},
    "ConvNeXtTiny": {},
    "InceptionV3": {},
    "ResNet50V2": {},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_keras_applications(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.keras"
    getattr(keras.applications, name)(weights=None, **NETWORKS[name]).save(path)
    assert disagreements(path) == []
    path.unlink()


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_layers(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "layer.keras"
    case.model.save(path)
    assert disagreements(path) == []


def adapted(image: Any) -> Any:
    normalization = keras.layers.Normalization(name="adapted")
    normalization.adapt(np.arange(24.0).reshape(2, 2, 2, 3))
    return normalization(image)


def mixed(image: Any) -> Any:
    return keras.layers.Conv2D(2, 3, dtype="mixed_bfloat16", name="mixed")(image)


def half(image: Any) -> Any:
    return keras.layers.Conv2D(2, 3, dtype="bfloat16", name="half")(image)


def spectral(image: Any) -> Any:
    return keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3), name="spectral")(image)


def adapters(image: Any) -> Any:
    convolution = keras.layers.Conv2D(4, 3, name="adapters")
    tensor = convolution(image)
    convolution.enable_lora(2)
    return tensor


@pytest.mark.parametrize("build", [adapted, mixed, half, spectral, adapters])
def test_what_is_stored_in_another_way(tmp_path: Path, build: Any) -> None:
    path = tmp_path / "model.keras"
    image = keras.Input((8, 8, 3))
    keras.Model(image, build(image)).save(path)
    assert disagreements(path) == []


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_quantized(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "model.keras"
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(10), keras.layers.Dense(3)])
    model.quantize(mode)
    model.save(path)
    assert disagreements(path) == []


def test_the_state_of_an_optimizer_is_no_weight(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    assert disagreements(path) == []
