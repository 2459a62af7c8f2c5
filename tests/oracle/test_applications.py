"""All networks of `keras.applications`, to the unit: params, MACs and shapes against Keras and the traced graph."""

from __future__ import annotations

from math import prod

import keras
import pytest

from .conftest import NETWORKS, Network, leaves

every_network = pytest.mark.parametrize("name", NETWORKS)


def test_all_networks_are_here() -> None:
    assert len(NETWORKS) >= 40


@every_network
def test_everything_is_counted(net: Network) -> None:
    assert net.report.totals.complete
    assert net.report.warnings == ()
    assert net.traced.uncounted == ()


@every_network
def test_params(net: Network) -> None:
    assert net.report.totals.params == net.model.count_params()
    assert net.report.totals.trainable_params == sum(prod(weight.shape) for weight in net.model.trainable_weights)


@every_network
def test_params_by_layer(net: Network) -> None:
    ours = {row.path: row.params for row in net.report.rows if row.params}
    theirs = {path: layer.count_params() for path, layer in leaves(net.model) if isinstance(layer, keras.layers.Layer)}
    assert ours == {path: params for path, params in theirs.items() if params}


@every_network
def test_macs_by_layer(net: Network) -> None:
    """Layer by layer, so that no two errors can cancel out."""
    assert net.traced.macs > 0
    ours = {row.path: row.cost.macs for row in net.report.rows if row.cost is not None and row.cost.macs}
    assert ours == net.traced.by_layer
    assert net.report.totals.macs == net.traced.macs


@every_network
def test_output_shapes(net: Network) -> None:
    ours = {row.path: shape[1:] for row in net.report.rows for shape in row.calls[0].outputs if shape is not None}
    assert ours == net.output_shapes
