"""SavedModels without Keras's metadata: `model.export`, and plain TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow

import convcost
from convcost.errors import ConvcostError, MeasureError
from convcost.report import Report
from tests.conftest import Result

layers = keras.layers


def macs(report: Report) -> dict[str, int]:
    return {row.path: row.cost.macs for row in report.rows if row.cost and row.cost.macs}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of convolution, with open sizes; a grouped one runs in a function, a dilated one on blocks."""
    values = keras.Input((None, None, 3), name="image")
    hidden = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(values)
    hidden = layers.BatchNormalization(name="norm")(hidden)
    hidden = layers.Conv2D(8, 3, padding="same", groups=2, name="grouped")(hidden)
    hidden = layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="dilated")(hidden)
    hidden = layers.DepthwiseConv2D(3, name="depthwise")(hidden)
    head = layers.Dense(5, name="head")(layers.GlobalAveragePooling2D()(hidden))
    path = tmp_path_factory.mktemp("exported") / "net"
    keras.Model(values, head, name="net").export(path, verbose=False)
    return path


def at(height: int, width: int) -> dict[str, int]:
    positions = height * width
    return {
        "net_1/conv_1": 3 * 3 * 3 * 8 * positions,
        "net_1/grouped_1": 3 * 3 * 4 * 8 * positions,
        "net_1/dilated_1": 3 * 3 * 8 * 8 * positions,
        "net_1/depthwise_1": 3 * 3 * 8 * (height - 2) * (width - 2),
        "net_1/head_1": 8 * 5,
    }


@pytest.mark.parametrize("size", [(12, 10), (31, 17)])
def test_convolutions_at_any_size(exported: Path, size: tuple[int, int]) -> None:
    report = convcost.analyze(exported, engine="keras", input_shape=(*size, 3))
    assert macs(report) == at(*size)
    assert report.totals.complete
    assert report.totals.params == 216 + 4 * 8 + (288 + 8) + (576 + 8) + (72 + 8) + (8 * 5 + 5)
    assert report.totals.params - report.totals.trainable_params == 2 * 8
    assert report.input_shapes == {"image": (*size, 3)}
    dilated = next(row for row in report.rows if row.name == "dilated_1")
    assert (dilated.kind, dilated.calls[0].outputs) == ("Conv2D", ((1, *size, 8),))
    norm = next(row for row in report.rows if "norm" in row.path)
    assert (norm.params, norm.trainable_params) == (4 * 8, 2 * 8)


def test_a_batch(exported: Path) -> None:
    shapes = {"image": (12, 10, 3)}
    one, four = (convcost.analyze(exported, engine="keras", input_shape=shapes, batch=batch) for batch in (1, 4))
    assert four.totals.macs == 4 * one.totals.macs
    assert four.totals.params == one.totals.params


def test_what_is_not_known_is_not_zero(run: Callable[..., Result], exported: Path) -> None:
    plain = run("analyze", exported)
    assert plain.code == 3
    assert "--engine keras" in plain.err
    arguments = ("analyze", exported, "--engine", "keras", "--input-shape", "12x10x3")
    result = run(*arguments)
    assert result.code == 0
    assert "peak activations         ?" in result.out
    assert "a program without layers" in result.err
    data = json.loads(run(*arguments, "--format", "json").out)
    assert data["totals"]["peak_activation_bytes"] is None
    assert data["model"]["format"].startswith("program, traced by TensorFlow")
    assert {row["separable"] for row in data["layers"]} == {None}


@pytest.mark.parametrize(("recurrent", "gates"), [(layers.LSTM, 4), (layers.GRU, 3), (layers.SimpleRNN, 1)])
def test_loops(tmp_path: Path, recurrent: Any, gates: int) -> None:
    """Saved with an open batch, which hides in the lists that a loop fills."""
    model = keras.Sequential([keras.Input((6, 5)), recurrent(7, name="steps"), layers.Dense(2, name="head")], name="r")
    model.export(tmp_path / "r", verbose=False)
    report = convcost.analyze(tmp_path / "r", engine="keras")
    assert macs(report) == {"r_1/steps_1": 6 * gates * (5 * 7 + 7 * 7), "r_1/head_1": 7 * 2}
    assert report.totals.complete
    assert report.totals.params == model.count_params()


class Module(tensorflow.Module):
    """Plain TensorFlow: a product without any scope, a branch that data choose, and a table."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tensorflow.Variable(tensorflow.ones((3, 3, 3, 4)), name="kernel")
        self.matrix = tensorflow.Variable(tensorflow.ones((4, 2)), name="matrix", trainable=False)

    @tensorflow.function(
        input_signature=[
            tensorflow.TensorSpec((None, None, None, 3), name="image"),
            tensorflow.TensorSpec((None, 2), name="offset"),
        ]
    )
    def serve(self, image: Any, offset: Any) -> Any:
        with tensorflow.name_scope("stem"):
            hidden = tensorflow.nn.relu(tensorflow.nn.conv2d(image, self.kernel, 1, "SAME"))
        result = tensorflow.matmul(tensorflow.reduce_mean(hidden, (1, 2)), self.matrix) + offset
        chosen = tensorflow.cond(
            tensorflow.reduce_sum(result) > 0,
            lambda: tensorflow.matmul(result, tensorflow.ones((2, 7))),
            lambda: tensorflow.zeros((tensorflow.shape(result)[0], 7)),
        )
        return {"result": chosen}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "module"
    module = Module()
    tensorflow.saved_model.save(module, path, signatures={"serving_default": module.serve})
    return path


def test_plain_tensorflow(plain: Path) -> None:
    report = convcost.analyze(plain, engine="keras", input_shape={"image": (8, 9, 3)})
    assert macs(report) == {"stem": 3 * 3 * 3 * 4 * 8 * 9, "MatMul": 4 * 2, "cond": 2 * 7}
    assert (report.totals.params, report.totals.trainable_params) == (3 * 3 * 3 * 4 + 4 * 2, 3 * 3 * 3 * 4)
    assert report.input_shapes == {"image": (8, 9, 3), "offset": (2,)}


def test_a_program_that_hides_what_it_does(tmp_path: Path) -> None:
    class Hiding(tensorflow.Module):
        @tensorflow.function(input_signature=[tensorflow.TensorSpec((None, 3))])
        def serve(self, values: Any) -> Any:
            return tensorflow.map_fn(lambda row: tensorflow.tensordot(row, row, 1), values)

    module = Hiding()
    tensorflow.saved_model.save(module, tmp_path / "hiding", signatures=module.serve)
    report = convcost.analyze(tmp_path / "hiding", engine="keras", batch=5)
    assert report.totals.macs == 5 * 3


def test_refusals(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(ConvcostError, match="input 'image' has the open shape"):
        convcost.analyze(plain, engine="keras")
    with pytest.raises(ConvcostError, match="no input is named 'x'; the inputs are image, offset"):
        convcost.analyze(plain, engine="keras", input_shape={"x": (8, 9, 3)})
    with pytest.raises(MeasureError, match="its program cannot take inputs of"):
        convcost.analyze(plain, engine="keras", input_shape={"image": (8, 9, 4)})
    module = tensorflow.Module()
    module.matrix = tensorflow.Variable(1.0)
    tensorflow.saved_model.save(module, tmp_path / "bare")
    with pytest.raises(MeasureError, match="no signature 'serving_default'; it has none"):
        convcost.analyze(tmp_path / "bare", engine="keras")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "saved_model.pb").write_bytes(b"no program")
    with pytest.raises(MeasureError, match=r"damaged: TensorFlow .* cannot load it"):
        convcost.analyze(tmp_path / "damaged", engine="keras")
