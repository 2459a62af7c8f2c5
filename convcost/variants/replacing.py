"""How a variant puts layers in the place of others: one for one, or a chain of them as a nested model."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from convcost.layers.passing import InputLayer
from convcost.model import Call, Layer, Model, Ref, Rule


def replaced(model: Model, by: Mapping[str, tuple[Rule, ...]], prefix: str = "") -> Model:
    """`model` with each layer whose path is in `by` replaced; names, calls, dtypes and trainable flags stay."""
    if not by:
        return model
    layers = []
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer.rule, Model):
            layer = msgspec.structs.replace(layer, rule=replaced(layer.rule, by, path + "/"))
        elif path in by:
            layer = _stand_in(layer, by[path])
        layers.append(layer)
    return msgspec.structs.replace(model, layers=tuple(layers))


def _stand_in(layer: Layer, rules: tuple[Rule, ...]) -> Layer:
    if len(rules) == 1:
        return msgspec.structs.replace(layer, kind=type(rules[0]).__name__, rule=rules[0])
    entry = Layer("input", "InputLayer", InputLayer(), (Call(),), policy=layer.policy)
    chain = [entry]
    for step, rule in enumerate(rules, start=1):
        reads = Call((Ref(chain[-1].name),))
        chain.append(
            Layer(f"step{step}", type(rule).__name__, rule, (reads,), trainable=layer.trainable, policy=layer.policy)
        )
    nested = Model(layer.name, tuple(chain), (Ref(entry.name),), (Ref(chain[-1].name),))
    return msgspec.structs.replace(layer, kind="Sequential", rule=nested)
