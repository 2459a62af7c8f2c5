"""`convcost verify`: agreement, disagreement layer by layer, and what cannot be verified."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow

import convcost
from convcost.engine.differences import DIFFERENCES
from convcost.layers.convolution import Conv2D
from convcost.layers.normalization import BatchNormalization
from convcost.model import Weight
from tests.building import chain
from tests.conftest import Result

from .conftest import BLOCK_PARAMS

Run = Callable[..., Result]
layers = keras.layers
VERSIONS = f"Keras {keras.__version__} / TensorFlow {tensorflow.__version__}"


def nested_and_shared() -> keras.Model:
    left, right = keras.Input((9, 8, 3), name="left"), keras.Input((9, 8, 3), name="right")
    inner = keras.Sequential([keras.Input((9, 8, 3)), layers.Conv2D(4, 3, name="conv")], name="inner")
    tower = keras.Sequential([keras.Input((9, 8, 3)), inner, layers.BatchNormalization(name="norm")], name="tower")
    tower.layers[0].trainable = False
    merged = layers.Add(name="sum")([tower(left), tower(right)])
    merged = layers.TimeDistributed(layers.Conv1D(5, 3), name="rows")(merged)
    attended = layers.MultiHeadAttention(2, 3, name="attention")(*[layers.Reshape((-1, 5))(merged)] * 2)
    return keras.Model([left, right], [attended, layers.Flatten()(merged)], name="towers")


def mixed_precision() -> keras.Model:
    values = keras.Input((12, 12, 3))
    policy = "mixed_float16"
    hidden = layers.Conv2D(8, 3, strides=2, groups=1, dtype=policy)(values)
    hidden = layers.DepthwiseConv2D(3, strides=2, padding="same", dilation_rate=1, dtype=policy)(hidden)
    hidden = layers.SeparableConv2D(4, 3, dtype=policy)(hidden)
    return keras.Model(values, layers.Dense(4, dtype="float32")(layers.Flatten(dtype=policy)(hidden)))


def fixed_batch() -> keras.Model:
    values = keras.Input(batch_shape=(4, 6, 5))
    return keras.Model(values, layers.LSTM(7, stateful=True)(values))


@pytest.mark.parametrize(
    "build",
    [
        nested_and_shared,
        mixed_precision,
        fixed_batch,
        lambda: keras.applications.MobileNetV3Small(weights=None, input_shape=(64, 64, 3)),
        lambda: keras.applications.EfficientNetV2B0(weights=None, input_shape=(32, 32, 3), include_top=False),
        lambda: keras.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3), include_top=False),
    ],
    ids=["nested and shared", "mixed precision", "fixed batch", "MobileNetV3Small", "EfficientNetV2B0", "ConvNeXtTiny"],
)
def test_agreement(build: Callable[[], keras.Model]) -> None:
    model = build()
    found = convcost.verify(model)
    assert found.disagreements == ()
    assert found.complete
    assert found.explained == ()
    assert found.ours.totals.macs == found.theirs.totals.macs > 0
    assert found.ours.totals.params == model.count_params()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    values = keras.Input((8, 8, 3))
    hidden = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(values))
    keras.Model(values, layers.Conv2D(2, 3, name="last")(hidden), name="small").save(tmp_path / "small.keras")
    return tmp_path / "small.keras"


CONV, LAST = 3 * 3 * 3 * 4 * 6 * 6, 3 * 3 * 4 * 2 * 4 * 4
PARAMS = (3 * 3 * 3 * 4 + 4) + 4 * 4 + (3 * 3 * 4 * 2 + 2)


def test_it_says_that_all_is_equal(run: Run, small: Path) -> None:
    result = run("verify", small)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"verified: 4 layers, params {PARAMS:,}, MACs {CONV + LAST:,}: all equal to {VERSIONS}\n"


def test_a_wrong_count_is_named(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Conv2D.cost
    monkeypatch.setattr(Conv2D, "cost", lambda self, *inputs: right(self, *inputs) * (3 if self.filters == 2 else 1))
    result = run("verify", small)
    assert (result.code, result.err) == (1, "")
    verdict, _, titles, line = result.out.splitlines()
    assert verdict == f"not verified: 1 of 4 layers differ from {VERSIONS}"
    assert titles.split() == ["layer", "kind", "what", "ours", "Keras"]
    assert line.split() == ["last", "Conv2D", "MACs", f"{3 * LAST:,}", f"{LAST:,}"]


def test_wrong_weights_are_named(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchNormalization, "weights", lambda self, *inputs: (Weight("gamma", (4,)),))
    data = json.loads(run("verify", small, "--format", "json").out)["verification"]
    assert (data["agrees"], data["complete"], data["by"]) == (False, True, VERSIONS)
    assert data["disagreements"] == [
        {"path": "norm", "kind": "BatchNormalization", "what": "params", "ours": 4, "theirs": 4 * 4},
        {"path": "norm", "kind": "BatchNormalization", "what": "trainable params", "ours": 4, "theirs": 2 * 4},
    ]
    assert data["ours"]["params"] == PARAMS - 3 * 4
    assert data["theirs"] == {"macs": CONV + LAST, "params": PARAMS, "trainable_params": PARAMS - 2 * 4}


def test_wrong_shapes_are_named(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchNormalization, "output_shape", lambda self, *inputs: (*inputs[0][:-2], 7, inputs[0][-1]))
    result = run("verify", small)
    assert result.code == 1
    assert result.out.splitlines()[3].split() == ["norm", "BatchNormalization", "outputs", "6×7×4", "6×6×4"]
    data = json.loads(run("verify", small, "--format", "json").out)["verification"]
    assert data["disagreements"][0]["ours"] == [[6, 7, 4]]


def test_layers_that_only_one_side_has() -> None:
    """A file and a live model that are not the same."""
    from convcost.engine.counting import counted
    from convcost.profile import profile
    from convcost.verification import verified

    ours = profile(chain(Conv2D(filters=2, kernel_size=3)))
    values = keras.Input((8, 8, 3))
    theirs = counted(keras.Model(values, layers.Dense(2, name="dense")(values)))
    found = verified(ours, theirs, "Keras", {})
    assert [(one.path, one.ours, one.theirs) for one in found.disagreements] == [
        ("conv2d_1", "there", "not called"),
        ("dense", "not there", f"{3 * 2 + 2} params, {8 * 8 * 3 * 2} MACs"),
    ]


def test_a_known_difference_is_explained(run: Run, tmp_path: Path) -> None:
    """TensorFlow multiplies what cutting patches does not define: that is no disagreement."""
    values = keras.Input((6, 5, 3), name="image")
    keras.Model(values, keras.ops.image.extract_patches(values, 2)).save(tmp_path / "patches.keras")
    result = run("verify", tmp_path / "patches.keras")
    assert result.code == 0
    assert "Counted as these layers define it, which is not what the graph multiplies:" in result.out
    assert result.out.splitlines()[-1].split()[1:4] == ["ops.ExtractPatches", "0", str(12 * 12 * 3 * 2)]
    (one,) = json.loads(run("verify", tmp_path / "patches.keras", "-f", "json").out)["verification"]["explained"]
    assert one["reason"] == DIFFERENCES["ops.ExtractPatches"]


def test_operations_whose_names_a_file_does_not_keep(run: Run, tmp_path: Path) -> None:
    """Keras numbers them anew, so that `add_1` may be another one when the file is loaded."""
    values = keras.Input((6, 4), name="values")
    other = keras.ops.add(keras.ops.matmul(values, keras.ops.transpose(values, (0, 2, 1))), 1)
    model = keras.Model(values, keras.ops.matmul(keras.ops.add(other, 2), keras.ops.add(values, 3)))
    model.save(tmp_path / "operations.keras")
    result = run("verify", tmp_path / "operations.keras")
    assert result.out.startswith(f"verified: 7 layers, params 0, MACs {6 * 6 * 4 + 6 * 6 * 4}: all equal")


def test_the_known_differences_are_those_of_the_tables() -> None:
    """Each is seen in a case of an operation, and none is missing."""
    from tests.ops.cases import CASES

    assert {f"ops.{case.kind}" for case in CASES if case.trace != case.macs} == set(DIFFERENCES)


def test_what_is_not_counted_is_not_verified(run: Run, saved: Path) -> None:
    for name, layer in (("functional.keras", "block"), ("net.keras", "head")):
        result = run("verify", name, "--import", "my_blocks")
        assert result.code == 3
        assert "what is counted is equal to Keras" in result.out
        assert f"  {layer} " in result.out
    data = json.loads(run("verify", "functional.keras", "--import", "my_blocks", "-f", "json").out)["verification"]
    assert (data["agrees"], data["complete"], data["uncounted_layers"]) == (True, False, ["block"])
    assert data["ours"]["params"] == data["theirs"]["params"] == BLOCK_PARAMS


def test_open_shapes(run: Run, tmp_path: Path) -> None:
    values = keras.Input((None, None, 3), name="image")
    path = tmp_path / "open.keras"
    keras.Model(values, layers.Conv2D(2, 3)(values)).save(path)
    refused = run("verify", path)
    assert refused.code == 2
    assert f"{path}: input 'image' has the open shape" in refused.err
    assert f"MACs {3 * 3 * 3 * 2 * 8 * 5:,}: all equal" in run("verify", path, "--input-shape", "10x7x3").out
    assert run("verify", path, "--input-shape", "image=10x7x3").code == 0


def test_code_in_a_file_does_not_run(run: Run, tmp_path: Path) -> None:
    """Keras refuses a Lambda layer's function where it is not told that the file is trusted; analyze is told."""
    values = keras.Input((4,))
    keras.Model(values, layers.Lambda(lambda x: x * 2)(values)).save(tmp_path / "lambda.keras")
    refused = run("verify", tmp_path / "lambda.keras")
    assert refused.code == 3
    assert "Lambda" in refused.err
    assert refused.err.count("\n") == 1
    assert run("analyze", tmp_path / "lambda.keras", "--engine", "keras").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("configs/vgg16.yaml",), "a spec is no model that Keras can load"),
        (("nothing.keras",), "nothing.keras: no such file"),
        (("configs/vgg16.yaml", "--format", "csv"), "format 'csv' cannot show a verification, allowed: json, table"),
    ],
)
def test_refusals(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run("verify", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_model_of_ours_cannot_be_loaded() -> None:
    model: Any = chain(Conv2D(filters=2, kernel_size=3))
    with pytest.raises(convcost.ConvcostError, match="verify takes a Keras model"):
        convcost.verify(model)
