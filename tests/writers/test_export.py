"""A spec of a model costs what the model costs: layer by layer, at the peak, in every shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from keras import layers

from convcost import api
from convcost.errors import ConvcostError
from convcost.layers.convolution import Conv2D
from convcost.layers.merging import Add
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers import read
from convcost.report import Report
from convcost.spec_schema import spec_schema
from tests.building import chain, graph
from tests.conftest import ROOT, Result
from tests.layers.cases import CASES
from tests.layers.cases.case import Case
from tests.oracle.conftest import network
from tests.random_graphs import random_graph

SCHEMA = Draft202012Validator(spec_schema())
NETWORKS = ("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "InceptionV3", "MobileNetV3Small", "VGG16")
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))

REFUSALS = ("nothing reads it", "its weights are quantized", "its calls have settings of their own")
"""What a spec cannot say."""


def facts(report: Report) -> dict[str, Any]:
    """All that a report tells, but for names. Inputs, which stand where the file has them, are told apart."""
    rows = [
        (row.kind, row.cost, row.params, row.trainable_params, row.weight_bytes, row.activation_bytes, row.calls)
        for row in report.rows
    ]
    return {
        "layers": [row for row in rows if row[0] != "InputLayer"],
        "inputs": sorted(str(row) for row in rows if row[0] == "InputLayer"),
        "totals": report.totals,
        "peak": (report.peak.bytes, sorted(live.bytes for live in report.peak.live)),
        "shapes": list(report.input_shapes.values()),
    }


def exported(model: Model, folder: Path, shape: Shape | None = None) -> tuple[str, Model]:
    """The text of a spec, and the model that it is read as, which costs the same."""
    path = folder / "spec.yaml"
    path.write_text(api.export(model), encoding="utf-8")
    again = read(path, {})
    shapes = {"": shape} if shape else None
    told, wanted = facts(profile(again, shapes)), facts(profile(model, shapes))
    for what, value in wanted.items():
        assert told[what] == value, what
    return path.read_text(encoding="utf-8"), again


def refusal(call: Callable[[], Any]) -> str:
    """Why a call is refused; "" where it is not."""
    try:
        call()
    except ConvcostError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, tmp_path: Path) -> None:
    net = network(name)
    text, _ = exported(api.load(net.model), tmp_path, net.input_shape)
    SCHEMA.validate(yaml.safe_load(text))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_spec_of_a_spec(path: Path, tmp_path: Path) -> None:
    text, model = exported(api.load(path), tmp_path)
    SCHEMA.validate(yaml.safe_load(text))
    assert exported(model, tmp_path)[0] == text


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_kind_of_layer(case: Case, tmp_path: Path) -> None:
    why = refusal(lambda: exported(api.load(case.model), tmp_path))
    assert not why or any(told in why for told in REFUSALS)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_graphs(tmp_path: Path, seed: int) -> None:
    with keras.StatelessScope(initialize_variables=False):
        model = api.load(random_graph(seed))
    why = refusal(lambda: exported(model, tmp_path))
    assert not why or "nothing reads it" in why


WIDTHS = st.integers(1, 9)


@given(
    widths=st.lists(WIDTHS, min_size=1, max_size=12),
    periods=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), max_size=4),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chains_with_repeats(tmp_path: Path, widths: list[int], periods: list[tuple[int, int]]) -> None:
    runs = [widths[:period] * times for period, times in periods] or [widths]
    rules = [Conv2D(filters=width, kernel_size=3, padding="same") for run in runs for width in run]
    exported(chain(*rules), tmp_path)


def sequential(*entries: Any, shape: tuple[int, ...] = (8, 8, 3)) -> Model:
    keras.utils.clear_session()
    return api.load(keras.Sequential([keras.Input(shape), *entries], name="net"))


def test_it_is_as_short_as_people_would_write_it() -> None:
    convolutions = [layers.Conv2D(8, 3, padding="same", use_bias=False) for _ in range(3)]
    body = [layer for one in convolutions for layer in (one, layers.BatchNormalization(), layers.ReLU(6.0))]
    model = sequential(
        layers.Conv2D(8, (3, 5), strides=(2, 1), padding="same", use_bias=False, name="stem"),
        *body,
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, "softmax", trainable=False, name="scores"),
    )
    assert api.export(model) == (
        "convcost: 1\n"
        "name: net\n"
        "input: [8, 8, 3]\n"
        "defaults:\n"
        "  Conv2D: {padding: same, use_bias: false}\n"
        "  ReLU: {max_value: 6}\n"
        "layers:\n"
        "  - Conv2D: {filters: 8, kernel_size: [3, 5], strides: [2, 1]}\n"
        "    name: stem\n"
        "  - repeat: 3\n"
        "    layers:\n"
        "      - Conv2D: {filters: 8, kernel_size: 3}\n"
        "      - BatchNormalization\n"
        "      - ReLU\n"
        "  - MaxPooling2D\n"
        "  - Flatten\n"
        "  - Dense: {units: 10, activation: softmax}\n"
        "    name: scores\n"
        "    trainable: false\n"
    )


def test_nested_models_become_blocks_with_parameters(tmp_path: Path) -> None:
    keras.utils.clear_session()
    inputs = tensor = keras.Input((8, 8, 3), name="image")
    for number, filters in enumerate((4, 8, 8)):
        entry = keras.Input(tensor.shape[1:])
        narrow = layers.Conv2D(filters // 2, 1)(entry)
        block = keras.Model(entry, layers.Conv2D(filters, 3)(narrow), name=f"block{number}")
        tensor = block(tensor)
    text, _ = exported(api.load(keras.Model(inputs, tensor, name="net")), tmp_path)
    spec = yaml.safe_load(text)
    ((name, block),) = spec["blocks"].items()
    assert block == {
        "parameters": {"filters": None, "filters_2": None},
        "layers": [
            {"Conv2D": {"filters": "filters", "kernel_size": 1}},
            {"Conv2D": {"filters": "filters_2", "kernel_size": 3}},
        ],
    }
    assert [item["block"] for item in spec["layers"]] == [name] * 3
    assert [item["with"] for item in spec["layers"]] == [
        {"filters": 2, "filters_2": 4},
        {"filters": 4, "filters_2": 8},
        {"filters": 4, "filters_2": 8},
    ]
    assert spec["inputs"] == {"image": [8, 8, 3]}


def test_shared_layers_are_called_again(tmp_path: Path) -> None:
    keras.utils.clear_session()
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((4, 4, 3), name="right")
    twin = layers.Conv2D(4, 3, name="twin")
    tensors = [layers.Flatten()(twin(one)) for one in (left, right)]
    text, model = exported(api.load(keras.Model([left, right], layers.Concatenate()(tensors))), tmp_path)
    assert {"call": "twin", "from": "right"} in yaml.safe_load(text)["layers"]
    assert profile(model).totals.params == 3 * 3 * 3 * 4 + 4


def test_names_that_people_gave_stay_and_those_of_keras_go(tmp_path: Path) -> None:
    keras.utils.clear_session()
    inputs = keras.Input((8,))
    layers.Dense(3)  # what Keras names `dense` is not in the model
    x = layers.Dense(3)(inputs)
    y = layers.Dense(3, name="mine")(x)
    z = layers.Dense(3, name="dense")(y)  # somebody's own, though it looks like Keras's
    model = api.load(keras.Model(inputs, layers.Add()([x, y, z])))
    _, again = exported(model, tmp_path)
    assert [layer.name for layer in again.layers] == ["input", "dense", "mine", "dense_1", "add"]
    assert [ref.layer for ref in again.layers[-1].calls[0].inputs] == ["dense", "mine", "dense_1"]


def test_odd_names_and_texts_are_quoted(tmp_path: Path) -> None:
    model = sequential(layers.ReLU(name="yes"), layers.ReLU(name="a: [b]"), layers.ReLU(name="12"))
    text, again = exported(model, tmp_path)
    assert [layer.name for layer in again.layers[1:]] == ["yes", "a: [b]", "12"]
    assert [item["name"] for item in yaml.safe_load(text)["layers"]] == ["yes", "a: [b]", "12"]


def test_dtypes(tmp_path: Path) -> None:
    model = sequential(
        layers.Conv2D(4, 3, dtype="mixed_float16"), layers.ReLU(dtype="mixed_float16"), layers.Conv2D(4, 3)
    )
    text, _ = exported(model, tmp_path)
    spec = yaml.safe_load(text)
    assert spec["dtype"] == "mixed_float16"
    assert spec["layers"][-1] == {"Conv2D": {"filters": 4, "kernel_size": 3}, "dtype": "float32"}


def test_layers_without_a_rule_are_refused_by_name() -> None:
    model = sequential(layers.Lambda(lambda x: x, name="mine", output_shape=(8, 8, 3)))
    with pytest.raises(ConvcostError, match="layer 'mine' has no words in a spec: it runs a Python function"):
        api.export(model)


def test_the_command(tmp_path: Path, run: Callable[..., Result]) -> None:
    source, target = ROOT / "configs" / "vgg16.yaml", tmp_path / "spec.yaml"
    assert run("export", source, "-o", target).out == ""
    assert run("export", source).out == target.read_text() == api.export(source)
    refused = run("export", target, "-o", target)
    assert (refused.code, refused.out) == (2, "")


def test_mobilenet_and_its_standard_twin(tmp_path: Path, run: Callable[..., Result]) -> None:
    """arXiv 1704.04861, table 4: 569 M MACs, and 4866 M (without the last layer's million) with whole convolutions."""
    there, back, stem = tmp_path / "there.yaml", tmp_path / "back.yaml", tmp_path / "stem.yaml"
    assert run("rewrite", ROOT / "configs" / "mobilenet_v1.yaml", "--variant", "standard", "-o", there).code == 0
    assert api.analyze(there).totals.macs == 4_867_293_184
    assert run("rewrite", there, "--variant", "mobilenet", "--keep", "stem", "-o", back).code == 0
    assert api.analyze(back).totals.macs == 568_740_352
    assert run("rewrite", there, "--variant", "mobilenet", "-o", stem).code == 0
    assert api.analyze(stem).totals.macs == 559_445_248
    again = run("rewrite", stem, "--variant", "mobilenet", "-o", tmp_path / "again.yaml")
    assert (again.code, again.out) == (2, "")
    assert "nothing to rewrite" in again.err


CONV = Conv2D(filters=3, kernel_size=1)


@pytest.mark.parametrize(
    ("nodes", "outputs", "said"),
    [
        ({"a": (CONV, [["input"]]), "b": (CONV, [["gone"]])}, ["b"], "'gone'"),
        (
            {
                "first": (CONV, [["twin:1"]]),
                "twin": (CONV, [["input"], ["input"]]),
                "sum": (Add(), [["first", "twin"]]),
            },
            ["sum"],
            "layer 'twin' has no words in a spec: its call 1 comes before the others",
        ),
        (
            {
                "a": (CONV, [["input"], ["c"]]),
                "b": (CONV, [["input"]]),
                "c": (CONV, [["a"], ["a:1"]]),
                "sum": (Add(), [["b", "c:1"]]),
            },
            ["sum"],
            "layer 'b' has no words in a spec: its calls lie too far apart",
        ),
        ({"a/b": (CONV, [["input"]])}, ["a/b"], "layer 'a/b' has no words in a spec: its name holds a slash"),
        ({"x": (CONV, [["input"]])}, ["x:3"], "'x'"),
    ],
)
def test_graphs_that_a_spec_cannot_tell(nodes: Any, outputs: list[str], said: str) -> None:
    why = refusal(lambda: api.export(graph(nodes, outputs)))
    assert said in why
