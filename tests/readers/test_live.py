"""Live models: what the JSON of a model does not tell."""

from __future__ import annotations

import keras

import convcost


def test_a_layer_that_two_nested_models_hold_is_said_to_be_one() -> None:
    shared = keras.layers.Dense(4, name="dense")
    first, second = keras.Input((8,)), keras.Input((8,))
    one = keras.Model(first, shared(first), name="one")
    other = keras.Model(second, shared(second), name="other")
    entry = keras.Input((8,))
    model = keras.Model(entry, one(entry) + other(entry))
    report = convcost.analyze(model)
    assert model.count_params() == 8 * 4 + 4
    assert report.totals.params == 2 * (8 * 4 + 4)
    (warning,) = report.warnings
    assert (
        warning == "layers 'one/dense' and 'other/dense' are one: its params are in both rows, and twice in the totals"
    )


def test_a_nested_model_that_is_called_twice_is_no_such_case() -> None:
    entry = keras.Input((8,))
    inner = keras.Sequential([keras.layers.Dense(8)])
    report = convcost.analyze(keras.Model(entry, inner(inner(entry))))
    assert report.warnings == ()
    assert report.totals.params == 8 * 8 + 8
