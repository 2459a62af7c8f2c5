"""The weights of a `.h5` file of old: by layer name, in the order of the attributes `layer_names` and `weight_names`.

What a nested model has lies all together under that model's name: the names of its weights say which layer has what.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from convcost.model import Layer, Model
from convcost.readers.keras_hdf5 import Group, Stored
from convcost.readers.keras_weights import LAYER, Part

ATTRIBUTES = ("layer_names", "weight_names")


class NamedWeights(msgspec.Struct, frozen=True):
    """The group that has `layer_names`: `model_weights` of a saved model, the whole of a file of weights."""

    root: Group

    def by_layer(self, model: Model) -> dict[str, tuple[Stored, ...]]:
        """The weights of every leaf layer by path. A layer that the file does not tell of is not in it."""
        told = dict(self.layers())
        found: dict[str, tuple[Stored, ...]] = {}
        for layer in model.layers:
            if layer.name not in told:
                continue
            if isinstance(layer.rule, Model):
                found |= _by_leaf(told[layer.name], f"{layer.name}/", layer.rule)
            else:
                found[layer.name] = told[layer.name]
        return found

    def parts(self) -> list[Part]:
        """The layers that have weights."""
        return [Part(name, LAYER, weights) for name, weights in self.layers() if weights]

    def layers(self) -> Iterator[tuple[str, tuple[Stored, ...]]]:
        """Every layer of the file, and its weights."""
        for name in self.root.texts.get("layer_names", ()):
            group = self.root.at(name)
            if group is not None:
                stored = (_dataset(group, weight) for weight in group.texts.get("weight_names", ()))
                yield name, tuple(one for one in stored if one is not None)


def _dataset(group: Group, name: str) -> Stored | None:
    """The data set of this name, which is a path: a layer's name is part of it, and may itself have a `/`."""
    above, _, last = name.rpartition("/")
    holder = group.at(above) if above else group
    stored = holder.datasets.get(last) if holder is not None else None
    return msgspec.structs.replace(stored, name=name) if stored is not None else None


def _by_leaf(weights: tuple[Stored, ...], prefix: str, model: Model) -> dict[str, tuple[Stored, ...]]:
    """Weights of a nested model by leaf layer: the one whose name is part of the weight's.

    Where a weight names no leaf, any layer may be its owner: then only those that have others are told.
    """
    leaves = dict(_leaves(prefix, model))
    found: dict[str, list[Stored]] = {}
    astray = False
    for stored in weights:
        owners = [path for path, leaf in leaves.items() if f"/{leaf.name}/" in f"/{stored.name}"]
        if owners:
            found.setdefault(max(owners, key=lambda path: len(leaves[path].name)), []).append(stored)
        else:
            astray = True
    return {path: tuple(found.get(path, ())) for path in leaves if path in found or not astray}


def _leaves(prefix: str, model: Model) -> Iterator[tuple[str, Layer]]:
    for layer in model.layers:
        if isinstance(layer.rule, Model):
            yield from _leaves(f"{prefix}{layer.name}/", layer.rule)
        else:
            yield prefix + layer.name, layer
