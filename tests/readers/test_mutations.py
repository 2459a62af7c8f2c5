"""Graphs with parts exchanged for something else, or left out: counted or refused in one line, never a traceback."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import keras
import pytest
import tf_keras

from convcost import ConvcostError
from convcost.profile import profile
from convcost.readers.keras_text import model_from
from convcost.separability import judged

from .networks import NETWORKS

TENSOR = {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}
JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "../a", [], [[]], {}, [None], ["a"], ["x", 0, 0]),
    *(TENSOR, {"class_name": "__keras_tensor__"}, {"class_name": "__keras_tensor__", "config": {}}),
    {"class_name": "Dense", "config": {}},
    {"class_name": "Functional", "config": {"layers": [], "input_layers": []}},
]


@cache
def graphs() -> list[str]:
    def functions(x: Any) -> Any:
        return x[:, 1:] * 2.0 + 1.0

    image = tf_keras.Input((4, 4, 3))
    models = [NETWORKS[name](library) for library in (keras, tf_keras) for name in ("nested", "recurrent")]
    return [model.to_json() for model in (*models, tf_keras.Model(image, functions(image)))]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value within."""
    if path:
        yield path
    for key, held in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(held, (*path, key))


def mutated(graph: Any, chance: random.Random) -> Any:
    """The graph with one to three values exchanged or left out."""
    for _ in range(chance.randint(1, 3)):
        *above, last = chance.choice(list(places(graph)))
        holder = graph
        for key in above:
            holder = holder[key]
        if chance.random() < 0.25:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(chance.choice(JUNK))
    return graph


@pytest.mark.parametrize("seed", range(8))
def test_a_mutated_graph_is_counted_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        graph = mutated(json.loads(chance.choice(graphs())), chance)
        with suppress(ConvcostError):
            judged(profile(model_from(graph, "graph", "json")))
