"""Trained kernels as rows of cells: what each choice costs and what it keeps, the layer's name on its first row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from convcost import units
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.kernels.kernel_scores import KernelScores, Score, Separability

RIGHT = [False, True, False, True, True, True, True, False]


def titles(result: Separability) -> list[str]:
    error = ["output error"] if result.samples else []
    return ["layer", "kernel", "choice", "MACs", "energy kept", "lift", *error, "verdict"]


def right(result: Separability) -> list[bool]:
    return RIGHT if result.samples else RIGHT[:-2] + RIGHT[-1:]


def cells(result: Separability) -> list[list[str]]:
    return [row for layer in result.layers for row in _rows(layer, bool(result.samples))]


def left_out(result: Separability) -> list[list[str]]:
    return [[printable(path), printable(why)] for path, why in result.left_out.items()]


def _rows(layer: KernelScores, with_error: bool) -> Iterator[list[str]]:
    for place, score in enumerate(_worth_showing(layer)):
        head = ["", ""] if place else [printable(layer.path), units.shape((0, *layer.kernel))]
        error = [] if not with_error else ["" if score.error is None else f"{score.error:.4f}"]
        verdict = layer.verdict if place == 0 else ""
        yield [
            *head,
            score.variant,
            f"{score.macs_ratio:.3f}",
            f"{score.energy:.3f}",
            _signed(score.lift),
            *error,
            verdict,
        ]


def _signed(lift: float) -> str:
    return f"{round(lift, 2) + 0.0:+.2f}"  # no -0.00


def _worth_showing(layer: KernelScores) -> Iterator[Score]:
    """Choices that cost less than the layer does, and the one that is exact, whatever it costs."""
    exact_shown = False
    for score in layer.scores:
        if score.macs_ratio < 1 or (score.energy == 1 and not exact_shown):
            exact_shown |= score.energy == 1
            yield score
