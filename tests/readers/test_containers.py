"""The same network gives the same rows, whichever Keras wrote it and however it is packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest
import tf_keras

from convcost import analyze, load
from convcost.report import Report, Row

from .conftest import CONTAINERS, Save
from .networks import NETWORKS
from .witness import disagreements

PAIRS = [
    (network, container)
    for network in NETWORKS
    for container in CONTAINERS
    if (network, container) != ("recurrent", "keras2 saved model")  # tracing its loops takes a quarter of a minute
]
every_network = pytest.mark.parametrize("network", NETWORKS)
every_pair = pytest.mark.parametrize(("network", "container"), PAIRS)
with_weights = pytest.mark.parametrize(("network", "container"), [pair for pair in PAIRS if "json" not in pair[1]])


def told(row: Row) -> tuple[Any, ...]:
    """What a row says, without the settings that Keras 2 and 3 write differently."""
    weights = [(weight.shape, weight.trainable, weight.dtype) for weight in row.weights]
    return row.path, row.kind, row.cost, weights, row.trainable_params, row.calls, row.activation_bytes


def by_path(report: Report) -> dict[str, tuple[Any, ...]]:
    return {row.path: told(row) for row in report.rows}


@every_pair
def test_every_container_gives_the_rows_of_the_live_model(saved: Save, network: str, container: str) -> None:
    live = analyze(NETWORKS[network](keras), what_if=False)
    report = analyze(saved(network, container), what_if=False)
    assert by_path(report) == by_path(live)
    assert report.totals == live.totals
    assert report.totals.complete
    assert report.warnings == ()


@every_network
@pytest.mark.parametrize("library", [keras, tf_keras])
def test_params_are_those_that_keras_counts(network: str, library: Any) -> None:
    model = NETWORKS[network](library)
    totals = analyze(NETWORKS[network](keras), what_if=False).totals
    assert totals.params == model.count_params()
    trainable = sum(int(weight.numpy().size) for weight in model.trainable_weights)
    assert totals.trainable_params == trainable


@with_weights
def test_the_weights_in_the_container_are_those_of_our_rules(saved: Save, network: str, container: str) -> None:
    assert disagreements(saved(network, container)) == []


def test_the_witness_sees_a_wrong_weight(saved: Save) -> None:
    path = saved("chain", "keras3 archive")
    wrong = analyze(NETWORKS["separable"](keras), what_if=False)
    assert any("stored, but no row" in line for line in disagreements(path, wrong))
    assert any("ours alone" in line for line in disagreements(path, wrong))


@pytest.mark.parametrize(
    ("container", "name"),
    [
        ("keras3 archive", "keras"),
        ("keras3 folder", "keras"),
        ("keras2 h5", "h5"),
        ("keras3 json", "json"),
        ("keras2 saved model", "saved_model"),
    ],
)
def test_the_model_knows_its_format_and_source(saved: Save, container: str, name: str) -> None:
    path = saved("chain", container)
    model = load(path)
    assert (model.format, model.source) == (name, str(path))


def test_an_archive_is_known_by_its_content_not_its_name(saved: Save, tmp_path: Path) -> None:
    renamed = tmp_path / "model.zip"
    renamed.write_bytes(saved("chain", "keras3 archive").read_bytes())
    assert load(renamed).format == "keras"
    renamed = tmp_path / "model.bin"
    renamed.write_bytes(saved("chain", "keras2 h5").read_bytes())
    assert load(renamed).format == "h5"
