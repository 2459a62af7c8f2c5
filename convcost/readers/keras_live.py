"""A live Keras model -> Model, through the JSON that it writes of itself; its own weights are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from convcost.model import Model
from convcost.readers.keras_hdf5 import Stored
from convcost.readers.keras_text import model_in
from convcost.readers.keras_unknown import completed
from convcost.readers.keras_weights import LAYER, Part


def read_live(model: Any) -> Model:
    """The Model of a Keras model object: what `model.to_json()` says, and the weights of what no rule knows."""
    read = completed(model_in(model.to_json(), str(model.name), "live"), lambda: LiveWeights(model))
    return msgspec.structs.replace(read, notes=(*read.notes, *_shared(model, read)))


def _shared(live: Any, model: Model) -> Iterator[str]:
    """A layer that two nested models hold is one object; the JSON tells of two."""
    paths: dict[int, str] = {}
    for path, layer in _leaves(live, model, ""):
        first = paths.setdefault(id(layer), path)
        if first != path and layer.weights:
            yield f"layers {first!r} and {path!r} are one: its params are in both rows, and twice in the totals"


class LiveWeights:
    """The weights of a Keras model object, by shape and dtype."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def by_layer(self, model: Model) -> dict[str, tuple[Stored, ...]]:
        """The weights of every leaf layer by path."""
        return {path: _stored(layer.weights) for path, layer in _leaves(self.model, model, "")}

    def parts(self) -> list[Part]:
        """The layers that a model without a graph has, and what it has itself."""
        layers = [(str(layer.name), type(layer).__name__, layer.weights) for layer in self.model.layers]
        held = {id(weight) for _, _, weights in layers for weight in weights}
        own = [weight for weight in self.model.weights if id(weight) not in held]
        parts = (Part(name, kind, _stored(weights)) for name, kind, weights in [("", LAYER, own), *layers])
        return [part for part in parts if part.weights]


def _leaves(live: Any, model: Model, prefix: str) -> Iterator[tuple[str, Any]]:
    """Every leaf layer that both have, by path."""
    layers = {layer.name: layer for layer in live.layers}
    for layer in model.layers:
        if layer.name not in layers:
            continue
        if isinstance(layer.rule, Model):
            yield from _leaves(layers[layer.name], layer.rule, f"{prefix}{layer.name}/")
        else:
            yield prefix + layer.name, layers[layer.name]


def _stored(weights: Any) -> tuple[Stored, ...]:
    return tuple(
        Stored(str(one.name), tuple(one.shape), getattr(one.dtype, "name", str(one.dtype)), bool(one.trainable))
        for one in weights
    )
