"""Layers that no rule knows, and whole models of which the file has no graph: their params come from the weights file.

The weights file is opened here alone, and only where a model has such a layer: h5py takes longer to import than a
model takes to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Call, Layer, Model, Ref, Rule, Unknown, Weight
from convcost.profile import ARITHMETIC_ERRORS
from convcost.readers.keras_hdf5 import Stored
from convcost.readers.keras_weights import Part

WEIGHTLESS = ("Lambda", "TFOpLambda", "SlicingOpLambda")
"""Unknown layers that cannot have weights."""

UNSURE = "which do not say whether they are trainable: all count as trainable"

RANKS = range(2, 6)
"""Dimensions that an input may have, the batch's included."""

MOST_NAMED = 5
"""Layers that a note lists by name."""


class Weights(Protocol):
    """What a weights file tells: `keras_weights` and `keras_named_weights` have one for each generation."""

    def by_layer(self, model: Model) -> Mapping[str, tuple[Stored, ...]]: ...

    def parts(self) -> list[Part]: ...


def completed(model: Model, weights: Callable[[], Weights]) -> Model:
    """The model with the weights of its unknown layers; `weights` is called only if it has any.

    Raises nothing: where `weights` raises ConvcostError or tells nothing of a layer, its params stay unknown.
    """
    unknown = list(_unknown(model, ""))
    if not unknown and not _leaves_shapes_open(model):
        return model
    try:
        told = weights()
    except ConvcostError as error:
        return without_weights(model, str(error))
    if _has_no_graph(model):
        (layer,) = model.layers
        return in_parts(model, told.parts(), layer.kind)
    by_layer = told.by_layer(model)
    missing = [path for path in unknown if path not in by_layer]
    unsure = [path for path in unknown if _is_unsure(by_layer.get(path, ()))]
    notes = []
    if unsure:
        notes.append(f"{model.source}: the params of {_listed(unsure)} are those of the stored weights, {UNSURE}")
    if missing:
        notes.append(f"{model.source}: the params of {_listed(missing)} are not known: the weights file does not tell")
    return msgspec.structs.replace(_filled(model, by_layer, ""), notes=(*model.notes, *notes))


def without_weights(model: Model, why: str) -> Model:
    """The model, with the params of its unknown layers unknown too: `why`."""
    unknown = list(_unknown(model, ""))
    if not unknown:
        return model
    note = f"{model.source}: the params of {_listed(unknown)} are not known: {why}"
    return msgspec.structs.replace(_filled(model, {}, ""), notes=(*model.notes, note))


def in_parts(model: Model, parts: list[Part], what: str) -> Model:
    """A model without a graph: a row for each part of it that has weights. `what` names the model in notes."""
    if not parts:
        return without_weights(model, "the weights file has none")
    names = _distinct([part.name or model.name for part in parts])
    layers = tuple(
        Layer(name, part.kind, Unknown(f"the file has no graph of {what}", _weights(part.weights)), (Call(),))
        for name, part in zip(names, parts, strict=True)
    )
    note = f"{model.source}: the file has no graph of {what}; its params are those of the stored weights"
    if any(_is_unsure(part.weights) for part in parts):
        note += f", {UNSURE}"
    return msgspec.structs.replace(model, layers=layers, outputs=(Ref(layers[-1].name),), notes=(*model.notes, note))


def _is_unsure(weights: tuple[Stored, ...]) -> bool:
    return any(stored.trainable is None for stored in weights)


def _has_no_graph(model: Model) -> bool:
    return not model.inputs


def _unknown(model: Model, prefix: str) -> Iterator[str]:
    """The paths of unknown layers that may have weights."""
    for layer in model.layers:
        if isinstance(layer.rule, Model):
            yield from _unknown(layer.rule, f"{prefix}{layer.name}/")
        elif isinstance(layer.rule, Unknown) and not _is_weightless(layer):
            yield prefix + layer.name


def _leaves_shapes_open(model: Model) -> bool:
    """Whether a layer reads what one without a rule puts out, in a shape that the file does not tell: its own rule then
    cannot tell its weights.
    """
    open_ended = {layer.name for layer in model.layers if _is_open_ended(layer)}
    reads = (ref for layer in model.layers for call in layer.calls for ref in call.inputs)
    return any(ref.layer in open_ended and ref not in model.recorded for ref in reads)


def _is_open_ended(layer: Layer) -> bool:
    if isinstance(layer.rule, Model):
        return any(map(_is_open_ended, layer.rule.layers))
    return isinstance(layer.rule, Unknown)


def _is_weightless(layer: Layer) -> bool:
    return layer.kind in WEIGHTLESS or layer.kind.startswith("ops.")


def _filled(model: Model, by_layer: Mapping[str, tuple[Stored, ...]], prefix: str) -> Model:
    layers = []
    for layer in model.layers:
        path = prefix + layer.name
        rule = layer.rule
        stored = by_layer.get(path)
        if isinstance(rule, Model):
            layer = msgspec.structs.replace(layer, rule=_filled(rule, by_layer, f"{path}/"))
        elif isinstance(rule, Unknown) and not _is_weightless(layer):
            weights = Unknown(rule.reason, _weights(stored or ()), params_known=stored is not None)
            layer = msgspec.structs.replace(layer, rule=weights)
        elif stored is not None and not isinstance(rule, Unknown):
            layer = msgspec.structs.replace(layer, stored=_as_in(rule, _weights(stored)))
        layers.append(layer)
    return msgspec.structs.replace(model, layers=tuple(layers))


def _as_in(rule: Rule, stored: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """Stored weights with the names and flags that a layer's rule gives them, whatever the shape of its input."""
    for rank in RANKS:
        try:
            ours = rule.weights((1,) * rank)
        except (ConvcostError, *ARITHMETIC_ERRORS):
            continue
        if len(ours) == len(stored):
            return tuple(
                msgspec.structs.replace(one, name=named.name, trainable=named.trainable)
                for one, named in zip(stored, ours, strict=True)
            )
    return stored


def _weights(stored: tuple[Stored, ...]) -> tuple[Weight, ...]:
    return tuple(Weight(one.name, one.shape, one.trainable is not False, one.dtype) for one in stored)


def _listed(paths: list[str]) -> str:
    named = ", ".join(map(repr, paths[:MOST_NAMED]))
    return named + (f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else "")


def _distinct(names: list[str]) -> list[str]:
    taken: set[str] = set()
    for place, name in enumerate(names):
        number = 1
        while names[place] in taken:
            number += 1
            names[place] = f"{name} ({number})"
        taken.add(names[place])
    return names
