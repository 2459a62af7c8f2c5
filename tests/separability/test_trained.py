"""What separability promises of a network that was really trained: digits, five convolutions, 97 % and more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convcost import api
from convcost.kernels import fits
from tests import trained as training
from tests.trained import Trained


@pytest.fixture(scope="module")
def model(trained: Trained) -> Any:
    return keras.models.load_model(trained.path)


def replaced(model: Any, layer: str, fitted: Any) -> Any:
    """A copy of the model with another kernel in one layer."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    _, *rest = copy.get_layer(layer).get_weights()
    copy.get_layer(layer).set_weights([fitted, *rest])
    return copy


def test_it_is_trained(trained: Trained) -> None:
    assert trained.accuracy >= 0.97


def test_all_of_the_energy_is_kept_at_full_rank_and_the_outputs_with_it(trained: Trained, model: Any) -> None:
    scores = api.separability(trained.path).layers
    images = trained.test[0][:100]
    for layer in scores:
        *_, exact = (score for score in layer.scores if score.variant.startswith("separable"))
        assert exact.energy == 1.0
        kernel = model.get_layer(layer.path).get_weights()[0]
        (whole,) = fits.approximations(kernel, "depthwise_first", [9])
        assert np.allclose(whole, kernel, atol=1e-6)
        model_then = replaced(model, layer.path, whole)
        assert np.allclose(model_then.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-4)


def test_training_gives_structure_and_the_verdict_says_that_m_1_is_no_conversion(trained: Trained) -> None:
    result = api.separability(trained.path)
    lifts = {layer.path: layer.at_one.lift for layer in result.layers}
    assert lifts["conv5"] > 0.1
    assert all(layer.at_one.energy < 0.95 for layer in result.layers)
    assert "it is not a conversion" in result.verdict[0]


def test_at_m_1_accuracy_drops_and_one_epoch_brings_back_more_than_a_start_from_scratch(
    trained: Trained, model: Any
) -> None:
    converted = training.separable(model)
    kept = training.accuracy(converted, trained.test)
    assert kept < trained.accuracy - 0.1
    keras.utils.set_random_seed(0)
    tuned = training.accuracy(training.fitted(converted, trained.train, epochs=1), trained.test)
    keras.utils.set_random_seed(0)
    fresh = training.separable(model, fit=False)
    scratch = training.accuracy(training.fitted(fresh, trained.train, epochs=1), trained.test)
    assert tuned > kept
    assert tuned > scratch


def test_within_a_layer_more_energy_is_less_error_and_no_more_loss(
    trained: Trained, model: Any, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", trained.train[0][:128])
    images, labels = trained.test
    for layer in api.separability(trained.path, samples=tmp_path / "x.npy").layers[1:]:
        depthwise = [score for score in layer.scores if score.variant.startswith("separable")]
        errors = [score.error for score in depthwise]
        assert all(error is not None for error in errors)
        assert errors == sorted(errors, key=lambda error: -error)
        kernel = model.get_layer(layer.path).get_weights()[0]
        low, high = fits.approximations(kernel, "depthwise_first", [1, 8])
        accuracies = [training.accuracy(replaced(model, layer.path, one), (images, labels)) for one in (low, high)]
        assert accuracies[0] <= accuracies[1] + 0.01


def test_a_plan_for_trained_kernels_takes_the_most_separable_layer(trained: Trained) -> None:
    """conv5 has a third of the MACs and the most separable kernel: any plan to halve the cost takes it."""
    whole = api.analyze(trained.path).totals.macs
    plan = api.plan(trained.path, {"macs": whole // 2}).plan
    assert plan is not None
    assert plan.totals.macs <= whole // 2
    assert "conv5" in {one.path for one in plan.replacements}
