"""Networks of KerasHub: those of Keras's layers alone from their file, all by --engine keras --import keras_hub.

The test extra cannot bring KerasHub, whose requirements bring a second TensorFlow into the folder of `tensorflow-cpu`:
`pip install --no-deps keras-hub regex tokenizers` does.
"""

from __future__ import annotations

import importlib.util
import os
from math import prod
from pathlib import Path
from typing import Any

import keras
import pytest

import convcost
from convcost.engine.trace import trace
from convcost.model import Unknown
from convcost.report import Report

if importlib.util.find_spec("keras_hub") is None and not os.environ.get("CI"):
    pytest.skip("keras_hub is not installed", allow_module_level=True)

from .hub_networks import BLOCKS, PLAIN, SHAPES, TRANSFORMERS


def has_params_of(report: Report, model: Any) -> bool:
    """All of them, and the same ones trainable."""
    trainable = sum(prod(weight.shape) for weight in model.trainable_weights)
    return (report.totals.params, report.totals.trainable_params) == (model.count_params(), trainable)


def run_from(path: Path, name: str) -> Report:
    report = convcost.analyze(path, engine="keras", imports=["keras_hub"], input_shape=SHAPES.get(name))
    assert report.totals.complete
    return report


def test_there_are_enough() -> None:
    assert len(PLAIN) >= 10
    assert len(BLOCKS) + len(TRANSFORMERS) >= 10


@pytest.mark.parametrize("name", PLAIN)
def test_plain_graphs(name: str, tmp_path: Path) -> None:
    """Re-saved as a Functional model: exact from the file. As its own class: params exact, MACs by running it."""
    model = PLAIN[name]()
    keras.Model(model.inputs, model.outputs).save(tmp_path / "functional.keras")
    report = convcost.analyze(tmp_path / "functional.keras", what_if=False)
    traced = trace(model)
    assert report.totals.complete
    assert {row.path: row.cost.macs for row in report.rows if row.cost and row.cost.macs} == traced.by_layer
    assert has_params_of(report, model)

    model.save(tmp_path / "own.keras")
    plain = convcost.analyze(tmp_path / "own.keras", what_if=False)
    assert not plain.totals.complete
    assert plain.totals.params == model.count_params()
    run = run_from(tmp_path / "own.keras", name)
    assert run.totals.macs == report.totals.macs > 0
    assert has_params_of(run, model)
    assert run.peak.bytes == report.peak.bytes


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str, tmp_path: Path) -> None:
    """Every layer of Keras in them has a rule that multiplies what the graph does; blocks do little themselves."""
    build, own = BLOCKS[name]
    model = build()
    model.save(tmp_path / "own.keras")
    assert convcost.analyze(tmp_path / "own.keras", what_if=False).totals.params == model.count_params()
    run = run_from(tmp_path / "own.keras", name)
    assert has_params_of(run, model)
    assert sum(row.cost.macs for row in run.rows if row.cost and isinstance(row.layer.rule, Unknown)) == own
    assert run.totals.macs > 5 * own


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name: str, tmp_path: Path) -> None:
    build, macs = TRANSFORMERS[name]
    model = build()
    model.save(tmp_path / "own.keras")
    assert convcost.analyze(tmp_path / "own.keras", what_if=False).totals.params == model.count_params()
    run = run_from(tmp_path / "own.keras", name)
    assert run.totals.macs == macs
    assert has_params_of(run, model)
