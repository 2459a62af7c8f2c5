"""JSON files that convcost wrote -> figures: the base of a check, or a side of a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from convcost.budget.figures import Figures, LayerFigures, lower_bounds
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.errors import ConvcostError
from convcost.readers.files import content, start

SCHEMA_VERSION = 1
LARGEST = 256 * 10**6


class SavedLayer(msgspec.Struct, frozen=True):
    path: str
    kind: str
    input_shapes: list[list[int] | None] = []
    macs: int | None = None
    flops: int | None = None
    params: int | None = None
    trainable_params: int | None = None
    weight_bytes: int | None = None
    activation_bytes: int | None = None


class SavedModel(msgspec.Struct, frozen=True):
    name: str
    source: str = ""


class SavedReport(msgspec.Struct, frozen=True):
    """One model, as `analyze` and `check` write it."""

    model: SavedModel
    totals: dict[str, Any]
    layers: list[SavedLayer]

    @property
    def figures(self) -> Figures:
        layers = tuple(
            LayerFigures(
                path=layer.path,
                kind=layer.kind,
                values={name: getattr(layer, name) for name in OF_LAYER},
                inputs=tuple(None if shape is None else (1, *shape) for shape in layer.input_shapes),
            )
            for layer in self.layers
        )
        params_complete = all(layer.params is not None for layer in self.layers)
        values = {name: self.totals[name] for name in OF_MODEL}
        return Figures(values, layers, lower_bounds(bool(self.totals.get("complete")), params_complete))


class SavedReports(msgspec.Struct, frozen=True):
    """A file: one model, or several."""

    schema_version: int
    model: SavedModel | None = None
    totals: dict[str, Any] = {}
    layers: list[SavedLayer] = []
    reports: list[SavedReport | None] = []


def is_report(path: Path) -> bool:
    """Whether a file says that it is a report; a spec may be JSON too."""
    if path.suffix != ".json" or not path.is_file():
        return False
    return b'"schema_version"' in start(path, 512)


def read_reports(path: Path) -> list[SavedReport]:
    """The reports in a JSON file. Raises ConvcostError where it holds none."""
    text = content(path, LARGEST)
    try:
        saved = msgspec.json.decode(text, type=SavedReports)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ConvcostError(f"{path}: no report of convcost: {error}") from None
    if saved.schema_version != SCHEMA_VERSION:
        raise ConvcostError(f"{path}: schema_version is {saved.schema_version}, allowed: {SCHEMA_VERSION}")
    reports = [report for report in saved.reports if report is not None]
    if saved.model is not None:
        reports.append(SavedReport(saved.model, saved.totals, saved.layers))
    for report in reports:
        for name in OF_MODEL:
            if not isinstance(report.totals.get(name), int):
                raise ConvcostError(f"{path}: no report of convcost: {report.model.name!r} has no total {name!r}")
    if not reports:
        raise ConvcostError(f"{path}: the file holds no report; write one with `convcost analyze --format json`")
    return reports
