"""Models for tests: built by hand, and archives as Keras would write them, without Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from convcost.layers.passing import InputLayer
from convcost.model import Call, Layer, Model, Ref, Rule, Unknown


def chain(*rules: Rule | Model | Unknown, shape: tuple[int | None, ...] = (8, 8, 3), name: str = "chain") -> Model:
    """An input and layers one after another, named by kind and position."""
    layers = [Layer("input", "InputLayer", InputLayer(batch_shape=(None, *shape)), (Call(),))]
    for place, rule in enumerate(rules, start=1):
        kind = type(rule).__name__
        layers.append(Layer(f"{kind.lower()}_{place}", kind, rule, (Call((Ref(layers[-1].name),)),)))
    return Model(name, tuple(layers), (Ref("input"),), (Ref(layers[-1].name),), source="chain")


def graph(
    nodes: dict[str, tuple[Rule | Model | Unknown, list[list[str]]]],
    outputs: list[str],
    shapes: dict[str, tuple[int | None, ...]] | None = None,
) -> Model:
    """Layers by name, each with the layers that each of its calls reads. "name:1" is the output of a second call."""
    shapes = shapes or {"input": (8, 8, 3)}
    layers = [
        Layer(name, "InputLayer", InputLayer(batch_shape=(None, *shape)), (Call(),)) for name, shape in shapes.items()
    ]
    for name, (rule, calls) in nodes.items():
        reads = tuple(Call(tuple(map(ref, call))) for call in calls)
        layers.append(Layer(name, type(rule).__name__, rule, reads))
    return Model("graph", tuple(layers), tuple(map(Ref, shapes)), tuple(map(ref, outputs)), source="graph")


def ref(text: str) -> Ref:
    name, _, call = text.rpartition(":")
    return Ref(name, int(call)) if call.isdecimal() else Ref(text)


def entry(kind: str, name: str, module: str = "keras.layers", **settings: Any) -> dict[str, Any]:
    """A layer as it stands in config.json, without calls."""
    return {
        "class_name": kind,
        "module": module,
        "registered_name": None,
        "name": name,
        "config": {"name": name, **settings},
    }


def sequential(*entries: dict[str, Any], shape: list[int | None] | None = None, name: str = "net") -> dict[str, Any]:
    """The config.json of a Sequential model."""
    first = entry("InputLayer", "input", batch_shape=[None, *(shape or [8, 8, 3])])
    return {"class_name": "Sequential", "module": "keras", "config": {"name": name, "layers": [first, *entries]}}


def archive(path: Path, config: Any) -> Path:
    """A `.keras` archive with this config.json."""
    text = config if isinstance(config, str | bytes) else json.dumps(config)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", text)
    return path
