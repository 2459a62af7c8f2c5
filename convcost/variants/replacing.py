"""How a variant puts other layers in the place of one: a layer for a layer, or a nested model of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from convcost.layers.passing import InputLayer
from convcost.model import Call, Layer, Model, Policy, Ref, Rule
from convcost.naming import unnamed

StandIn = Rule | Model


def chain(rules: Sequence[Rule]) -> StandIn:
    """Layers one after another: the one layer itself, or a nested model of them, named as Keras would."""
    if len(rules) == 1:
        return rules[0]
    names = unnamed(type(rule).__name__ for rule in rules)
    reads = ["input", *names[:-1]]
    return nested([(name, rule, [read]) for name, rule, read in zip(names, rules, reads, strict=True)])


def nested(layers: Sequence[tuple[str, Rule, Sequence[str]]]) -> Model:
    """A model of one input, "input", and layers by name that each read others; the last one is its output."""
    entry = Layer("input", "InputLayer", InputLayer(), (Call(),))
    inside = [Layer(name, type(rule).__name__, rule, (Call(tuple(map(Ref, reads))),)) for name, rule, reads in layers]
    return Model("block", (entry, *inside), (Ref("input"),), (Ref(layers[-1][0]),))


def replaced(model: Model, by: Mapping[str, StandIn], prefix: str = "") -> Model:
    """`model` with each layer whose path is in `by` replaced; names, calls, dtypes and trainable flags stay."""
    if not by:
        return model
    layers = []
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer.rule, Model):
            layer = msgspec.structs.replace(layer, rule=replaced(layer.rule, by, path + "/"))
        elif path in by:
            layer = _replaced(layer, by[path])
        layers.append(layer)
    return msgspec.structs.replace(model, layers=tuple(layers))


def _replaced(layer: Layer, stand_in: StandIn) -> Layer:
    if not isinstance(stand_in, Model):
        return msgspec.structs.replace(layer, kind=type(stand_in).__name__, rule=stand_in)
    inside = tuple(_like(layer.policy, layer.trainable, one) for one in stand_in.layers)
    block = msgspec.structs.replace(stand_in, name=layer.name, layers=inside)
    return msgspec.structs.replace(layer, kind="Functional", rule=block)


def _like(policy: Policy, trainable: bool, layer: Layer) -> Layer:
    return msgspec.structs.replace(layer, policy=policy, trainable=trainable)
