"""Functions of TensorFlow in Keras 2 graphs: shapes are Keras's, MACs those of the operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from keras import ops

from convcost.layers import find
from convcost.model import Shape
from convcost.profile import profile
from convcost.readers.keras_functions import ON_ONE_TENSOR, ON_TWO_TENSORS, OTHERS, REDUCTIONS
from convcost.readers.keras_text import model_in
from convcost.report import Report

KERNEL = np.ones((3, 3, 3, 2), "float32")


def report_of(function: Callable[..., Any], inputs: int = 1, library: Any = tf_keras) -> tuple[Report, list[Shape]]:
    """What we say of a graph that calls a function, and the shapes that Keras says come out."""
    tensors = [library.Input((4, 6, 3), name=f"input{number}") for number in range(inputs)]
    outputs = function(*tensors)
    model = library.Model(tensors, outputs)
    shapes = [tuple(one.shape) for one in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
    return profile(model_in(model.to_json(), "graph", "json")), shapes


def outputs_of(report: Report) -> list[Shape | None]:
    return list(report.rows[-1].calls[-1].outputs)


def agree(ours: Sequence[Shape | None], keras: Sequence[tuple[int | None, ...]]) -> bool:
    return len(ours) == len(keras) and all(
        shape is not None
        and len(shape) == len(told)
        and all(size in (ours_, None) for ours_, size in zip(shape, told, strict=True))
        for shape, told in zip(ours, keras, strict=True)
    )


def kinds(report: Report) -> list[str]:
    return [row.kind for row in report.rows if row.kind != "InputLayer"]


ONE_TENSOR: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "constant first": (lambda x: 1.0 - x, ["ops.Subtract"]),
    "array first": (lambda x: np.ones((5, 4, 6, 3), "float32")[:1] * x, ["ops.Multiply"]),
    "negative": (lambda x: -x, ["ops.Negative"]),
    "power": (lambda x: x**2, ["ops.Power"]),
    "remainder": (lambda x: x % 2, ["ops.Mod"]),
    "relu": (tf.nn.relu, ["ops.Relu"]),
    "softmax": (lambda x: tf.nn.softmax(x, axis=-1), ["ops.Softmax"]),
    "clip": (lambda x: tf.clip_by_value(x, 0, 6), ["ops.Clip"]),
    "slices": (lambda x: x[:, 1:-1, ::2], ["ops.GetItem"]),
    "ellipsis": (lambda x: x[..., 0], ["ops.GetItem"]),
    "new axis": (lambda x: x[:, tf.newaxis], ["ops.GetItem"]),
    "slice": (lambda x: tf.slice(x, [0, 1, 0, 0], [-1, 2, -1, 3]), ["ops.Slice"]),
    "split": (lambda x: tf.split(x, 3, axis=-1), ["ops.Split"]),
    "split by sizes": (lambda x: tf.split(x, [1, 3, 2], axis=2), ["ops.Split"]),
    "unstack": (lambda x: tf.unstack(x, axis=1), ["ops.Unstack"]),
    "gather": (lambda x: tf.gather(x, [0, 2, 0, 1], axis=-1), ["ops.Take"]),
    "pad": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]), ["ops.Pad"]),
    "resize": (lambda x: tf.image.resize(x, (8, 9)), ["ops.Resize"]),
    "tile": (lambda x: tf.tile(x, [1, 2, 1, 3]), ["ops.Tile"]),
    "repeat": (lambda x: tf.repeat(x, 2, axis=1), ["ops.Repeat"]),
    "transpose": (lambda x: tf.transpose(x, [0, 3, 1, 2]), ["ops.Transpose"]),
    "reduce": (lambda x: tf.reduce_mean(x, axis=[1, 2]), ["ops.Mean"]),
    "reduce and keep": (lambda x: tf.reduce_max(x, axis=-1, keepdims=True), ["ops.Max"]),
    "argmax": (lambda x: tf.argmax(x, axis=-1), ["ops.Argmax"]),
    "top k": (lambda x: tf.math.top_k(x, 2), ["ops.TopK"]),
    "normalize": (lambda x: tf.math.l2_normalize(x, axis=-1), ["ops.Normalize"]),
    "expand and squeeze": (lambda x: tf.squeeze(tf.expand_dims(x, 1), [1]), ["ops.ExpandDims", "ops.Squeeze"]),
    "cast and one-hot": (lambda x: tf.one_hot(tf.cast(x, tf.int32), 5), ["ops.Cast", "ops.OneHot"]),
    "space to depth": (lambda x: tf.nn.space_to_depth(x, 2), ["ops.SpaceToDepth"]),
    "average pooling": (lambda x: tf.nn.avg_pool2d(x, 2, [1, 2, 2, 1], "SAME"), ["ops.AveragePool"]),
    "maximum pooling": (lambda x: tf.nn.max_pool2d(x, (3, 2), 1, "VALID"), ["ops.MaxPool"]),
    "bias": (lambda x: tf.nn.bias_add(x, np.ones(3, "float32")), ["ops.Add"]),
    "stop": (lambda x: tf.stop_gradient(tf.identity(x)), ["ops.StopGradient", "ops.StopGradient"]),
    "convolution": (lambda x: tf.nn.conv2d(x, KERNEL, [1, 2, 2, 1], "SAME"), ["ops.Conv"]),
    "dilated convolution": (lambda x: tf.nn.conv2d(x, KERNEL, 1, "SAME", dilations=2), ["ops.Conv"]),
    "reshape": (lambda x: tf.reshape(x, (-1, 12, 6)), ["ops.Reshape"]),
    "reshape behind the batch": (
        lambda x: tf.reshape(x, (tf.shape(x)[0], 24, 3)),
        ["ops.Shape", "ops.GetItem", "Reshape"],
    ),
    "reshape to a stack": (
        lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], -1])),
        ["ops.Shape", "ops.GetItem", "ops.Stack", "Reshape"],
    ),
}


@pytest.mark.parametrize("name", ONE_TENSOR)
def test_a_function_becomes_an_operation_with_keras_s_shape(name: str) -> None:
    function, expected = ONE_TENSOR[name]
    report, shapes = report_of(function)
    assert kinds(report) == expected
    assert report.totals.complete
    assert agree(outputs_of(report), shapes), (outputs_of(report), shapes)


TWO_TENSORS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "sum": (lambda x, y: x + y, lambda x, y: x + y),
    "quotient": (lambda x, y: x / y, lambda x, y: x / y),
    "maximum": (tf.maximum, ops.maximum),
    "concatenation": (lambda x, y: tf.concat([x, y, x], -1), lambda x, y: ops.concatenate([x, y, x], -1)),
    "stack": (lambda x, y: tf.stack([x, y], 1), lambda x, y: ops.stack([x, y], 1)),
    "selection": (lambda x, y: tf.where(x > y, x, y), lambda x, y: ops.where(x > y, x, y)),
    "sum of a list": (lambda x, y: tf.add_n([x, y]), lambda x, y: keras.layers.Add()([x, y])),
    "product with a matrix": (
        lambda x, y: tf.matmul(x, np.ones((3, 8), "float32")),
        lambda x, y: ops.matmul(x, np.ones((3, 8), "float32")),
    ),
    "convolution": (
        lambda x, y: tf.nn.conv2d(x, KERNEL, 2, "VALID"),
        lambda x, y: ops.conv(x, KERNEL, 2, "valid"),
    ),
}


@pytest.mark.parametrize("name", TWO_TENSORS)
def test_a_function_costs_what_the_operation_of_keras_3_costs(name: str) -> None:
    ours, shapes = report_of(TWO_TENSORS[name][0], inputs=2)
    twin, _ = report_of(TWO_TENSORS[name][1], inputs=2, library=keras)
    assert kinds(ours) == kinds(twin)
    assert ours.totals.cost == twin.totals.cost
    assert agree(outputs_of(ours), shapes)


def test_a_product_with_a_transposed_matrix() -> None:
    report, shapes = report_of(lambda x, y: tf.matmul(x, y, transpose_b=True), inputs=2)
    assert agree(outputs_of(report), shapes)
    assert report.totals.macs == 4 * (6 * 3 * 6)  # four times rows · contracted · columns
    report, shapes = report_of(lambda x, y: tf.matmul(x, y, transpose_a=True), inputs=2)
    assert agree(outputs_of(report), shapes)
    assert report.totals.macs == 4 * (3 * 6 * 3)


UNKNOWN: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a function without a rule": (lambda x: tf.nn.dropout(x, 0.1), "tf.nn.dropout"),
    "what the operation lacks": (lambda x: tf.gather(x, [[0, 1]], axis=1, batch_dims=1), "tf.gather"),
    "a shape that is known at run time": (lambda x: tf.reshape(x, (-1, tf.shape(x)[1], 18)), "tf.reshape"),
    "a slice that is known at run time": (lambda x: x[:, : tf.shape(x)[1] - 1], "tf.__operators__.getitem"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_a_row_of_its_own(name: str) -> None:
    function, called = UNKNOWN[name]
    report, _ = report_of(function)
    (row,) = report.uncounted
    assert row.reason == f"no rule for {row.kind} of {called}"
    assert not report.totals.complete
    assert report.totals.params_complete


def test_every_function_of_the_tables_has_a_record() -> None:
    named = {**ON_ONE_TENSOR, **ON_TWO_TENSORS, **REDUCTIONS, **{name: kind for name, (kind, _) in OTHERS.items()}}
    modules = {"": "keras.ops", "tf": "tf", "layers": "keras.layers"}
    lost = []
    for function, full in named.items():
        module, _, kind = full.rpartition(".")
        if find(kind, modules[module]) is None:
            lost.append((function, full))
    assert lost == []
