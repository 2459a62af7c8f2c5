"""Models inside models, which Keras counts the calls of from 0 or from 1: layer by layer against the traced graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest

import convcost
from convcost.engine.trace import trace

layers = keras.layers


class Named(keras.Model):
    """A Functional model under the name of another class."""


def functional(kind: type[keras.Model] = keras.Model) -> keras.Model:
    values = keras.Input((None, 8))
    return kind(values, layers.Dense(8, name="inner")(values), name="nested")


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input((None, 8)), layers.Dense(8, name="inner")], name="nested")


@pytest.mark.parametrize(
    "make", [functional, sequential, lambda: functional(Named)], ids=["Functional", "Sequential", "subclass"]
)
@pytest.mark.parametrize(
    ("use", "calls", "outer"),
    [
        (lambda nested, values: nested(values), 1, 0),
        (lambda nested, values: nested(nested(values)), 2, 0),
        (lambda nested, values: layers.Dense(3, name="outer")(nested(nested(values))), 2, 6 * 8 * 3),
        (lambda nested, values: [nested(values), nested(nested(values))], 3, 0),
    ],
    ids=["output", "output of the second call", "read by a layer", "two outputs"],
)
def test_nested_model(make: Callable[[], keras.Model], use: Callable[..., Any], calls: int, outer: int) -> None:
    nested = make()
    nested(keras.Input((5, 8)))  # a call that is in no model
    values = keras.Input((6, 8))
    model = keras.Model(values, use(nested, values))
    report = convcost.analyze(model, what_if=False)
    ours = {row.path: row.cost.macs for row in report.rows if row.cost is not None and row.cost.macs}
    assert ours == trace(model).by_layer
    assert report.totals.macs == calls * 6 * 8 * 8 + outer
    assert report.totals.params == model.count_params()
