"""How well the losses rank layers: each layer of a trained CNN replaced alone, and what that costs in accuracy.

    python benchmarks/ranking.py [ARCHIVE]    (needs the extra `test`; about three minutes)

The CNN is that of the tests, trained on the digits of scikit-learn, with five seeds; each layer becomes separable with
m = 1, 2 and 3 by its closed-form fit, nothing is trained. Prints the rank correlation (Spearman) of the energy lost,
and of the error measured on samples, with the drop of accuracy and the rise of cross-entropy: over all, and over layers
at each m. Then the whole network at m = 1: as it is, fitted, after one epoch of fine-tuning, and the same network
trained from scratch for that epoch.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent.parent))

import keras
import numpy as np
from scipy.stats import spearmanr

from convcost import api
from convcost.kernels import fits
from tests import trained

SEEDS = range(5)
SIZES = (1, 2, 3)
LAYERS = tuple(f"conv{place}" for place in range(2, 6))
"""The first layer has one channel: it is left out."""


def loss_of(model: Any, data: tuple[Any, Any]) -> float:
    images, labels = data
    told = np.asarray(model.predict(images, verbose=0))[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(told, 1e-7, 1)).mean())


def one_seed(seed: int, folder: Path) -> tuple[list[tuple[Any, ...]], list[float]]:
    """Layer, m, energy lost, error, accuracy lost, cross-entropy gained; and the accuracies of the whole network."""
    found = trained.train(folder, seed)
    model = keras.models.load_model(found.path)
    np.save(folder / "x.npy", found.train[0][:256])
    scores = {layer.path: layer.scores for layer in api.separability(found.path, samples=folder / "x.npy").layers}
    before = loss_of(model, found.test)
    rows = []
    for layer in LAYERS:
        kernel, *rest = model.get_layer(layer).get_weights()
        fitted = fits.approximations(kernel, "depthwise_first", SIZES)
        for m, one in zip(SIZES, fitted, strict=True):
            model.get_layer(layer).set_weights([one, *rest])
            score = scores[layer][m - 1]
            drop = found.accuracy - trained.accuracy(model, found.test)
            rows.append((layer, m, 1 - score.energy, score.error, drop, loss_of(model, found.test) - before))
        model.get_layer(layer).set_weights([kernel, *rest])
    return rows, whole(model, found, seed)


def whole(model: Any, found: trained.Trained, seed: int) -> list[float]:
    """Accuracies: as it is; separable at m = 1, fitted; fine-tuned for an epoch; from scratch for an epoch."""
    converted = trained.separable(model)
    accuracies = [found.accuracy, trained.accuracy(converted, found.test)]
    keras.utils.set_random_seed(seed)
    accuracies.append(trained.accuracy(trained.fitted(converted, found.train, epochs=1), found.test))
    keras.utils.set_random_seed(seed)
    scratch = trained.fitted(trained.separable(model, fit=False), found.train, epochs=1)
    return [*accuracies, trained.accuracy(scratch, found.test)]


def main() -> None:
    rows: list[tuple[Any, ...]] = []
    wholes = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            found, accuracies = one_seed(seed, Path(folder))
            rows += [(seed, *row) for row in found]
            wholes.append(accuracies)
    print(f"{'layer':<6} {'m':>2} {'energy lost':>12} {'output error':>13} {'accuracy lost':>14} {'loss gained':>12}")
    for layer in LAYERS:
        for m in SIZES:
            chosen = np.array([row[3:] for row in rows if row[1:3] == (layer, m)], float).mean(axis=0)
            print(f"{layer:<6} {m:>2} {chosen[0]:>12.3f} {chosen[1]:>13.3f} {chosen[2]:>14.3f} {chosen[3]:>12.3f}")
    print(f"\n{'rank correlation with':<34} {'accuracy lost':>14} {'loss gained':>12}")
    for place, name in ((3, "energy lost"), (4, "output error")):
        for m in (None, *SIZES):
            told = f"{name}, {'all layers and m' if m is None else f'layers at m = {m}'}"
            print(f"{told:<34} {correlation(rows, place, 5, m):>14.2f} {correlation(rows, place, 6, m):>12.2f}")
    print()
    names = ("as trained", "separable, fitted", "and fine-tuned, one epoch", "from scratch, one epoch")
    for name, values in zip(names, np.array(wholes).T, strict=True):
        print(f"{name:<26} {values.mean():.3f}  ({', '.join(f'{value:.3f}' for value in values)})")


def correlation(rows: list[tuple[Any, ...]], what: int, against: int, m: int | None) -> float:
    """Spearman's, the mean over seeds."""
    found = []
    for seed in SEEDS:
        chosen = [row for row in rows if row[0] == seed and m in (None, row[2])]
        found.append(spearmanr([row[what] for row in chosen], [row[against] for row in chosen]).statistic)
    return float(np.nanmean(found))


if __name__ == "__main__":
    main()
