"""What is peculiar to the graphs of Keras 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tf_keras

from convcost import analyze
from convcost.model import Layer, Model, Policy, Unknown
from convcost.profile import profile
from convcost.readers import keras_h5
from convcost.readers.keras_text import model_in
from convcost.report import Report

from .witness import disagreements

L = tf_keras.layers


def read(model: Any) -> Model:
    return model_in(model.to_json(), "graph", "json")


def agrees_with_keras(model: Any) -> Report:
    report = profile(read(model))
    assert report.totals.complete
    assert report.totals.params == model.count_params()
    outputs = model.outputs
    assert list(_outputs(report, len(outputs))) == [(1, *one.shape[1:]) for one in outputs]
    return report


def _outputs(report: Report, many: int) -> list[Any]:
    return [shape for row in report.rows[-many:] for shape in row.calls[-1].outputs][-many:]


def functional(size: int = 6) -> Any:
    image = tf_keras.Input((size, size, 3))
    return tf_keras.Model(image, L.Conv2D(3, 3, padding="same")(image), name="inner")


def sequential() -> Any:
    return tf_keras.Sequential([L.Input((6, 6, 3)), L.Conv2D(3, 3, padding="same")], name="inner")


def sequential_by_its_first_layer() -> Any:
    return tf_keras.Sequential([L.Conv2D(3, 3, padding="same", input_shape=(6, 6, 3))], name="inner")


def sequential_without_a_shape() -> Any:
    return tf_keras.Sequential([L.Conv2D(3, 3, padding="same")], name="inner")


BUILDERS = [functional, sequential, sequential_by_its_first_layer, sequential_without_a_shape]


@pytest.mark.parametrize("build", BUILDERS)
def test_a_nested_model_is_called_once_twice_and_put_out(build: Callable[[], Any]) -> None:
    image, inner = tf_keras.Input((6, 6, 3)), build()
    once = inner(image)
    twice = inner(L.ReLU()(once))
    report = agrees_with_keras(tf_keras.Model(image, twice))
    (row,) = (row for row in report.rows if row.kind == "Conv2D")
    assert row.cost is not None
    assert row.cost.macs == 2 * (9 * 3 * 3 * 36)
    agrees_with_keras(tf_keras.Model(image, L.ReLU()(once)))


def test_a_sequential_that_was_called_on_several_sizes() -> None:
    """It has no inputs of its own: Keras counts its calls from 0."""
    inner = sequential_without_a_shape()
    large, small = tf_keras.Input((8, 8, 3)), tf_keras.Input((4, 4, 3))
    outputs = [L.ReLU()(inner(large)), L.ReLU()(inner(small))]
    report = profile(read(tf_keras.Model([large, small], outputs)))
    (row,) = (row for row in report.rows if row.kind == "Conv2D")
    assert row.cost is not None
    assert row.cost.macs == 9 * 3 * 3 * (64 + 16)


def test_a_model_as_the_first_layer_of_a_sequential() -> None:
    agrees_with_keras(tf_keras.Sequential([functional(), L.GlobalAveragePooling2D(), L.Dense(4)]))


def test_a_model_of_several_outputs() -> None:
    left, right = tf_keras.Input((4,)), tf_keras.Input((4,))
    inner = tf_keras.Model([left, right], [L.Dense(2)(left), L.Dense(3)(right)], name="inner")
    one, other = tf_keras.Input((4,)), tf_keras.Input((4,))
    first, second = inner([other, one])
    model = tf_keras.Model([one, other], L.Concatenate()([second, first, second]))
    assert agrees_with_keras(model).totals.macs == 4 * 2 + 4 * 3


def test_names_with_a_slash(tmp_path: Path) -> None:
    image = tf_keras.Input((6, 6, 3))
    x = L.Conv2D(2, 1, name="scope/conv")(image)
    x = L.Conv2D(3, 1, name="scope/conv/deeper")(x)
    model = tf_keras.Model(image, L.Conv2D(4, 1, name="scope")(x))
    for suffix in (".h5", ".keras"):
        path = tmp_path / f"model{suffix}"
        model.save(path)
        assert disagreements(path) == []
        report = analyze(path, what_if=False)
        expected = {"scope/conv": 3 * 2 + 2, "scope/conv/deeper": 2 * 3 + 3, "scope": 3 * 4 + 4}
        assert {row.path: row.params for row in report.rows if row.params} == expected


def test_tensors_and_constants_where_keras_3_has_tensors_alone() -> None:
    image = tf_keras.Input((4, 4, 3))
    summed = L.Add()([image, np.ones((1, 4, 4, 3), "float32")])
    report = agrees_with_keras(tf_keras.Model(image, summed))
    assert report.rows[-1].calls[0].inputs == ((1, 4, 4, 3),)


def test_a_value_by_its_name() -> None:
    query, value = tf_keras.Input((5, 4)), tf_keras.Input((7, 4))
    model = tf_keras.Model([query, value], L.MultiHeadAttention(2, 3)(query, value=value))
    report = agrees_with_keras(model)
    assert report.rows[-1].calls[0].inputs == ((1, 5, 4), (1, 7, 4))


def test_an_initial_state() -> None:
    steps, state = tf_keras.Input((5, 4)), tf_keras.Input((6,))
    agrees_with_keras(tf_keras.Model([steps, state], L.GRU(6)(steps, initial_state=state)))


def test_inputs_and_outputs_by_name() -> None:
    inputs = {"b": tf_keras.Input((3,), name="one"), "a": tf_keras.Input((4,), name="other")}
    outputs = {"y": L.Dense(2, name="first")(inputs["b"]), "x": L.Dense(3, name="second")(inputs["a"])}
    report = profile(read(tf_keras.Model(inputs, outputs)))
    assert report.totals.macs == 3 * 2 + 4 * 3


@pytest.mark.parametrize("policy", ["mixed_float16", "float16"])
def test_policies(policy: str) -> None:
    image = tf_keras.Input((4, 4, 3))
    model = read(tf_keras.Model(image, L.Conv2D(2, 1, dtype=tf_keras.mixed_precision.Policy(policy))(image)))
    variable = "float32" if policy.startswith("mixed_") else "float16"
    assert model.layers[-1].policy == Policy(variable, "float16")


SETTINGS = {
    "Conv2D": {"filters": 4, "kernel_size": [3, 3]},
    "DepthwiseConv2D": {"kernel_size": [3, 3]},
    "SeparableConv2D": {"filters": 4, "kernel_size": [3, 3]},
    "BatchNormalization": {},
    "BatchNormalizationV1": {"axis": [3]},
    "SyncBatchNormalization": {"axis": 3},
    "ReLU": {},
    "ThresholdedReLU": {"theta": 1.0},
    "MaxPooling2D": {"pool_size": [2, 2]},
    "GlobalAveragePooling2D": {},
    "ZeroPadding2D": {"padding": [[1, 1], [1, 1]]},
    "Flatten": {},
    "Dropout": {"rate": 0.5},
    "Dense": {"units": 3},
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_what_old_files_leave_out_is_keras_s_default(kind: str) -> None:
    entry = {
        "class_name": "Sequential",
        "config": [{"class_name": kind, "config": {**SETTINGS[kind], "batch_input_shape": [None, 8, 8, 3]}}],
    }
    report = profile(model_in(json.dumps(entry), "graph", "json"))
    (_, row) = report.rows
    assert row.cost is not None
    params = {
        "Conv2D": 9 * 3 * 4 + 4,
        "DepthwiseConv2D": 9 * 3 + 3,
        "SeparableConv2D": 9 * 3 + 3 * 4 + 4,
        "BatchNormalization": 4 * 3,
        "BatchNormalizationV1": 4 * 3,
        "SyncBatchNormalization": 4 * 3,
        "Dense": 3 * 3 + 3,
    }
    assert row.params == params.get(kind, 0)


def test_lists_of_names_that_were_cut_into_several_attributes(tmp_path: Path) -> None:
    """An attribute of HDF5 holds 64 kB: Keras numbers the pieces of a longer list."""
    image = x = tf_keras.Input((4, 4, 1))
    for number in range(4):
        x = L.Conv2D(1, 1, name=f"conv{number}")(x)
    path = tmp_path / "model.h5"
    tf_keras.Model(image, x).save(path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]
        names = group.attrs["layer_names"]
        del group.attrs["layer_names"]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:2], names[2:]
    assert disagreements(path) == []


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({}, {"scope": [], "scope/deep": [], "other": []}),
        (
            {"scope/kernel:0": 1, "scope/deep/kernel:0": 2, "scope/deep/inner/bias:0": 3},
            {"scope": [1], "scope/deep": [2, 3], "other": []},
        ),
        ({"scope/kernel:0": 1, "kernel:0": 2}, {"scope": [1]}),  # whose the second is, nothing tells
    ],
)
def test_weights_of_a_nested_model_go_to_the_layer_in_their_name(
    tmp_path: Path, stored: dict[str, int], told: dict[str, list[int]]
) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = ["inner"]
        group.create_group("inner").attrs["weight_names"] = list(stored)
        for name, size in stored.items():
            group["inner"].create_dataset(name, (size,))
    layers = tuple(Layer(name, "Mine", Unknown("mine"), ()) for name in ("scope", "scope/deep", "other"))
    inner = Layer("inner", "Functional", Model("inner", layers, (), ()), ())
    found = keras_h5.weights_in(path).by_layer(Model("outer", (inner,), (), ()))
    sizes = {layer.removeprefix("inner/"): [one.shape[0] for one in weights] for layer, weights in found.items()}
    assert sizes == told
