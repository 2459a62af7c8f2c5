"""Files of Keras 2: `tf_keras` loads and traces them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow
import tf_keras

import convcost
from convcost.errors import MeasureError
from tests.conftest import Result

layers = tf_keras.layers


def network() -> Any:
    """A convolution, functions of TensorFlow, a name with a slash, and a residual sum."""
    values = tf_keras.Input((8, 8, 3), name="image")
    hidden = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(values))
    hidden = tensorflow.nn.relu(hidden) + 1.0
    hidden = layers.Add(name="sum")([hidden, layers.Conv2D(4, 1, name="branch/conv")(hidden)])
    return tf_keras.Model(values, layers.Dense(3, name="head")(layers.Flatten()(hidden)), name="network")


MACS = {"conv": 6 * 6 * 3 * 3 * 3 * 4, "branch/conv": 6 * 6 * 4 * 4, "head": 6 * 6 * 4 * 3}
PARAMS = (3 * 3 * 3 * 4 + 4) + 4 * 4 + (4 * 4 + 4) + (6 * 6 * 4 * 3 + 3)


@pytest.mark.parametrize("name", ["network.keras", "network.h5", "network.json", "network"])
def test_every_format(run: Callable[..., Result], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    model = network()
    if path.suffix == ".json":
        path.write_text(model.to_json())
    else:
        model.save(path, save_format=None if path.suffix else "tf")
    report = convcost.analyze(path, engine="keras")
    assert {row.path: row.cost.macs for row in report.rows if row.cost and row.cost.macs} == MACS
    assert report.totals.complete
    assert report.totals.params == PARAMS
    assert report.totals.params - report.totals.trainable_params == 2 * 4
    assert report.format == f"traced by tf_keras {tf_keras.__version__} / TensorFlow {tensorflow.__version__}"
    verified = run("verify", path)
    assert (verified.code, verified.err) == (0, "")
    assert f"params {PARAMS}, MACs {sum(MACS.values()):,}: all equal to tf_keras" in verified.out


def test_a_live_model() -> None:
    found = convcost.verify(network())
    assert found.agrees
    assert found.complete


@pytest.mark.parametrize("recurrent", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_recurrent_layers(recurrent: Any) -> None:
    """Their loops run in functions of their own."""
    model = tf_keras.Sequential([tf_keras.Input((6, 5)), recurrent(7, name="steps"), layers.Dense(2)])
    gates = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[recurrent.__name__]
    report = convcost.analyze(model, engine="keras")
    assert report.totals.complete
    assert report.totals.macs == 6 * gates * (5 * 7 + 7 * 7) + 7 * 2
    assert report.totals.params == model.count_params()


class Product(layers.Layer):
    def build(self, shape: Any) -> None:
        self.matrix = self.add_weight("matrix", (shape[-1], 5))

    def call(self, values: Any) -> Any:
        return tensorflow.matmul(values, self.matrix)


class Subclassed(tf_keras.Model):
    """Its call does not take `training`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.conv = layers.Conv2D(4, 3, name="conv")
        self.product = Product(name="product")

    def call(self, values: Any) -> Any:
        return self.product(tensorflow.reduce_mean(self.conv(values), (1, 2)))


def test_a_subclassed_model(tmp_path: Path) -> None:
    model = Subclassed(name="subclassed")
    report = convcost.analyze(model, engine="keras", input_shape=(8, 8, 3))
    assert {row.path: row.cost.macs for row in report.rows if row.cost} == {
        "conv": 6 * 6 * 3 * 3 * 3 * 4,
        "product": 4 * 5,
    }
    assert report.totals.params == model.count_params() == (3 * 3 * 3 * 4 + 4) + 4 * 5


def test_classes_that_are_not_registered(tmp_path: Path) -> None:
    """Keras 2 revives them as functions without layers: the program tells what they multiply."""
    model = Subclassed(name="subclassed")
    model(tensorflow.ones((1, 8, 8, 3)))
    model.save(tmp_path / "saved", save_format="tf")
    report = convcost.analyze(tmp_path / "saved", engine="keras", input_shape=(8, 8, 3))
    assert report.totals.complete
    assert {row.path: row.cost.macs for row in report.rows if row.cost} == {
        "subclassed/conv": 6 * 6 * 3 * 3 * 3 * 4,
        "subclassed/product": 4 * 5,
    }
    assert report.totals.params == model.count_params()


def test_classes_in_an_imported_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They need no registration: what a module defines is told to Keras."""
    values = tf_keras.Input((4,))
    tf_keras.Model(values, Product(name="product")(values)).save(tmp_path / "custom.h5")
    (tmp_path / "my_products.py").write_text("from tests.engine.test_keras_2 import Product\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MeasureError, match="it does not know class 'Product': --import the module"):
        convcost.analyze("custom.h5", engine="keras")
    report = convcost.analyze("custom.h5", engine="keras", imports=["my_products"])
    assert (report.totals.macs, report.totals.params) == (4 * 5, 4 * 5)


def test_without_tf_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network().save(tmp_path / "network.keras")
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    with pytest.raises(MeasureError, match="Keras 2 wrote this file, which needs tf_keras: pip install tf_keras"):
        convcost.analyze(tmp_path / "network.keras", engine="keras")
