"""How well trained kernels bear each variant: the price and the loss of every choice, layer by layer.

The loss is the energy of the kernel that the closed-form fit does not keep (see `fits`). It orders the choices
within a layer; it ranks layers poorly, and it is not accuracy. With samples, the error of the layer's own output stands
beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod

import msgspec
import numpy as np

from convcost.kernels import fits
from convcost.layers.convolution import BaseConv, BaseConvTranspose
from convcost.report import Report, Row
from convcost.variants import written
from convcost.variants.base import BaseVariant, NotApplicableError, channels_of, is_ordinary, macs_of
from convcost.variants.bsconv_u import BsconvU
from convcost.variants.low_rank import LowRank
from convcost.variants.separable import Separable
from convcost.variants.spatial import Spatial
from convcost.variants.steps import Conv

ENTANGLED = 0.5
"""A layer whose kernel keeps less than this share of its energy at m = 1 is called entangled."""
ENOUGH = 0.95
"""The share of energy from which on a fit is called close."""
AT_A_TIME = 2
"""So many kernels are scored at a time."""

Errors = Callable[[Row, fits.Array, Sequence[BaseVariant]], Sequence[float]]
"""The error of a layer's own output under each variant, measured on samples."""


class Score(msgspec.Struct, frozen=True):
    """One choice for a layer: its MACs over the standard layer's, the energy that it keeps, and the lift over random.

    `lift` is (energy − random) / (1 − random), `random` being what a Gaussian kernel of the same shape keeps. `error`,
    if measured, is that of the layer's output: its variance over the output's, so that a constant has 1.
    """

    variant: str
    macs_ratio: float
    energy: float
    lift: float
    error: float | None = None


class KernelScores(msgspec.Struct, frozen=True):
    """What each choice keeps of a layer's kernel. `kernel` is its shape, `zero` whether it is zeros alone."""

    path: str
    kernel: tuple[int, ...]
    scores: tuple[Score, ...]
    zero: bool = False

    @property
    def at_one(self) -> Score:
        """What depthwise first keeps at m = 1."""
        return self.scores[0]

    @property
    def enough(self) -> Score:
        """The least m at which depthwise first keeps enough."""
        depthwise = [score for score in self.scores if score.variant.startswith("separable")]
        return next(score for score in depthwise if score.energy >= ENOUGH)

    @property
    def verdict(self) -> str:
        """`zero`, `separable` (m = 1 keeps enough), `entangled`, or `mixed`."""
        if self.zero:
            return "zero"
        if self.at_one.energy >= ENOUGH:
            return "separable"
        return "entangled" if self.at_one.energy < ENTANGLED else "mixed"


class Separability(msgspec.Struct, frozen=True):
    """The kernels of a model, scored; convolutions that could not be, and why; how many samples were run."""

    report: Report
    layers: tuple[KernelScores, ...]
    left_out: Mapping[str, str] = {}
    samples: int = 0

    @property
    def entangled(self) -> tuple[str, ...]:
        return tuple(layer.path for layer in self.layers if layer.verdict == "entangled")

    @property
    def verdict(self) -> tuple[str, ...]:
        """What it comes to, in sentences."""
        return tuple(_verdict(self.layers, self.samples))


def scored(
    rows: Mapping[str, Row],
    kernels: Iterator[tuple[str, fits.Array]],
    names: Sequence[str] = fits.QUICK,
    errors: Errors | None = None,
) -> Iterator[KernelScores]:
    """Scores of each row's kernel by these fits. While some are scored the next is read: three are held at most."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running: deque[Future[KernelScores]] = deque()
        for path, kernel in kernels:
            running.append(pool.submit(_scored, rows[path], kernel, names, errors))
            if len(running) > AT_A_TIME:
                yield running.popleft().result()
        yield from (one.result() for one in running)


def _scored(row: Row, kernel: fits.Array, names: Sequence[str], errors: Errors | None) -> KernelScores:
    # Always the depthwise fit, which the verdict is about; narrow layers have the same rank at several prices.
    fits_asked = dict.fromkeys(("depthwise_first", *names))
    variants = list(dict.fromkeys(variant for fit in fits_asked for variant in of_fit(row, fit)))
    measured = errors(row, kernel, variants) if errors else [None] * len(variants)
    kept = energies(row, kernel, variants)
    random = [_of_random(row, kernel, variant) for variant in variants]
    scores = tuple(
        Score(written(variant), ratio_of(row, variant), energy, fits.lift(energy, base), error)
        for variant, energy, base, error in zip(variants, kept, random, measured, strict=True)
    )
    return KernelScores(row.path, kernel.shape, scores, zero=not kernel.any())


def scorable(report: Report) -> tuple[dict[str, Row], dict[str, str]]:
    """The rows whose kernels can be scored, by path; and convolutions with a window that cannot, with the reason."""
    rows: dict[str, Row] = {}
    left_out: dict[str, str] = {}
    for row in report.rows:
        rule = row.layer.rule
        if isinstance(rule, BaseConvTranspose):
            left_out[row.path] = "transposed: no variant stands in for it"
        elif isinstance(rule, BaseConv) and prod(rule.kernel) > 1:
            if rule.lora_rank:
                left_out[row.path] = "it has LoRA weights beside its kernel"
            elif is_ordinary(row):
                rows[row.path] = row
            elif row.cost is not None:
                left_out[row.path] = f"grouped ({rule.groups} groups): its kernel is apart already"
    return rows, left_out


def shape_of(row: Row) -> tuple[int, ...]:
    """The shape of a convolution's kernel."""
    return row.weights[0].shape


def of_fit(row: Row, fit: str) -> Iterator[BaseVariant]:
    """The variants with this fit that come in question for a row.

    separable(m) up to exact; bsconv_u; spatial and channel ranks at the prices of separable at m = 1, 2 and 4.
    """
    rule = row.layer.rule
    assert isinstance(rule, Conv)
    channels, taps, filters = channels_of(row), prod(rule.kernel), rule.filters
    prices = [m * channels * (taps + filters) for m in (1, 2, 4)]
    if fit == "depthwise_first":
        yield from (Separable(m=m) for m in range(1, min(taps, filters) + 1))
    elif fit == "pointwise_first":
        yield BsconvU()
    elif fit == "spatial" and rule.rank == 2 and min(rule.kernel) > 1:
        height, width = rule.kernel
        most = min(height * channels, width * filters)
        for price in prices:
            yield Spatial(r=max(1, min(most, price // (height * channels + width * filters))))
    elif fit == "channel":
        most = min(taps * channels, filters)
        for price in prices:
            yield LowRank(r=max(1, min(most, price // (taps * channels + filters))))


def energies(row: Row, kernel: fits.Array, variants: Sequence[BaseVariant]) -> list[float]:
    """The energy that the fit of each variant keeps of a row's kernel; 0 where a variant has no fit."""
    kept = {fit: fits.energies(fits.as_2d(kernel), fit) for fit in dict.fromkeys(v.fit for v in variants if v.fit)}
    return [_at_rank(kept[variant.fit], variant, row) if variant.fit else 0.0 for variant in variants]


def ratio_of(row: Row, variant: BaseVariant) -> float:
    """The MACs of a variant over those of the layer that it stands in for."""
    assert row.cost is not None
    return macs_of(variant.made_for(row), row) / row.cost.macs


def is_applicable(row: Row, variant: BaseVariant) -> bool:
    try:
        variant.made_for(row)
    except NotApplicableError:
        return False
    return True


def rank_of(row: Row, variant: BaseVariant) -> int:
    """The rank of the fit that a variant is for a row."""
    rule, shape = row.layer.rule, row.calls[0].inputs[0]
    assert isinstance(rule, Conv) and shape is not None
    return variant.rank(rule, shape)


def _at_rank(energies: Sequence[float] | fits.Array, variant: BaseVariant, row: Row) -> float:
    return float(energies[min(rank_of(row, variant), len(energies)) - 1])


def _of_random(row: Row, kernel: fits.Array, variant: BaseVariant) -> float:
    assert variant.fit is not None
    return _at_rank(fits.of_random(fits.as_2d(kernel).shape, variant.fit), variant, row)


def _verdict(layers: Sequence[KernelScores], samples: int) -> Iterator[str]:
    scored = [layer for layer in layers if not layer.zero]
    if zero := [layer.path for layer in layers if layer.zero]:
        yield f"Kernels of zeros, which any choice keeps: {', '.join(zero)}."
    if not scored:
        return
    at_one = [layer.at_one.energy for layer in scored]
    told = f"At m = 1 the kernels keep {_range(at_one)} of their energy"
    if min(at_one) >= ENOUGH:
        yield f"{told}: separable can stand in for them, at little loss."
    else:
        yield (
            f"{told}: separable with m = 1 in their place is a new architecture, to be trained; it is not a conversion."
        )
        enough = [layer.enough for layer in scored]
        ratio = float(np.median([score.macs_ratio for score in enough]))
        price = f"{ratio:.2f} of the MACs" if ratio < 1 else f"{ratio:.2f} times the MACs: no saving"
        yield f"To keep {100 * ENOUGH:.0f} % takes {_sizes(enough)}, which has {price} (median)."
    if np.mean([layer.at_one.lift for layer in scored]) < 0.05:
        yield "Random kernels keep as much: at m = 1 these show no structure."
    elif entangled := [layer.path for layer in scored if layer.verdict == "entangled"]:
        yield f"Entangled (under {100 * ENTANGLED:.0f} % at m = 1): {', '.join(entangled)}."
    yield "Energy orders the choices within a layer; it ranks layers poorly, and it is not accuracy."
    if samples:
        yield f"The error is that of each layer's own output on its own inputs, bias corrected, over {samples} samples."
    else:
        yield "With --samples, the error of each layer's own output is measured beside it."


def _range(values: Sequence[float]) -> str:
    least, most = f"{100 * min(values):.0f} %", f"{100 * max(values):.0f} %"
    return least if least == most else f"{least} to {most}"


def _sizes(scores: Sequence[Score]) -> str:
    sizes = sorted({int(score.variant.partition("=")[2].rstrip(")") or 1) for score in scores})
    return f"m = {sizes[0]}" if len(sizes) == 1 else f"m = {sizes[0]} to {sizes[-1]}"
