"""The weights file as a witness: the weights that our rules list are those that Keras stored, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from convcost import load
from convcost.profile import profile
from convcost.readers import keras_archive, keras_h5, keras_saved_model
from convcost.readers.keras_hdf5 import Stored
from convcost.readers.keras_unknown import Weights
from convcost.report import Report, Row


def weights_of(path: Path) -> Weights:
    """What is stored beside the graph in a file or folder of Keras."""
    if path.suffix == ".h5":
        return keras_h5.weights_in(path)
    return (keras_saved_model if (path / "saved_model.pb").is_file() else keras_archive).weights_in(path)


def disagreements(path: Path, report: Report | None = None) -> list[str]:
    """Layers whose weights by our rules are not those in the file: their shapes and dtypes, in any order."""
    model = load(path)
    report = report or profile(model)
    stored = weights_of(path).by_layer(model)
    rows = {row.path: row for row in report.rows}
    found = [f"{name}: stored, but no row" for name in stored.keys() - rows.keys() if stored[name]]
    for name, row in rows.items():
        ours, theirs = _ours(row), _theirs(name, stored)
        if ours != theirs:
            found.append(f"{name} ({row.kind}): ours alone {ours - theirs}, stored alone {theirs - ours}")
    return found


def _ours(row: Row) -> Counter[tuple[tuple[int, ...], str]]:
    # LoRA's two factors are params, but Keras stores them merged into the kernel.
    weights = (weight for weight in row.weights if "lora_" not in weight.name)
    return Counter((weight.shape, weight.dtype or row.layer.policy.variable) for weight in weights)


def _theirs(name: str, stored: Mapping[str, tuple[Stored, ...]]) -> Counter[tuple[tuple[int, ...], str]]:
    return Counter((one.shape, one.dtype) for one in stored.get(name, ()))
