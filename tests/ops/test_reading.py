"""How operations are read from a graph: constants, literals that hold the batch size, and what has no record."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from keras.src.ops.numpy import Matmul

import convcost
from convcost import ConvcostError, Report, analyze
from convcost.report import Row
from tests.building import archive


def last(report: Report) -> Row:
    return report.rows[-1]


def test_an_operation_called_twice_with_other_constants() -> None:
    """MACs 4·3·5 and 4·3·7, in one row."""
    x = keras.Input((4, 3))
    product = Matmul()
    model = keras.Model(x, [product(x, np.ones((3, 5), "float32")), product(x, np.ones((3, 7), "float32"))])
    report = analyze(model)
    assert last(report).cost.macs == 4 * 3 * 5 + 4 * 3 * 7
    assert [call.outputs for call in last(report).calls] == [((1, 4, 5),), ((1, 4, 7),)]


def test_a_variable_of_a_layer_is_a_constant_and_no_param() -> None:
    x = keras.Input((4, 3))
    dense = keras.layers.Dense(5, use_bias=False)
    report = analyze(keras.Model(x, ops.matmul(dense(x), ops.transpose(dense.kernel))))
    assert report.totals.params == 3 * 5
    assert report.totals.macs == 4 * 3 * 5 + 4 * 5 * 3


def test_infinite_constants(tmp_path: Path) -> None:
    """Keras writes -Infinity, which JSON does not have."""
    x = keras.Input((4, 3))
    keras.Model(x, ops.where(x > 0, x, -np.inf)).save(tmp_path / "masked.keras")
    report = analyze(tmp_path / "masked.keras")
    assert last(report).calls[0].outputs == ((1, 4, 3),)
    assert report.totals.complete


def test_a_shape_that_older_versions_give_to_the_call(tmp_path: Path) -> None:
    x = keras.Input((4, 3))
    config = json.loads(keras.Model(x, ops.slice(x, (0, 1, 0), (1, 2, 3))).to_json())
    entry = config["config"]["layers"][-1]
    entry["inbound_nodes"][0]["args"].append(entry["config"].pop("shape"))
    report = analyze(archive(tmp_path / "older.keras", config))
    assert last(report).calls[0].outputs == ((1, 2, 3),)


def test_batch_multiplies() -> None:
    x = keras.Input((4, 4, 3))
    windows = ops.reshape(x, (-1, 2, 2, 3))
    model = keras.Model(x, ops.matmul(windows, ops.ones((3, 5))))
    report = analyze(model, batch=8)
    assert last(report).calls[0].outputs == ((8 * 4, 2, 2, 5),)
    assert report.totals.macs == 8 * analyze(model).totals.macs == 8 * 4 * 2 * 2 * 3 * 5


@pytest.mark.parametrize("batch", [1, 4, 6])
@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: ops.reshape(x, (4, 48)), (48,)),
        (lambda x: ops.reshape(x, (4, -1, 3)), (16, 3)),
        (lambda x: ops.broadcast_to(ops.mean(x, (1, 2, 3), keepdims=True), (4, 4, 4, 3)), (4, 4, 3)),
        (lambda x: ops.slice(x, (0, 1, 1, 0), (4, 2, 2, 3)), (2, 2, 3)),
    ],
)
def test_literals_that_hold_the_batch_size(call, shape, batch: int) -> None:
    x = keras.Input(batch_shape=(4, 4, 4, 3))
    report = analyze(keras.Model(x, call(x)), batch=batch)
    assert last(report).calls[0].outputs == ((batch, *shape),)
    assert report.warnings == ()


@pytest.mark.parametrize("batch", [1, 4])
def test_a_fixed_batch_that_moves_to_another_axis(batch: int) -> None:
    x = keras.Input(batch_shape=(4, 5, 3))
    report = analyze(keras.Model(x, ops.relu(ops.transpose(x, (1, 0, 2)))), batch=batch)
    assert last(report).calls[0].outputs == ((5, batch, 3),)
    assert report.warnings == ()


@pytest.mark.parametrize(("batch", "shape"), [(None, (1, 3)), (1, (3,))])
def test_squeeze_takes_the_batch_only_where_it_is_fixed(batch: int | None, shape: tuple[int, ...]) -> None:
    x = keras.Input(batch_shape=(batch, 1, 3))
    assert last(analyze(keras.Model(x, ops.squeeze(x)))).calls[0].outputs == (shape,)


def test_shapes_follow_another_resolution() -> None:
    """Patches of 2×2 as tokens: 8×8 gives 16 of them, 12×12 gives 36."""
    x = keras.Input((None, None, 3))
    tokens = ops.reshape(keras.layers.Conv2D(5, 2, strides=2)(x), (-1, 5))
    model = keras.Model(x, ops.matmul(tokens, ops.transpose(tokens)))
    assert last(analyze(model, input_shape=(8, 8, 3))).cost.macs == 16 * 5 * 16
    assert last(analyze(model, input_shape=(12, 12, 3))).cost.macs == 36 * 5 * 36


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda x: ops.nonzero(x)[0], "depends on the data"),
        (lambda x: ops.where(x > 0)[0], "as many indices"),
        (lambda x: x[1:, :], "takes nothing"),
        (lambda x: ops.svd(x)[1], "iterates"),
        (lambda x: ops.norm(x, ord="nuc", axis=(1, 2)), "singular values"),
        (lambda x: ops.segment_sum(x[0, 0], ops.cast(x[0, 0], "int32")), "num_segments"),
        (lambda x: ops.vectorized_map(ops.relu, x), "Python function"),
    ],
)
def test_what_has_no_record_is_loud(call, reason: str) -> None:
    x = keras.Input((4, 3))
    try:
        output = call(x)
    except TypeError:  # where(condition) puts out one tensor symbolically
        output = ops.where(x > 0)
    report = analyze(keras.Model(x, output))
    assert not report.totals.complete
    (row,) = report.uncounted[:1]
    assert reason in row.reason
    assert row.kind.startswith("ops.")


def test_what_follows_an_unknown_operation_is_still_counted() -> None:
    x = keras.Input((4, 4))
    report = analyze(keras.Model(x, keras.layers.Dense(5)(ops.svd(x)[0])))
    assert [row.kind for row in report.uncounted] == ["ops.SVD"]
    assert last(report).cost.macs == 4 * 4 * 5


def test_a_file_may_not_ask_for_a_billion_tensors(tmp_path: Path) -> None:
    x = keras.Input((4, 3))
    config = json.loads(keras.Model(x, ops.array_split(x, 2, axis=1)).to_json())
    config["config"]["layers"][-1]["config"]["indices_or_sections"] = 10**9
    with pytest.raises(ConvcostError, match="1,000,000,000 pieces, allowed: 1 to 10,000"):
        analyze(archive(tmp_path / "many.keras", config))


def test_an_einsum_of_too_many_operands_is_loud() -> None:
    x = keras.Input((3,))
    report = analyze(keras.Model(x, ops.einsum(",".join(["bi"] * 33) + "->b", *[x] * 33)))
    assert "33 operands" in report.uncounted[0].reason


def test_a_shape_that_does_not_fit() -> None:
    x = keras.Input((None, 3))
    model = keras.Model(x, ops.reshape(x, (-1, 8, 3)))
    with pytest.raises(ConvcostError, match=r"'reshape\w*' \(ops.Reshape\): .* not a multiple of 24"):
        analyze(model, input_shape=(7, 3))


def test_views_and_activations_hold_no_bytes_of_their_own() -> None:
    """The peak is that of the convolution alone: 8·8·3 in, 8·8·4 out, four bytes each."""
    x = keras.Input((8, 8, 3))
    y = ops.relu(keras.layers.Conv2D(4, 1)(x))
    for view in (lambda y: ops.reshape(y, (-1, 64, 4)), lambda y: ops.expand_dims(y, 1), ops.stop_gradient):
        y = view(y)
    report = analyze(keras.Model(x, y))
    assert report.totals.peak_activation_bytes == 4 * (8 * 8 * 3 + 8 * 8 * 4)


@pytest.mark.parametrize(("last_call", "size"), [(ops.relu, 2), (lambda x: ops.cast(x, "float64"), 8)])
def test_the_dtype_of_an_output_that_nothing_reads(last_call, size: int) -> None:
    x = keras.Input((4, 3), dtype="float16")
    assert last(analyze(keras.Model(x, last_call(x)))).activation_bytes == 4 * 3 * size


def test_operations_are_told_apart_from_layers() -> None:
    x = keras.Input((4, 3))
    model = keras.Model(x, keras.layers.Add()([x, ops.add(x, 1.0)]))
    assert [row.kind for row in convcost.analyze(model).rows] == ["InputLayer", "ops.Add", "Add"]
