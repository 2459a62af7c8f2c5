"""What every layer of a model may become, and what that loses: measured on samples, by the energy of its kernel, or,
where there are no weights, by how much it changes.

- with samples: the error of the layer's own output;
- with weights: the energy of the kernel that the fit does not keep, weighted by the layer's share of the MACs;
- without: 1 a layer, and less than 1 in all for the MACs that are taken away: the fewest changes, then the mildest.

A variant without a fit keeps nothing of a trained kernel.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from convcost.errors import ConvcostError
from convcost.globs import matches
from convcost.kernels.fits import FITS
from convcost.kernels.kernel_scores import energies, is_applicable, of_fit, ratio_of, scorable, shape_of
from convcost.kernels.scoring import errors_on, told
from convcost.model import Model
from convcost.planning.planner import Offer, Offers
from convcost.readers.keras_kernels import kernels
from convcost.report import Report, Row
from convcost.telling import Tell
from convcost.variants import Choice
from convcost.variants.base import BaseVariant, what_it_sees

HAVE_KERNELS = ("keras", "h5")
"""Formats of files with weights."""

MEASURED = "the error of each layer's own output, measured on samples"
BY_ENERGY = "the energy that each kernel loses, times the layer's share of the MACs"
BY_CHANGE = "1 a layer, and a little for the MACs that are taken away: there are no weights to judge by"


def offers(
    path: Path | None,
    model: Model,
    report: Report,
    choices: Sequence[Choice],
    keep: Sequence[str],
    min_energy: float,
    samples: Path | None,
    tell: Tell | None,
) -> tuple[Offers, str]:
    """The offers, and what their losses are. `path` is the file of the model; `choices` none: every one with a fit."""
    rows, _ = scorable(report)
    for glob in (*keep, *(choice.glob for choice in choices if choice.glob)):
        if not any(matches(glob, row.path) for row in report.rows):
            raise ConvcostError(f"{glob!r} names no layer of {report.name}")
    meant = {one: row for one, row in rows.items() if not any(matches(glob, one) for glob in keep)}
    variants = _priced(meant, choices)
    if path is None or model.format not in HAVE_KERNELS:
        if samples or min_energy:
            option = "--samples" if samples else "--min-energy"
            raise ConvcostError(f"{option}: {report.source or report.name} has no weights")
        return {one: _by_change(prices, len(rows)) for one, prices in variants.items()}, BY_CHANGE
    errors, _ = errors_on(path, samples)
    wanted = {one: shape_of(rows[one]) for one in variants}
    found: dict[str, list[Offer]] = {}
    for one, kernel in told(kernels(path, model, wanted), len(wanted), tell) if wanted else ():
        row, prices = rows[one], variants[one]
        asked = list(prices)
        kept = energies(row, kernel, asked)
        lost = errors(row, kernel, asked) if errors else _by_energy(row, kept, report)
        found[one] = [
            Offer(variant, loss, _reason(variant, energy, prices[variant]))
            for variant, energy, loss in zip(asked, kept, lost, strict=True)
            if energy >= min_energy
        ]
    return found, MEASURED if samples else BY_ENERGY


def _priced(rows: Mapping[str, Row], choices: Sequence[Choice]) -> dict[str, Mapping[BaseVariant, float]]:
    """By path, the variants that come in question, each with its MACs over the layer's.

    They are worked out once for all layers that are alike.
    """
    found: dict[str, Mapping[BaseVariant, float]] = {}
    seen: dict[Hashable, Mapping[BaseVariant, float]] = {}
    for path, row in rows.items():
        asked = _asked(row, choices)
        key = (what_it_sees(row), asked)
        if key not in seen:
            seen[key] = {variant: ratio_of(row, variant) for variant in asked if is_applicable(row, variant)}
        if seen[key]:
            found[path] = seen[key]
    return found


def _asked(row: Row, choices: Sequence[Choice]) -> tuple[BaseVariant, ...]:
    """The variants that are asked for: one without settings stands for all its ranks."""
    if not choices:
        asked = [variant for fit in FITS for variant in of_fit(row, fit)]
    else:
        asked = []
        for choice in choices:
            if choice.glob is None or matches(choice.glob, row.path):
                variant = choice.variant
                plain = variant.fit is not None and variant == type(variant)()
                asked += of_fit(row, variant.fit) if plain and variant.fit else [variant]
    return tuple(dict.fromkeys(asked))


def _by_energy(row: Row, kept: Sequence[float], report: Report) -> list[float]:
    assert row.cost is not None
    share = row.cost.macs / max(report.totals.macs, 1)
    return [share * (1 - energy) for energy in kept]


def _by_change(prices: Mapping[BaseVariant, float], layers: int) -> list[Offer]:
    return [
        Offer(variant, 1 + min(1.0, max(0.0, 1 - price)) / (layers + 1), _told(price))
        for variant, price in prices.items()
    ]


def _reason(variant: BaseVariant, energy: float, price: float) -> str:
    kept = f"keeps {energy:.3f} of the energy" if variant.fit else "initialised: keeps nothing of the kernel"
    return f"{kept}, {_told(price)}"


def _told(price: float) -> str:
    return f"{price:.3f} of the MACs"
