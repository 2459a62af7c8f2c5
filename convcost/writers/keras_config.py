"""config.json with layers replaced: their entries are written anew, all others stay as they are.

A layer that several take the place of becomes a nested model under its name, so that what reads it need not change.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from convcost.errors import ConvcostError
from convcost.layers.arithmetic import split
from convcost.layers.base import each
from convcost.layers.convolution import BaseDepthwiseConv, BaseSeparableConv, BaseWindowed
from convcost.layers.passing import InputLayer
from convcost.layers.quantization import quantization_of
from convcost.layers.reshaping import Reshape
from convcost.model import Layer, Model, Recorded, Ref, Rule, Unknown
from convcost.profile import declared_shape
from convcost.report import Row
from convcost.variants.steps import Conv
from convcost.writers.keras_graph import Json, leaf_entry, model_entry
from convcost.writers.keras_order import in_keras_order

LOST = ("kernel_constraint", "activity_regularizer", "depthwise_constraint", "pointwise_constraint")
"""Settings of a replaced layer that have no meaning in what takes its place."""


class Edit:
    """The replacement of some layers of a model. `rows` are what the new model costs, by path.

    `listed`: one input is a list too, as Keras wrote it before 3.4. `notes` tell what could not be kept, once the
    config is edited.
    """

    def __init__(self, replaced: Mapping[str, object], rows: Mapping[str, Row], listed: bool = False) -> None:
        self.replaced = replaced
        self.rows = rows
        self.listed = listed
        self.notes: list[str] = []

    def model(self, entry: Json, old: Model, new: Model, prefix: str = "") -> Json:
        """The entry of a model that was `old` and becomes `new`."""
        before = {layer.name: layer for layer in old.layers}
        after = {layer.name: layer for layer in new.layers}
        config = dict(entry["config"])
        nodes = {name_of(one): one.get("inbound_nodes") for one in config["layers"]}
        entries = []
        for one in config["layers"]:
            name = name_of(one)
            if name not in after:
                continue
            layer = after[name]
            if prefix + name in self.replaced:
                one = self.layer(one, layer, prefix + name, _is_fixed(old, before[name]))
            elif isinstance(layer.rule, Model) and self.touches(f"{prefix}{name}/"):
                nested = before[name].rule
                assert isinstance(nested, Model)
                one = self.model(one, nested, layer.rule, f"{prefix}{name}/")
            if layer.calls != before[name].calls and "inbound_nodes" in one:
                source = next(gone for gone, was in before.items() if gone not in after and was.calls == layer.calls)
                one = {**one, "inbound_nodes": nodes[source]}
            entries.append(one)
        if "output_layers" in config:
            if len(entries) < len(config["layers"]):
                entries = in_keras_order(entries, config["output_layers"])
            became = {
                name
                for name, layer in after.items()
                if isinstance(layer.rule, Model) and not isinstance(before[name].rule, Model)
            }
            config["output_layers"] = _counted_from_one(config["output_layers"], became)
        return {**entry, "config": {**config, "layers": entries}}

    def touches(self, prefix: str) -> bool:
        return any(path.startswith(prefix) for path in self.replaced)

    def layer(self, entry: Json, layer: Layer, path: str, fixed: bool) -> Json:
        """The entry of a layer that is replaced; `fixed`: whether the sizes of its input are."""
        old = entry["config"]
        if quantization_of(old.get("dtype")) is not None or old.get("lora_rank"):
            what = "has LoRA factors beside it" if old.get("lora_rank") else "is quantized"
            raise ConvcostError(f"layer {path!r} cannot be rewritten: its kernel {what}")
        self.notes += [f"layer {path!r}: its {setting} is dropped" for setting in LOST if old.get(setting)]
        self.check_strides(path)
        around = {key: entry[key] for key in ("inbound_nodes",) if key in entry}
        if isinstance(layer.rule, Model):
            return {**self.nested(old, layer, path, fixed), **around}
        assert not isinstance(layer.rule, Unknown)
        built = {key: entry[key] for key in ("build_config",) if key in entry}
        return {**leaf_entry(layer.name, layer.rule, carried(old, layer.rule)), **built, **around}

    def check_strides(self, path: str) -> None:
        for name, row in self.rows.items():
            rule = row.layer.rule
            if f"{name}/".startswith(f"{path}/") and isinstance(rule, BaseDepthwiseConv | BaseSeparableConv):
                strides = each(rule.strides, rule.rank, "strides")
                if len(set(strides)) > 1:
                    raise ConvcostError(
                        f"layer {path!r} cannot be rewritten: its strides are {strides}, and TensorFlow has depthwise"
                        " steps with equal ones alone"
                    )

    def nested(self, old: Json, layer: Layer, path: str, fixed: bool) -> Json:
        model = layer.rule
        assert isinstance(model, Model)
        rows = {name.removeprefix(f"{path}/"): row for name, row in self.rows.items() if name.startswith(f"{path}/")}
        first = next(iter(rows.values()))
        fixed = fixed and all(call.inputs == first.calls[0].inputs for call in first.calls)
        if not fixed and any(isinstance(one.rule, Reshape) for one in model.layers):
            raise ConvcostError(f"layer {path!r} cannot be rewritten: a channel shuffle needs inputs of one fixed size")
        layout = next(one.rule.layout for one in model.layers if isinstance(one.rule, BaseWindowed))
        dtype = layer.policy.compute

        def told(ref: Ref) -> Recorded:
            row = rows.get(ref.layer)
            shape = row.calls[0].outputs[0] if row is not None else first.calls[0].inputs[0]
            assert shape is not None
            _, spatial, channels = split(shape, layout)
            sizes = spatial if fixed else (None,) * len(spatial)
            return Recorded((None, channels, *sizes) if layout == "channels_first" else (None, *sizes, channels), dtype)

        def entry_of(one: Layer) -> Json:
            if isinstance(one.rule, InputLayer):
                return leaf_entry(one.name, InputLayer(batch_shape=told(Ref(one.name)).shape), {"dtype": dtype})
            assert not isinstance(one.rule, Model | Unknown)
            return leaf_entry(one.name, one.rule, carried(old, one.rule))

        return model_entry(model, layer.name, told, entry_of, self.listed)


def carried(old: Json, rule: Rule) -> Json:
    """What a layer takes over from the convolution in whose place it stands, beside what its record has."""
    settings: Json = {key: old[key] for key in ("trainable", "dtype") if key in old}
    regularizer = old.get("kernel_regularizer") or old.get("pointwise_regularizer")
    if regularizer:
        settings |= dict.fromkeys(_regularizers(rule), regularizer)
    if getattr(rule, "use_bias", False):
        names = ("bias_initializer", "bias_regularizer", "bias_constraint")
        settings |= {key: old[key] for key in names if key in old}
    return settings


def _regularizers(rule: Rule) -> tuple[str, ...]:
    """What Keras calls the regularizers of a layer's kernels."""
    if isinstance(rule, BaseSeparableConv):
        return ("depthwise_regularizer", "pointwise_regularizer")
    if isinstance(rule, BaseDepthwiseConv):
        return ("depthwise_regularizer",)
    return ("kernel_regularizer",) if isinstance(rule, Conv) else ()


def _is_fixed(model: Model, layer: Layer) -> bool:
    """Whether the graph fixes the size of all that a layer of it reads."""
    told = [model.recorded.get(ref) for call in layer.calls for ref in call.inputs]
    shapes = [one.shape[1:] if one is not None else None for one in told]
    if None in shapes:  # a chain tells the shape of its input alone
        shapes = [declared_shape(model, ref) for ref in model.inputs]
    return all(shape is not None and None not in shape for shape in shapes)


def _counted_from_one(ends: Any, names: Container[str]) -> Any:
    """`output_layers` where the layers of these names have become models, whose calls Keras counts from 1 here."""
    if isinstance(ends, list) and len(ends) == 3 and isinstance(ends[0], str):
        name, call, output = ends
        return [name, call + (name in names), output]
    if isinstance(ends, dict):
        return {key: _counted_from_one(one, names) for key, one in ends.items()}
    return [_counted_from_one(one, names) for one in ends]


def name_of(entry: Json) -> str:
    """The name of a layer: in a Sequential model its config alone has it."""
    return str(entry.get("name") or entry["config"]["name"])
