"""A model file -> its figures, under what a policy says of shape, parameters and batch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from convcost import api
from convcost.baseline.git import is_lfs_pointer
from convcost.budget.figures import Figures, figures_of, lines_of
from convcost.budget.rules import Subject
from convcost.errors import ConvcostError, MeasureError
from convcost.globs import matches
from convcost.report import Report


class Measured(msgspec.Struct, frozen=True):
    report: Report
    figures: Figures


def measured(subject: Subject, path: Path | None = None) -> Measured:
    """What the model of a subject costs; `path`: the file to read in place of its own.

    Raises ConvcostError where it cannot be read.
    """
    path = path or Path(subject.source)
    _refuse_pointer(path)
    model = api.load(path, subject.parameters)
    report = api.analyze(model, input_shape=subject.input_shape or None, batch=subject.batch, what_if=False)
    return Measured(report, figures_of(report, lines_of(model)))


def counted(subject: Subject) -> Figures:
    """The figures of a subject that may be locked. Raises MeasureError where a layer is not counted and must be."""
    figures = measured(subject).figures
    missing = [
        layer.path
        for layer in figures.uncounted
        if not any(matches(allowed.glob, layer.path) for allowed in subject.allowed)
    ]
    if missing:
        raise MeasureError(
            f"{subject.source}: not counted: {', '.join(missing[:5])}; allow_uncounted takes their names"
        )
    return figures


def measured_bytes(subject: Subject, content: bytes, source: str) -> Measured:
    """The same of a file that is only in git: `source` names it in errors."""
    with tempfile.TemporaryDirectory(prefix="convcost-") as folder:
        path = Path(folder) / Path(subject.source).name  # its suffix tells the reader what it is
        path.write_bytes(content)
        try:
            return measured(subject, path)
        except ConvcostError as error:
            raise ConvcostError(str(error).replace(str(path), source)) from None


def _refuse_pointer(path: Path) -> None:
    if path.is_file() and path.stat().st_size < 1024 and is_lfs_pointer(path.read_bytes()):
        raise ConvcostError(f"{path}: a Git LFS pointer, not the model; run `git lfs pull`")
