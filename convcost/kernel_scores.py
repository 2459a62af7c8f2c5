"""How well trained kernels bear each variant: the price and the loss of every choice, layer by layer.

The loss is the energy of the kernel that the closed-form fit does not keep (see `convcost.fits`). It orders the choices
within a layer; it ranks layers poorly, and it is not accuracy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import msgspec
import numpy as np

from convcost import fits
from convcost.errors import ConvcostError
from convcost.report import Row
from convcost.variants import written
from convcost.variants.base import BaseVariant, NotApplicableError, channels_of, macs_of
from convcost.variants.bsconv_u import BsconvU
from convcost.variants.low_rank import LowRank
from convcost.variants.separable import Separable
from convcost.variants.spatial import Spatial
from convcost.variants.steps import Conv

ENTANGLED = 0.5
"""A layer whose kernel keeps less than this share of its energy at m = 1 is called entangled."""


class Score(msgspec.Struct, frozen=True):
    """One choice for a layer: its MACs over the standard layer's, the energy that it keeps, and the lift over random.

    `lift` is (energy − random) / (1 − random), `random` being what a Gaussian kernel of the same shape keeps.
    """

    variant: str
    macs_ratio: float
    energy: float
    lift: float


class KernelScores(msgspec.Struct, frozen=True):
    """What each choice keeps of a layer's kernel (kh, kw, C, N)."""

    path: str
    kernel: tuple[int, ...]
    scores: tuple[Score, ...]

    @property
    def at_one(self) -> float:
        """The energy that depthwise first keeps at m = 1."""
        return self.scores[0].energy

    @property
    def entangled(self) -> bool:
        return self.at_one < ENTANGLED


def scored(
    rows: Iterable[tuple[Row, fits.Array]], names: Sequence[str] = ("depthwise_first", "pointwise_first")
) -> Iterator[KernelScores]:
    """Scores of each row's kernel by these fits; one kernel at a time is held.

    Raises ConvcostError where a kernel holds NaN or infinity, or is not of the shape that the layer has.
    """
    for row, kernel in rows:
        checked(row, kernel)
        yield KernelScores(row.path, kernel.shape, tuple(_scores(row, as_2d(kernel), names)))


def checked(row: Row, kernel: fits.Array) -> None:
    """Raises ConvcostError where a kernel does not fit its layer, or holds what is no number."""
    expected = next((weight.shape for weight in row.weights if weight.name == "kernel"), None)
    if kernel.shape != expected:
        raise ConvcostError(f"layer {row.path!r}: the file has a kernel of {kernel.shape}, the layer has {expected}")
    if not np.isfinite(kernel).all():
        raise ConvcostError(f"layer {row.path!r}: its kernel holds NaN or infinity")


def as_2d(kernel: fits.Array) -> fits.Array:
    """A kernel of one or three dimensions as (kh, kw, C, N): a window is a set of taps for all but the spatial fit."""
    *window, channels, filters = kernel.shape
    return kernel.reshape(
        window[0] if len(window) > 1 else 1, prod(window[1:]) if len(window) > 1 else window[0], channels, filters
    )


def choices(row: Row, names: Sequence[str]) -> Iterator[BaseVariant]:
    """The variants with a fit that come in question for a row: separable(m) up to exact, then others at equal prices."""
    rule = row.layer.rule
    assert isinstance(rule, Conv)
    channels = channels_of(row)
    taps, filters = prod(rule.kernel), rule.filters
    exact = min(taps, filters)
    if "depthwise_first" in names:
        yield from (Separable(m=m) for m in range(1, exact + 1))
    if "pointwise_first" in names:
        yield BsconvU()
    for m in (1, 2, 4):
        price = m * channels * (taps + filters)
        if "spatial" in names and rule.rank == 2:
            height, width = rule.kernel
            yield Spatial(r=max(1, price // (height * channels + width * filters)))
        if "channel" in names:
            yield LowRank(r=max(1, price // (taps * channels + filters)))


def _scores(row: Row, kernel: fits.Array, names: Sequence[str]) -> Iterator[Score]:
    kept: dict[str, fits.Array] = {}
    for variant in choices(row, names):
        assert variant.fit is not None
        if variant.fit not in kept:
            kept[variant.fit] = fits.energies(kernel, variant.fit)
        try:
            ratio = macs_of(variant.made_for(row), row) / (row.cost.macs if row.cost else 1)
        except NotApplicableError:
            continue
        energy = energy_at(kept[variant.fit], variant, row)
        random = energy_at(np.array(fits.of_random(kernel.shape, variant.fit)), variant, row)
        yield Score(written(variant), ratio, energy, fits.lift(energy, random))


def energy_at(energies: fits.Array, variant: BaseVariant, row: Row) -> float:
    """The energy at the rank that a variant has for a row."""
    rule, shape = row.layer.rule, row.calls[0].inputs[0]
    assert isinstance(rule, Conv) and shape is not None
    return float(energies[min(variant.rank(rule, shape), len(energies)) - 1])
