"""The trained kernels of a file, scored one after another, with samples or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from convcost.errors import ConvcostError
from convcost.globs import matches
from convcost.kernels.fits import FITS, Array
from convcost.kernels.kernel_scores import Errors, Separability, scorable, scored, shape_of
from convcost.model import Model
from convcost.readers.keras_kernels import kernels
from convcost.report import Report
from convcost.telling import Tell


def scored_file(
    path: Path,
    model: Model,
    report: Report,
    fits: Sequence[str],
    only: Sequence[str],
    samples: Path | None,
    tell: Tell | None,
) -> Separability:
    """See `convcost.api.separability`."""
    for name in fits:
        if name not in FITS:
            raise ConvcostError(f"fit {name!r}: allowed: {', '.join(FITS)}")
    rows, left_out = scorable(report)
    for glob in only:
        if not any(matches(glob, one) for one in rows):
            raise ConvcostError(f"{glob!r} names no convolution of {report.name} that can be scored")
    if only:
        rows = {one: row for one, row in rows.items() if any(matches(glob, one) for glob in only)}
        left_out = {one: why for one, why in left_out.items() if any(matches(glob, one) for glob in only)}
    if not rows:
        raise ConvcostError(f"{path}: no convolution with a window and one group: nothing to separate")
    errors, count = errors_on(path, samples)
    read = told(kernels(path, model, {one: shape_of(row) for one, row in rows.items()}), len(rows), tell)
    return Separability(report, tuple(scored(rows, read, fits, errors)), left_out, count)


def errors_on(path: Path, samples: Path | None) -> tuple[Errors | None, int]:
    """What measures errors on these samples, and how many they are."""
    if samples is None:
        return None, 0
    from convcost.engine.responses import Responses

    responses = Responses(path, samples)
    return responses.errors, responses.count


def told(kernels: Iterator[tuple[str, Array]], count: int, tell: Tell | None) -> Iterator[tuple[str, Array]]:
    """`kernels`, each told of before it is handed on."""
    for place, (path, kernel) in enumerate(kernels):
        if tell:
            tell(place, count, path)
        yield path, kernel
