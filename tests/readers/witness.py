"""The weights file as a witness: the weights that our rules list are those that Keras stored, layer by layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from convcost import load
from convcost.profile import profile
from convcost.readers import keras_archive, keras_h5, keras_saved_model
from convcost.readers.keras_hdf5 import Stored, contents, opened
from convcost.readers.keras_unknown import Weights
from convcost.readers.keras_weights import GroupedWeights
from convcost.report import Report, Row


def weights_of(path: Path) -> Weights:
    """What is stored beside the graph in a file or folder of Keras; read here, which is quicker than apart."""
    if (path / "saved_model.pb").is_file():
        return keras_saved_model.weights_in(path)
    if path.suffix == ".h5":
        with opened(str(path), path) as file:
            return keras_h5.weights_of(file, str(path))
    with keras_archive.weights_file(path) as weights, opened(str(path), weights) as file:
        return GroupedWeights(contents(file, str(path), ("name",)))


NOT_COUNTED = {"IntegerLookup", "StringLookup", "TextVectorization"}
"""Layers that store tables of their vocabulary (inverse document frequencies), which Keras does not count as params."""


def disagreements(path: Path, report: Report | None = None) -> list[str]:
    """Layers whose weights by our rules are not those in the file: their shapes and dtypes, in any order."""
    model = load(path)
    report = report or profile(model)
    stored = weights_of(path).by_layer(model)
    rows = {row.path: row for row in report.rows}
    found = [f"{name}: stored, but no row" for name in stored.keys() - rows.keys() if stored[name]]
    for name, row in rows.items():
        ours, theirs = _ours(row), _theirs(row, stored)
        if ours != theirs:
            found.append(f"{name} ({row.kind}): ours alone {ours - theirs}, stored alone {theirs - ours}")
    return found


def _ours(row: Row) -> Counter[tuple[tuple[int, ...], str]]:
    # LoRA's two factors are params, but Keras stores them merged into the kernel; the zero points of GPTQ and AWQ
    # (uint8) it leaves out.
    weights = (weight for weight in row.weights if (weight.name, weight.dtype) != ("kernel_zero", "uint8"))
    weights = (weight for weight in weights if "lora_" not in weight.name)
    return Counter((weight.shape, weight.dtype or row.layer.policy.variable) for weight in weights)


def _theirs(row: Row, stored: Mapping[str, tuple[Stored, ...]]) -> Counter[tuple[tuple[int, ...], str]]:
    weights = () if row.kind in NOT_COUNTED else stored.get(row.path, ())
    return Counter((one.shape, one.dtype) for one in weights)
