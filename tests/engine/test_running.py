"""`analyze --engine keras`: subclassed models, custom layers, factories, and networks that a file tells of as well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import keras
import pytest

import convcost
from convcost.errors import ConvcostError, MeasureError
from convcost.model import Unknown
from convcost.report import Report
from tests.conftest import Result

from .conftest import BLOCK_PARAMS, FIRST, HEAD, MIXER, SECOND, SPARE_PARAMS

Run = Callable[..., Result]
layers = keras.layers


def macs(report: Report) -> dict[str, int | None]:
    return {row.path: row.cost.macs if row.cost else None for row in report.rows}


def two_towers() -> keras.Model:
    """Nested, shared, several inputs and outputs, and operations on tensors."""
    left, right = keras.Input((9, 8, 3), name="left"), keras.Input((9, 8, 3), name="right")
    tower = keras.Sequential(
        [keras.Input((9, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm")], name="tower"
    )
    pool = layers.GlobalAveragePooling2D(name="pool")
    both = layers.Concatenate(name="both")([pool(tower(left)), pool(tower(right))])
    state = layers.LSTM(5, name="lstm")(layers.Reshape((2, 4), name="steps")(both))
    products = keras.ops.matmul(layers.Reshape((8, 1), name="column")(both), layers.Reshape((1, 5), name="row")(state))
    return keras.Model([left, right], {"state": state, "products": products}, name="towers")


def mixed() -> keras.Model:
    values = keras.Input((8, 8, 3))
    policy = "mixed_float16"
    hidden = layers.DepthwiseConv2D(3, dtype=policy, name="depthwise")(values)
    hidden = layers.ReLU(dtype=policy, name="relu")(layers.BatchNormalization(dtype=policy, name="norm")(hidden))
    hidden = layers.Dropout(0.5, dtype=policy, name="dropout")(hidden)
    return keras.Model(values, layers.Dense(4, dtype="float32", name="head")(layers.Flatten(name="flat")(hidden)))


@pytest.mark.parametrize("build", [two_towers, mixed, lambda: keras.applications.MobileNetV2(weights=None, alpha=0.35)])
def test_a_network_that_a_file_tells_costs_the_same(build: Callable[[], keras.Model]) -> None:
    """Rules and graph are two witnesses: rows, shapes, MACs, params, bytes and the peak of activations agree."""
    model = build()
    model.layers[1].trainable = False
    ours, traced = convcost.analyze(model, what_if=False), convcost.analyze(model, engine="keras", what_if=False)
    assert macs(traced) == macs(ours)
    assert traced.totals.macs > 0
    seen_at = {row.path: row for row in traced.rows}
    for told in ours.rows:
        seen = seen_at[told.path]
        assert (seen.path, seen.kind, seen.calls) == (told.path, told.kind, told.calls)
        assert (seen.params, seen.trainable_params, seen.weight_bytes) == (
            told.params,
            told.trainable_params,
            told.weight_bytes,
        )
        assert seen.activation_bytes == told.activation_bytes
    assert traced.totals.params == model.count_params()
    assert traced.totals.trainable_params == sum(prod(weight.shape) for weight in model.trainable_weights)


@pytest.mark.parametrize("name", ["MobileNet", "ResNet50", "DenseNet121"])
def test_the_peak_of_activations_is_that_of_the_file(name: str) -> None:
    with keras.StatelessScope(initialize_variables=False):
        model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), include_top=False)
    ours, traced = convcost.analyze(model, what_if=False), convcost.analyze(model, engine="keras")
    keras.utils.clear_session(free_memory=False)
    assert (traced.peak.bytes, traced.peak.layer) == (ours.peak.bytes, ours.peak.layer)
    assert set(traced.peak.live) == set(ours.peak.live)
    assert traced.totals == ours.totals
    twins = {row.path: row.separable for row in traced.rows}
    assert twins == {row.path: row.separable for row in convcost.analyze(model).rows}


def test_a_subclassed_model(saved: Path) -> None:
    report = convcost.analyze("net.keras", engine="keras", imports=["my_blocks"])
    assert macs(report) == {
        "block/(itself)": MIXER,
        "block/first": FIRST,
        "block/second": SECOND,
        "block/scale": 0,
        "head": HEAD,
        "spare": 0,
    }
    assert report.totals.complete
    assert report.totals.params == BLOCK_PARAMS + (4 * 3 + 3) + SPARE_PARAMS
    assert report.totals.params - report.totals.trainable_params == 4 * 4
    assert report.input_shapes == {"input": (8, 8, 3)}
    assert report.format.startswith(f"traced by Keras {keras.__version__} / TensorFlow ")
    first = next(row for row in report.rows if row.name == "first")
    assert first.calls[0].outputs == ((1, 8, 8, 4),)
    assert first.separable is not None
    assert first.separable.macs == 8 * 8 * (3 * 3 * 3 + 3 * 4)
    assert report.what_if is None
    (warning,) = report.warnings
    assert "in 2 of 6 rows they are those of the MACs alone" in warning


def test_custom_layers_in_a_graph(saved: Path) -> None:
    """Params agree with the weights file; what a plain read cannot know is counted, and the rest is the same."""
    plain = convcost.analyze("functional.keras", what_if=False)
    report = convcost.analyze("functional.keras", engine="keras", imports=["my_blocks"], batch=3)
    assert plain.totals.params == report.totals.params == BLOCK_PARAMS
    assert not plain.totals.complete
    assert report.totals.complete
    assert report.totals.macs == 3 * (FIRST + SECOND + MIXER)
    assert report.batch == 3
    assert report.rows[0].path == "image"
    # What `first` puts out and what `second` does; the input is freed by then.
    assert report.peak.bytes == 3 * 4 * (8 * 8 * 4 + 8 * 8 * 4)


def test_code_between_layers_holds_its_tensors() -> None:
    """A residual sum of a subclassed model is a step as a layer Add would be."""

    class Residual(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.convs = [layers.Conv2D(4, 3, padding="same") for _ in range(3)]

        def call(self, values: Any) -> Any:
            first, second, third = self.convs
            values = first(values)
            return third(values + second(values))

    report = convcost.analyze(Residual(), engine="keras", input_shape=(8, 8, 4))
    assert report.peak.bytes == 3 * 4 * 8 * 8 * 4  # both terms and the sum
    assert (report.peak.layer, len(report.peak.live)) == ("(itself)", 3)
    assert report.totals.macs == 3 * 3 * 3 * 4 * 4 * 8 * 8
    assert report.totals.params == 3 * (3 * 3 * 4 * 4 + 4)


def test_a_shared_layer_has_its_params_once() -> None:
    class Twice(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(5, name="dense")

        def call(self, values: Any) -> Any:
            return self.dense(self.dense(values))

    report = convcost.analyze(Twice(), engine="keras", input_shape=(5,))
    (row,) = report.rows
    assert (row.params, len(row.calls)) == (5 * 5 + 5, 2)
    assert report.totals.macs == 2 * 5 * 5


def test_a_model_that_is_traced_twice_counts_once() -> None:
    """The operation makes a generator of random numbers when it is first called: TensorFlow traces it again."""
    values = keras.Input((6, 7, 3))
    model = keras.Model(values, keras.ops.image.elastic_transform(values, sigma=1.0))
    report = convcost.analyze(model, engine="keras")
    assert [len(row.calls) for row in report.rows] == [1, 1]


class Hidden(layers.Layer):
    """Leaves TensorFlow for NumPy, where nothing can be seen."""

    def call(self, matrix: Any) -> Any:
        import tensorflow

        hidden = tensorflow.numpy_function(lambda values: values @ values, [matrix], "float32")
        return keras.ops.reshape(hidden, (1, 6, 6))


def test_what_the_graph_hides_stays_unknown() -> None:
    values = keras.Input((6, 6))
    report = convcost.analyze(keras.Model(values, layers.Dense(2)(Hidden(name="hidden")(values))), engine="keras")
    assert not report.totals.complete
    (row,) = report.uncounted
    assert (row.path, row.reason) == ("hidden", "the graph does not show what its operation PyFunc does")
    assert report.totals.macs == 6 * 6 * 2


def test_a_batch_that_the_model_fixes() -> None:
    values = keras.Input(batch_shape=(4, 6, 5))
    report = convcost.analyze(keras.Model(values, layers.Dense(7)(values)), engine="keras")
    assert report.batch == 4
    assert report.totals.macs == 4 * 6 * 5 * 7
    assert "fixes a batch of 4" in report.warnings[0]


def test_a_factory(run: Run, here: Path) -> None:
    result = run("analyze", "my_blocks:build_model", "--engine", "keras", "--input-shape", "16x16x3", "-f", "json")
    assert result.code == 0
    data = json.loads(result.out)
    assert data["totals"]["macs"] == 4 * (FIRST + SECOND + MIXER) + HEAD
    assert data["model"]["source"] == "my_blocks:build_model"
    assert data["what_if"] is None
    assert str(here) not in sys.path


def test_a_model_that_talks_is_not_heard(saved: Path) -> None:
    """Neither Python's prints nor the logs that TensorFlow writes below it."""
    command = [sys.executable, "-m", "convcost", "analyze", "net.keras", "--engine", "keras", "--import", "my_blocks"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["totals"]["complete"] is True
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["warning"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("net.keras", "--engine", "keras"), 3, "it does not know class 'Net': --import the module"),
        (("functional.keras", "--engine", "keras"), 3, "it does not know class 'Block': --import the module"),
        (("net.keras", "--import", "my_blocks"), 2, "--import goes with --engine keras"),
        (("net.keras", "--engine", "keras", "--import", "nowhere"), 2, "--import nowhere: ModuleNotFoundError"),
        (("net.keras", "--engine", "torch"), 2, "engine: got 'torch', allowed: file, keras"),
        (("net.keras", "--engine", "keras", "--keep", "x"), 2, "takes no keep"),
        (("net.keras", "--engine", "keras", "--variant", "ghost"), 2, "takes no variants"),
        (("net.keras", "--engine", "keras", "--convention", "thop"), 2, "takes no convention"),
        (("my_blocks:build_model", "--engine", "keras"), 2, "net: the model tells no input shape"),
        (("my_blocks:nothing", "--engine", "keras"), 2, "my_blocks:nothing: module 'my_blocks' has no 'nothing'"),
        (("my_blocks:broken", "--engine", "keras"), 3, "my_blocks:broken: RuntimeError: out of neurons"),
        (("my_blocks:not_a_model", "--engine", "keras"), 3, "cannot trace a dict, allowed: a Keras 3 model"),
        (("nowhere:build", "--engine", "keras"), 2, "nowhere: ModuleNotFoundError"),
        (("nothing.keras", "--engine", "keras"), 2, "nothing.keras: no such file"),
        ((".", "--engine", "keras"), 2, "no folder of a model"),
        (("net.yaml", "--engine", "keras"), 2, "a spec describes layers and has no code"),
    ],
)
def test_refusals(run: Run, saved: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    (saved / "net.yaml").write_text("convcost: 1\n")
    result = run("analyze", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_inputs_that_do_not_exist_or_fit() -> None:
    model = two_towers()
    for shapes, said in (
        ({"middle": (9, 8, 3)}, "no input is named 'middle'; the inputs are left, right"),
        ((9, 8, 3), "the model has 2 inputs, which have names; the inputs are left, right"),
        ({"left": (9, 8)}, "input 'left' has 3 dimensions"),
    ):
        with pytest.raises(ConvcostError, match=said):
            convcost.analyze(model, engine="keras", input_shape=shapes)


def test_a_plain_read_points_here(run: Run, saved: Path) -> None:
    for name in ("net.keras", "functional.keras"):
        result = run("analyze", name)
        assert result.code == 0
        assert "hint: --engine keras counts what no rule does, by running the model's code" in result.err
    values = keras.Input((3,))
    keras.Model(values, layers.Dense(2)(values)).save("plain.keras")
    assert run("analyze", "plain.keras").err == ""


def test_without_tensorflow(run: Run, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    for command in (("analyze", "plain.keras", "--engine", "keras"), ("verify", "functional.keras")):
        result = run(*command)
        assert (result.code, result.out) == (3, "")
        assert "pip install 'convcost[tensorflow]'" in result.err


def test_a_rule_that_multiplies_something_else_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    from convcost.layers.convolution import Conv2D

    values = keras.Input((8, 8, 3))
    model = keras.Model(values, layers.Conv2D(4, 3, name="conv")(values))
    right = Conv2D.cost
    monkeypatch.setattr(Conv2D, "cost", lambda self, *inputs: right(self, *inputs) * 2)
    row = convcost.analyze(model, engine="keras").rows[1]
    assert isinstance(row.layer.rule, Unknown)
    assert row.cost is not None
    assert row.cost.macs == 3 * 3 * 3 * 4 * 6 * 6


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "damaged.keras"
    path.write_text("no zip")
    with pytest.raises(MeasureError, match=r"damaged\.keras: Keras .* cannot load it: "):
        convcost.analyze(path, engine="keras")
