"""Every class of `keras.layers` against Keras itself: shapes, weights, params, and MACs as written in the tables."""

from __future__ import annotations

import inspect
from collections import Counter
from functools import cache
from math import prod
from typing import Any

import keras
import msgspec
import pytest

from convcost import analyze
from convcost.engine.trace import trace
from convcost.layers import ALIASES, LAYERS, UNKNOWN
from convcost.layers.base import IGNORED, IGNORED_ENDINGS, Kind
from convcost.report import Row

from .cases import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=repr)

CLASSES = {
    name: thing
    for name, thing in inspect.getmembers(keras.layers, inspect.isclass)
    if issubclass(thing, keras.layers.Layer)
}
IN_NO_GRAPH = {"InputLayer", "Wrapper", "Equalization"}
"""Classes that Keras does not call in a graph by themselves; they are tested apart or inside another layer."""


@cache
def row_of(case: Case) -> Row:
    """The row of the layer under test, read through the JSON that Keras writes."""
    report = analyze(case.model, what_if=False)
    assert report.warnings == ()
    (row,) = (row for row in report.rows if row.name == case.layer.name)
    return row


def kind_of(case: Case) -> type[Kind]:
    """Our record, by the name under which Keras saves the class."""
    return LAYERS[keras.saving.serialize_keras_object(case.layer)["class_name"]]


def test_every_class_is_counted_or_listed_as_unknown() -> None:
    ours = set(LAYERS) | set(ALIASES) | set(UNKNOWN)
    assert set(CLASSES) - ours == set()
    assert set(LAYERS) & set(UNKNOWN) == set()
    names = set(CLASSES) | {thing.__name__ for thing in CLASSES.values()}  # files hold the names of classes
    assert {*ALIASES, *UNKNOWN} - names == set()
    assert {name for name, kind in LAYERS.items() if kind.package == "keras"} - set(CLASSES) == set()


def test_aliases_are_keras_s() -> None:
    by_name = {thing.__name__: thing for thing in CLASSES.values()} | CLASSES
    for alias, name in ALIASES.items():
        assert by_name[alias] is by_name[name]


def test_every_class_has_cases() -> None:
    counts = Counter(kind_of(case).__name__ for case in CASES)
    few = {name for name, kind in LAYERS.items() if kind.package == "keras" and counts[name] < 1}
    assert few == IN_NO_GRAPH


@every_case
def test_output_shapes(case: Case) -> None:
    keras_shapes = [tensor.shape[1:] for tensor in case.model.outputs]
    ours = [shape[1:] for shape in row_of(case).calls[-1].outputs]
    assert len(ours) == len(keras_shapes)
    for shape, allowed in zip(ours, keras_shapes, strict=True):
        assert len(shape) == len(allowed)
        assert all(wanted in (size, None) for size, wanted in zip(shape, allowed, strict=True)), (shape, allowed)


def as_saved(layer: keras.layers.Layer) -> list[keras.Variable]:
    """The weights of a layer; where it or one inside it is quantized, in the order in which Keras saves them."""
    parts = list(layer._flatten_layers())
    if all(getattr(part, "quantization_mode", None) is None for part in parts):
        return layer.weights
    return [weight for part in parts for weight in saved_by(part)]


def saved_by(layer: keras.layers.Layer) -> list[keras.Variable]:
    """The variables of a quantized layer by Keras's own list of names, and those of LoRA, which it does not save."""
    if not hasattr(layer, "variable_serialization_spec"):
        return []
    names = layer.variable_serialization_spec[layer.quantization_mode]
    saved = [getattr(layer, f"_{name}" if hasattr(layer, f"_{name}") else name, None) for name in names]
    lora = [weight for weight in layer.weights if weight.name.startswith("lora")]
    return [weight for weight in saved if weight is not None] + lora


@every_case
def test_weights(case: Case) -> None:
    """Shapes, dtypes and trainable flags in Keras's order; the parts of a name stand in Keras's path in this order."""
    row = row_of(case)
    theirs = as_saved(case.layer)
    default = row.layer.policy.variable
    told = [
        (tuple(weight.shape), str(keras.backend.standardize_dtype(weight.dtype)), weight.trainable) for weight in theirs
    ]
    ours = [(weight.shape, weight.dtype or default, weight.trainable and row.layer.trainable) for weight in row.weights]
    assert ours == told
    for weight, path in zip(
        row.weights, (weight.path.replace("zero_point", "kernel_zero") for weight in theirs), strict=True
    ):
        few, many = sorted((weight.name.split("/"), path.split("/")), key=len)
        parts = iter(many)
        assert all(part in parts for part in few), (weight.name, path)


@every_case
def test_params(case: Case) -> None:
    row = row_of(case)
    assert row.params == case.layer.count_params()
    assert row.trainable_params == sum(prod(weight.shape) for weight in case.model.trainable_weights)


@every_case
def test_weight_bytes(case: Case) -> None:
    """Every weight counts its own dtype: a float16 layer, an int8 kernel with float32 scales."""
    assert row_of(case).weight_bytes == bytes_in(case.layer.weights)


def bytes_in(weights: list[keras.Variable]) -> int:
    return sum(weight.numpy().nbytes for weight in weights)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_a_quantized_model_is_counted_by_what_it_keeps() -> None:
    """`model.quantize` changes policies layer by layer, inside wrappers too; what it cannot quantize stays."""
    inputs = keras.Input((6, 16))
    hidden = keras.layers.TimeDistributed(keras.layers.Dense(9))(inputs)
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True))(hidden)
    outputs = keras.layers.EinsumDense("abc,cd->abd", (6, 5), bias_axes="d")(keras.layers.Dense(8)(hidden))
    model = keras.Model(inputs, outputs)
    for mode in ("int8", "int4"):
        quantized = keras.models.clone_model(model)
        quantized.quantize(mode)
        totals = analyze(quantized).totals
        assert totals.params == quantized.count_params()
        assert totals.weight_bytes == bytes_in(quantized.weights)
        assert totals.macs == analyze(model).totals.macs


@every_case
def test_macs(case: Case) -> None:
    cost = row_of(case).cost
    assert cost is not None
    assert cost.macs == case.macs


@pytest.mark.parametrize("case", [case for case in CASES if case.runs], ids=repr)
def test_traced_macs(case: Case) -> None:
    """The MACs of the graph that TensorFlow traces, counted from its operations alone."""
    traced = trace(case.model)
    assert traced.uncounted == ()
    assert traced.under(case.layer.name) == case.macs


@every_case
def test_every_setting_is_known(case: Case) -> None:
    """A new setting of Keras is either a field of the record or named as one that changes neither shape nor cost."""
    fields = kind_of(case).__struct_encode_fields__
    unknown = {
        setting
        for setting in case.layer.get_config()
        if setting not in fields and setting not in IGNORED and not setting.endswith(IGNORED_ENDINGS)
    }
    assert not unknown


@pytest.mark.parametrize("name", sorted(set(CLASSES) & set(LAYERS)))
def test_defaults_are_keras_s(name: str) -> None:
    """What a spec leaves out means what it means in Keras; data_format None is channels_last there too."""
    parameters = inspect.signature(CLASSES[name].__init__).parameters
    for field in msgspec.structs.fields(LAYERS[name]):
        if field.encode_name not in parameters or field.encode_name in ("dtype", "oov_token"):
            continue
        theirs, ours = parameters[field.encode_name].default, field.default
        if theirs is inspect.Parameter.empty or ours is msgspec.NODEFAULT:
            assert theirs is inspect.Parameter.empty or theirs is None, field.encode_name
            assert ours is msgspec.NODEFAULT, field.encode_name
        elif field.encode_name != "data_format":
            assert plain(ours) == plain(theirs), field.encode_name


def plain(value: Any) -> Any:
    """One number for a tuple of the same: (2, 2) is 2."""
    values = [plain(one) for one in value] if isinstance(value, tuple) and value else []
    return values[0] if values and values.count(values[0]) == len(values) else value
