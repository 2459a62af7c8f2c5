"""Layers and models as Keras 3 writes them in config.json.

Of a layer's settings only those stand there that are not Keras's default, and `data_format`, whose default is the
user's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.layers.merging import BaseMerge, Concatenate, Dot
from convcost.layers.passing import InputLayer
from convcost.model import Call, Layer, Model, Recorded, Ref, Rule, Unknown
from convcost.order import in_order

Json = dict[str, Any]

Told = Callable[[Ref], Recorded]
"""What the graph tells of a tensor. Keras follows shapes and dtypes by itself, and reads them nowhere."""

UNTOLD = Recorded((None,))

WITHOUT_DATA_FORMAT = ("Cropping1D", "UpSampling1D")
TOLD_WHOLE = ("Rescaling",)
"""Kinds that Keras makes of a config with all settings alone."""

MERGES = (BaseMerge, Concatenate, Dot)
"""Layers that Keras calls on a list, also where it holds one tensor."""


def settings_of(rule: Rule) -> Json:
    """The settings of a record under Keras's names."""
    settings: Json = {}
    kind = type(rule).__name__
    for field in msgspec.structs.fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, field.name)
        if field.encode_name == "data_format" and kind not in WITHOUT_DATA_FORMAT:
            settings["data_format"] = value or "channels_last"
        elif value != field.default or kind in TOLD_WHOLE:
            settings[field.encode_name] = _plain(value)
    return settings


def _plain(value: Any) -> Any:
    if isinstance(value, Layer):
        return layer_entry(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def layer_entry(layer: Layer) -> Json:
    """A layer, or a model, without its calls."""
    if isinstance(layer.rule, Model):
        return model_entry(layer.rule, layer.name)
    if isinstance(layer.rule, Unknown):
        raise ConvcostError(f"layer {layer.name!r} ({layer.kind}) cannot be made: {layer.rule.reason}")
    dtype = {"dtype": layer.policy.name}
    return leaf_entry(layer.name, layer.rule, dtype if layer.trainable else {**dtype, "trainable": False})


def leaf_entry(name: str, rule: Rule, more: Mapping[str, Any]) -> Json:
    """A layer with these settings beside its record's. Raises ConvcostError where Keras has no such layer."""
    kind = type(rule).__name__
    package = getattr(rule, "package", "keras")
    if package != "keras":
        raise ConvcostError(f"layer {name!r}: {package} has {kind}, allowed: the layers of keras.layers")
    if isinstance(rule, InputLayer) and rule.batch_shape is None:
        raise ConvcostError(f"input {name!r} has no shape: a model that a wrapper holds cannot be made")
    config = {"name": name, **more, **settings_of(rule)}
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None, "name": name}


def model_entry(
    model: Model,
    name: str,
    told: Told = lambda _: UNTOLD,
    entry_of: Callable[[Layer], Json] = layer_entry,
    listed: bool = False,
) -> Json:
    """A model as a Functional one, without its calls. `listed`: one input, or output, is a list too."""
    layers = []
    for layer in _in_order_of_calls(model):
        entry = entry_of(layer)
        calls = () if isinstance(layer.rule, InputLayer) else layer.calls
        entry["inbound_nodes"] = [_node(layer, call, told) for call in calls]
        layers.append(entry)
    config = {
        "name": name,
        "trainable": True,
        "layers": layers,
        "input_layers": _ends(model, model.inputs, listed),
        "output_layers": _ends(model, model.outputs, listed),
    }
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
        "name": name,
    }


def _in_order_of_calls(model: Model) -> list[Layer]:
    return list({layer.name: layer for layer, _, _ in in_order(model)}.values())


def _node(layer: Layer, call: Call, told: Told) -> Json:
    if call.extras or call.rule is not None:
        raise ConvcostError(
            f"layer {layer.name!r} ({layer.kind}) cannot be made: a call of it has arguments of its own"
        )
    tensors = [_tensor(ref, told(ref)) for ref in call.inputs]
    apart = getattr(layer.rule, "arguments", ()) or (len(tensors) == 1 and not isinstance(layer.rule, MERGES))
    return {"args": tensors if apart else [tensors], "kwargs": {}}


def _tensor(ref: Ref, told: Recorded) -> Json:
    config = {"shape": list(told.shape), "dtype": told.dtype, "keras_history": [ref.layer, ref.call, ref.output]}
    return {"class_name": "__keras_tensor__", "config": config}


def _ends(model: Model, refs: Sequence[Ref], listed: bool) -> Any:
    """Inputs or outputs. Keras counts the calls of nested Functional models from 1 here, and here alone."""
    nested = {layer.name for layer in model.layers if isinstance(layer.rule, Model)}
    ends = [[ref.layer, ref.call + (ref.layer in nested), ref.output] for ref in refs]
    return ends[0] if len(ends) == 1 and not listed else ends
