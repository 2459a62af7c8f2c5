"""`.tflite` files: converted from Keras models that are the oracle, and damaged in every way."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcost.api import analyze, load
from convcost.errors import ConvcostError
from convcost.memory.footprint import footprint
from convcost.readers.tflite.graph import read_graph
from convcost.readers.tflite.names import OPERATORS, TYPES
from tests.conftest import Result
from tests.converting import block, converted


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def twins(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The block as a `.keras` archive and as a `.tflite` file."""
    folder = tmp_path_factory.mktemp("tflite")
    model = block(keras)
    model.save(folder / "net.keras")
    return folder / "net.keras", converted(model, folder / "net.tflite")


def test_names_are_those_of_the_schema(keras: Any) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    for enum, names in ((schema.BuiltinOperator, OPERATORS), (schema.TensorType, TYPES)):
        told = {value: name for name, value in vars(enum).items() if isinstance(value, int)}
        assert [told[number].lower() for number in range(len(told))] == [name.lower() for name in names]


def test_macs_are_those_of_the_keras_twin(twins: tuple[Path, Path]) -> None:
    archive, tflite = map(analyze, twins)
    assert tflite.totals.complete
    assert tflite.totals.macs == archive.totals.macs
    assert tflite.warnings == ()
    kinds = {row.kind for row in tflite.rows}
    assert {"Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Dense", "MaxPooling2D", "AveragePooling2D"} <= kinds
    assert sum(row.kind == "DepthwiseConv2D" for row in tflite.rows) == 1


def test_what_if_is_that_of_the_keras_twin(twins: tuple[Path, Path]) -> None:
    archive, tflite = map(analyze, twins)
    assert archive.what_if is not None and tflite.what_if is not None
    assert len(tflite.what_if.converted) == len(archive.what_if.converted) > 0
    assert tflite.what_if.report.totals.macs == archive.what_if.report.totals.macs


def test_a_normalization_is_in_the_kernel(twins: tuple[Path, Path]) -> None:
    """The converter folds four params a channel into kernel and bias, and drops a bias of zeros here and there."""
    archive, tflite = map(analyze, twins)
    folded, zeros = 8 * 4 - 8, 4 + 10
    assert tflite.totals.params == archive.totals.params - folded - zeros
    assert tflite.totals.weight_bytes == 4 * tflite.totals.params


def test_float16_weights_hide_behind_dequantize(twins: tuple[Path, Path], keras: Any, tmp_path: Path) -> None:
    whole, half = analyze(twins[1]), analyze(converted(block(keras), tmp_path / "half.tflite", float16=True))
    assert half.totals.macs == whole.totals.macs
    assert half.totals.params == whole.totals.params
    assert half.totals.weight_bytes == 2 * half.totals.params
    assert half.totals.peak_activation_bytes == whole.totals.peak_activation_bytes
    assert "DEQUANTIZE" not in {row.kind for row in half.rows}


def test_int8_counts_bytes_of_kernels_and_of_wider_biases(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential([keras.Input((16, 16, 4)), layers.Conv2D(8, 3), layers.Conv2D(4, 1)])
    report = analyze(converted(model, tmp_path / "int8.tflite", int8=True))
    assert report.totals.macs == 14 * 14 * (3 * 3 * 4 * 8 + 8 * 4)
    assert report.totals.weight_bytes == (3 * 3 * 4 * 8 + 8 * 4) + 4 * (8 + 4)
    assert report.totals.peak_activation_bytes == max(16 * 16 * 4 + 14 * 14 * 8, 14 * 14 * (8 + 4))


def test_sparse_weights_hide_behind_densify_and_count_as_dense(keras: Any, tmp_path: Path) -> None:
    import numpy as np

    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 16)), layers.Conv2D(32, 1), layers.Flatten(), layers.Dense(4)])
    for variable in model.weights:
        ones = np.zeros(int(np.prod(variable.shape)), "float32")
        ones[::16] = 1  # one in 16 stays
        variable.assign(ones.reshape(variable.shape))
    path = converted(model, tmp_path / "sparse.tflite", sparse=True)
    report = analyze(path)
    assert "DENSIFY" in {operator.code for operator in read_graph(path).operators}
    assert "DENSIFY" not in {row.kind for row in report.rows}
    assert report.totals.macs == 8 * 8 * 16 * 32 + 8 * 8 * 32 * 4
    kernels = 16 * 32 + 8 * 8 * 32 * 4
    assert report.totals.weight_bytes >= 4 * kernels
    (note,) = report.warnings
    assert (
        f"2 weights are sparse and count as dense, {4 * kernels:,} bytes; the file holds {4 * kernels // 16:,}" in note
    )


def test_dtype_leaves_integers(keras: Any, twins: tuple[Path, Path]) -> None:
    report = analyze(twins[1])
    found = footprint(load(twins[1]), dtype="int8")
    assert found.weight_bytes == report.totals.params
    assert found.peak_bytes == report.totals.peak_activation_bytes // 4


def test_a_batch_multiplies(twins: tuple[Path, Path]) -> None:
    one, three = analyze(twins[1]), analyze(twins[1], batch=3)
    assert three.totals.macs == 3 * one.totals.macs
    assert three.totals.peak_activation_bytes == 3 * one.totals.peak_activation_bytes


def test_another_resolution_is_no_longer_what_the_file_tells(twins: tuple[Path, Path]) -> None:
    report = analyze(twins[1], input_shape=(64, 64, 3))
    assert not report.totals.complete
    assert any("for its own input alone" in row.reason for row in report.uncounted)


def test_what_no_rule_knows_is_loud(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 4)), keras.layers.LSTM(3)])
    report = analyze(converted(model, tmp_path / "lstm.tflite"))
    assert not report.totals.complete
    assert all(
        row.reason.startswith(("no rule for the operator", "the shape of its input")) for row in report.uncounted
    )


def test_a_layer_that_is_called_twice_has_its_params_once(keras: Any, tmp_path: Path) -> None:
    shared = keras.layers.Conv2D(5, 3, padding="same")
    image = keras.Input((8, 8, 5))
    report = analyze(converted(keras.Model(image, shared(shared(image))), tmp_path / "twice.tflite"))
    assert report.totals.params == 3 * 3 * 5 * 5 + 5
    assert report.totals.macs == 2 * 8 * 8 * 3 * 3 * 5 * 5


def test_every_cut_and_many_changed_bytes_are_one_message_or_a_model(twins: tuple[Path, Path], tmp_path: Path) -> None:
    whole = twins[1].read_bytes()
    path = tmp_path / "damaged.tflite"
    draw = random.Random(5)
    damaged = [whole[:size] for size in (*range(0, 64, 5), *(draw.randrange(64, len(whole)) for _ in range(40)))]
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
        damaged.append(bytes(data))
    messages = []
    for data in damaged:
        path.write_bytes(data)
        try:
            analyze(path)
        except ConvcostError as error:
            messages.append(str(error))
    assert len(messages) > len(damaged) // 10
    assert all(message.startswith(str(path)) and "\n" not in message for message in messages)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"TFL3", "no .tflite file: it has 4 bytes"),
        (b"\x00" * 64, "no .tflite file: it lacks the mark TFL3"),
        (b"\xff\xff\xff\xffTFL3" + b"\x00" * 64, "a damaged .tflite file: an offset leads out of the file"),
        (b"\x08\x00\x00\x00TFL3" + b"\x00" * 64, "a damaged .tflite file: it has no subgraph"),
    ],
)
def test_what_is_no_model_is_refused(run: Callable[..., Result], tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "no.tflite"
    path.write_bytes(data)
    shown = run("analyze", path)
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err and shown.err.count("\n") == 1
