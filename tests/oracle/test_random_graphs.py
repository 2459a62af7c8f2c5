"""Random Functional graphs: params, shapes and MACs equal Keras's and those of the traced graph, at any resolution."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import prod
from pathlib import Path

import keras
import pytest

from convcost import ConvcostError, Report, analyze
from convcost.engine.trace import trace
from convcost.errors import MeasureError
from tests.random_graphs import random_graph, resized

SEEDS = range(300)
SAVED = range(1000, 1012)
"""These graphs are saved as archives, which takes variables with values."""

Sizes = list[tuple[int, int]]


@pytest.fixture
def shapes_only() -> Iterator[None]:
    """Variables get a shape and never a value."""
    with keras.StatelessScope(initialize_variables=False):
        yield


def sizes_of(model: keras.Model) -> Sizes:
    return [tuple(tensor.shape[1:3]) for tensor in model.inputs]


def shapes(model: keras.Model, sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Input shapes by name."""
    named = zip(model.inputs, sizes, strict=True)
    return {tensor._keras_history.operation.name: (*size, tensor.shape[-1]) for tensor, size in named}


def check(report: Report, model: keras.Model, sizes: Sizes) -> None:
    """Whether `report` says what Keras does with `model` on images of these sizes."""
    assert not [one for one in report.warnings if "have other weights than those in the file" not in one]
    assert report.totals.complete
    assert report.totals.params == model.count_params()
    assert report.totals.trainable_params == sum(prod(weight.shape) for weight in model.trainable_weights)
    traced = trace(model, shapes(model, sizes))
    assert {row.path: row.cost.macs for row in report.rows if row.cost} == {
        row.path: traced.under(row.path) for row in report.rows
    }
    assert report.totals.macs == traced.macs


def outputs_of(report: Report, model: keras.Model) -> list[tuple[int, ...]]:
    """What the rows of the layers put out that the model's outputs come from, per sample."""
    rows = {row.path: row for row in report.rows}
    history = [tensor._keras_history for tensor in model.outputs]
    return [rows[one.operation.name].calls[one.node_index].outputs[one.tensor_index][1:] for one in history]


@pytest.mark.usefixtures("shapes_only")
@pytest.mark.parametrize("seed", SEEDS)
def test_graph(seed: int) -> None:
    model = random_graph(seed)
    report = analyze(model)
    check(report, model, sizes_of(model))
    assert outputs_of(report, model) == [tensor.shape[1:] for tensor in model.outputs]
    if seed % 2:
        check_other_resolution(model, seed)
    elif seed % 4:
        check_open_sizes(model)


def check_other_resolution(model: keras.Model, seed: int) -> None:
    """The same file at other sizes, where the graph takes them; where it does not, the refusal names a layer."""
    more = random.Random(seed)
    sizes = [(height + 2 * more.randint(0, 2), width + 2 * more.randint(0, 2)) for height, width in sizes_of(model)]
    other = resized(model, *sizes)
    takes = other is not None
    try:
        takes = takes and bool(trace(other, shapes(other, sizes)))
    except MeasureError:
        takes = False
    if takes:
        report = analyze(model, input_shape=shapes(model, sizes))
        check(report, other, sizes)
        assert outputs_of(report, model) == [tensor.shape[1:] for tensor in other.outputs]
    elif other is not None:
        with pytest.raises(ConvcostError, match="layer '"):
            analyze(model, input_shape=shapes(model, sizes))


def check_open_sizes(model: keras.Model) -> None:
    """A file that leaves height and width open says so, and counts the same once they are given."""
    opened = resized(model, *[(None, None)] * len(model.inputs))
    if opened is None:
        return
    with pytest.raises(ConvcostError, match="--input-shape"):
        analyze(opened)
    report = analyze(opened, input_shape=shapes(opened, sizes_of(model)))
    check(report, opened, sizes_of(model))
    assert outputs_of(report, opened) == [tensor.shape[1:] for tensor in model.outputs]


@pytest.mark.parametrize("seed", SAVED)
def test_archive(seed: int, tmp_path: Path) -> None:
    model = random_graph(seed)
    model.save(tmp_path / "graph.keras")
    report = analyze(tmp_path / "graph.keras")
    check(report, model, sizes_of(model))
    live = analyze(model)
    assert [(row.path, row.cost, row.weights) for row in report.rows] == [
        (row.path, row.cost, row.weights) for row in live.rows
    ]
    assert report.totals == live.totals


def test_the_graphs_are_worth_it() -> None:
    """The generator does not run dry: a hundred graphs hold all kinds of things that can go wrong."""
    with keras.StatelessScope(initialize_variables=False):
        models = [random_graph(seed) for seed in range(100)]
    reports = [analyze(model, what_if=False) for model in models]
    kinds = {row.kind for report in reports for row in report.rows}
    assert kinds >= {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "ops.Einsum", "ops.GetItem"}
    assert len(kinds) > 50
    assert any(len(row.calls) > 1 for report in reports for row in report.rows)
    assert any(row.path.count("/") > 1 for report in reports for row in report.rows)
    assert any(row.layer.policy.compute == "bfloat16" for report in reports for row in report.rows)
    assert any(0 < report.totals.trainable_params < report.totals.params for report in reports)
    assert {len(model.inputs) for model in models} == {1, 2}
    assert {len(model.outputs) for model in models} >= {1, 2, 3}
    assert sum(report.totals.macs > 0 for report in reports) > 90
