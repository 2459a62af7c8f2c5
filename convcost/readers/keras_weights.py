"""The weights file as second witness for params: which variables each layer has, by shape and dtype.

Keras stores a layer's variables under `vars`, and those of what the layer holds under the attribute's name
(`forward_layer/cell/vars/0`). The layers of a model lie under `layers`, named by their snake-cased class and a counter
in the order of the config, not by their own names; newer files tell a layer's name in an attribute of its `vars`.

Not all data sets are weights: optimizers (and, in Keras 2, metrics) keep their state in the same file. Whether a weight
is trainable is not in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from convcost.layers import every_kind
from convcost.model import Layer, Model
from convcost.naming import snake_case
from convcost.readers.keras_hdf5 import Group, Slice, Stored
from convcost.readers.keras_hdf5_apart import read_apart

Member = TypeVar("Member")

EMPTY = Group()
LAYER_GROUPS = ("layers", "_layer_checkpoint_dependencies")
"""What a model's layers lie under; the second name is that of Keras 2.12 and 2.13."""
LAYER = "Layer"
"""What a part is if the file does not tell its class."""

STATE_GROUPS = frozenset({"optimizer", "metrics"})
"""What `compile` adds to a model. A metric that is a model's own attribute counts as params in Keras 2."""


class Part(msgspec.Struct, frozen=True):
    """A layer that only the weights tell of, with its class as far as known. Without a name: the model itself."""

    name: str
    kind: str
    weights: tuple[Stored, ...]


class GroupedWeights(msgspec.Struct, frozen=True):
    """The weights of a `.weights.h5` file, in a `.keras` archive or on its own."""

    root: Group

    def by_layer(self, model: Model) -> dict[str, tuple[Stored, ...]]:
        """The weights of every leaf layer by path. A layer that the file does not tell of is not in it."""
        return {
            path: tuple(_weights(group, ""))
            for path, layer, group in _groups(self.root, model, "")
            if not isinstance(layer.rule, Model)
        }

    def groups(self, model: Model) -> dict[str, str]:
        """Where the file has each layer, nested models too: the path of its group, by the path of the layer."""
        return {path: group.path for path, _, group in _groups(self.root, model, "")}

    def parts(self) -> list[Part]:
        """What lies directly in the model: its attributes that are layers, and the layers in its lists."""
        found = [Part("", LAYER, tuple(_own(self.root)))] if _own(self.root) else []
        found += _parts(self.root, "")
        return [part for part in found if part.weights]


def read_weights(source: str, file: Path | Slice) -> GroupedWeights:
    """The weights of a `.weights.h5` file. Raises ConvcostError where it is damaged."""
    return GroupedWeights(read_apart(source, file, attributes=("name",)))


def _groups(group: Group, model: Model, prefix: str) -> Iterator[tuple[str, Layer, Group]]:
    """Every layer that the file tells of, with its path and its group; those of nested models too."""
    stored = next((group.groups[name] for name in LAYER_GROUPS if name in group.groups), EMPTY)
    by_name = {name: child for child in (*_attributes(group), *stored.groups.values()) if (name := _name(child))}
    used: Counter[str] = Counter()
    for layer in model.layers:
        if layer.kind.startswith("ops."):  # Keras lists operations among the layers of the config only
            continue
        kind = snake_case(layer.kind)
        found = stored.groups.get(f"{kind}_{used[kind]}" if used[kind] else kind)
        used[kind] += 1
        if found is None or _name(found) not in ("", layer.name):
            found = by_name.get(layer.name)
        if found is None:
            continue
        path = prefix + layer.name
        yield path, layer, found
        if isinstance(layer.rule, Model):
            yield from _groups(found, layer.rule, f"{path}/")


def _attributes(group: Group) -> Iterator[Group]:
    """What a model holds besides its layers. Some versions stored a layer under the attribute that holds it as well."""
    for name, child in group.groups.items():
        if name not in LAYER_GROUPS and name not in STATE_GROUPS:
            yield child
            yield from _attributes(child)


def _name(group: Group) -> str:
    """The name of the layer that a group is of; "" where the file is too old to tell."""
    (name,) = group.groups.get("vars", EMPTY).texts.get("name", ("",))
    return name


def _own(group: Group) -> list[Stored]:
    """What a layer itself has, in the order in which it was saved."""
    own = _ordered(group.groups.get("vars", EMPTY).datasets)
    inner = _ordered(group.groups.get("layer", EMPTY).groups.get("vars", EMPTY).datasets)
    # SpectralNormalization stores the kernel of its layer a second time, before its own vector.
    if len(own) == 2 and inner and own[0].shape == inner[0].shape and own[1].shape == (1, *inner[0].shape[-1:]):
        return own[1:]
    return own


def _weights(group: Group, prefix: str) -> Iterator[Stored]:
    """All weights at and below a layer's group, its own first."""
    own = _own(group)
    if _is_optimizer(own):
        return
    for stored in own:
        yield msgspec.structs.replace(stored, name=prefix + stored.name)
    for name, child in _sorted(group.groups):
        if name != "vars":
            yield from _weights(child, f"{prefix}{name}/")


def _is_optimizer(own: list[Stored]) -> bool:
    """An optimizer's first variables are its iteration, an integer, and its learning rate."""
    return len(own) >= 2 and [one.shape for one in own[:2]] == [(), ()] and own[0].dtype in ("int32", "int64")


def _parts(group: Group, container: str) -> Iterator[Part]:
    for name, child in _sorted(group.groups):
        if name == "vars" or (not container and name in STATE_GROUPS):
            continue
        if "vars" in child.groups or any(layers in child.groups for layers in LAYER_GROUPS):
            weights = tuple(_weights(child, ""))
            top, _, below = container.partition("/")
            shown = (below if top in LAYER_GROUPS else container) + name
            kind = _kinds().get(re.sub(r"_\d+$", "", name), LAYER) if container else LAYER
            yield Part(_name(child) or shown, kind, weights)
        else:
            yield from _parts(child, f"{container}{name}/")


@cache
def _kinds() -> dict[str, str]:
    """Class names by group name: of the kinds that have rules, and of models."""
    return {snake_case(kind): kind for kind in (*every_kind(), "Functional", "Sequential")}


def _ordered(datasets: Mapping[str, Stored]) -> list[Stored]:
    return [stored for _, stored in _sorted(datasets)]


def _sorted(members: Mapping[str, Member]) -> list[tuple[str, Member]]:
    """By name, numbers in names by value: conv2d, conv2d_2, conv2d_10."""

    def key(member: tuple[str, Member]) -> list[tuple[int, str]]:
        parts = re.split(r"(\d+)", member[0])
        return [(len(part.lstrip("0")) if place % 2 else 0, part) for place, part in enumerate(parts)]

    return sorted(members.items(), key=key)
