"""The order in which Keras has a model's layers, which decides what the groups of a weights file are called."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import keras
import pytest

from convcost.writers.keras_order import in_keras_order
from tests.oracle.conftest import network
from tests.random_graphs import random_graph


def graphs(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The Functional models in a config."""
    if "input_layers" in config:
        yield config
    for entry in config.get("layers", ()):
        yield from graphs(entry["config"])


def check(model: keras.Model) -> None:
    for config in graphs(json.loads(model.to_json())["config"]):
        entries = config["layers"]
        shuffled = random.Random(0).sample(entries, len(entries))
        names = [entry["name"] for entry in in_keras_order(shuffled, config["output_layers"])]
        assert names == [entry["name"] for entry in entries]


@pytest.mark.parametrize("name", ["DenseNet121", "InceptionV3", "MobileNetV3Small", "NASNetMobile"])
def test_networks(name: str) -> None:
    check(network(name).model)


def test_random_graphs() -> None:
    """With several inputs and outputs, shared layers and nested models."""
    for seed in range(60):
        with keras.StatelessScope(initialize_variables=False):
            check(random_graph(seed))
