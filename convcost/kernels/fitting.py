"""The weights of what stands in for a trained convolution: fitted in closed form, or initialised as Keras would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from zlib import crc32

import msgspec
import numpy as np

from convcost.kernels import fits
from convcost.model import Shape, Weight
from convcost.report import Row

ONES = ("gamma", "moving_variance")
"""Weights that Keras initialises with ones; biases, and all else but kernels, with zeros."""


class Filled(msgspec.Struct, frozen=True):
    """The values of a weight of the layer at `path`; None: the bias stays what the convolution had."""

    path: str
    weight: Weight
    values: fits.Array | None


class Steps(msgspec.Struct, frozen=True):
    """Two kernels that take the place of one, in the order in which they run, and the share of its energy they keep."""

    first: fits.Array
    second: fits.Array
    energy: float


def steps_of(fit: str, rank: int, kernel: fits.Array) -> Steps:
    """The best steps of that rank for a trained kernel (see `convcost.kernels.fits`)."""
    whole = fits.as_2d(kernel)
    if fit == "depthwise_first":
        first, second = fits.depthwise_first(whole, rank)
    elif fit == "pointwise_first":
        first, second = fits.pointwise_first(whole)
    else:
        first, second = fits.spatial(whole, rank) if fit == "spatial" else fits.channel(whole, rank)
    scaled = first if fit == "pointwise_first" else second  # the other step's filters are orthonormal
    energy, kept = (float(np.square(one, dtype=np.float64).sum()) for one in (whole, scaled))
    return Steps(first, second, min(kept / energy, 1.0) if energy else 1.0)


def fitted(rows: Sequence[Row], steps: Steps) -> Iterator[Filled]:
    """The weights of a stand-in of two steps, whose leaf layers are `rows`.

    There is nothing between the steps, so that they compute what one convolution with the fitted kernel would.
    """
    kernels = iter((steps.first, steps.second))
    for row in rows:
        for weight in row.weights:
            is_kernel = weight.name.endswith("kernel")
            # A grouped kernel, as in 3-D, holds what a depthwise one does in the same order.
            yield Filled(row.path, weight, next(kernels).reshape(weight.shape) if is_kernel else None)


def initialised(rows: Sequence[Row]) -> Iterator[Filled]:
    """The weights of a stand-in as Keras initialises them; the same at every run."""
    for row in rows:
        for place, weight in enumerate(row.weights):
            yield Filled(row.path, weight, _initial(weight, seed=crc32(f"{row.path}/{place}".encode())))


def _initial(weight: Weight, seed: int) -> fits.Array:
    if weight.name.endswith("kernel"):
        limit = np.sqrt(6 / sum(fans(weight.shape)))
        return np.random.default_rng(seed).uniform(-limit, limit, weight.shape)
    return np.ones(weight.shape) if weight.name in ONES else np.zeros(weight.shape)


def fans(shape: Shape) -> tuple[int, int]:
    """Inputs and outputs of a unit, as Keras counts them for every kernel (Glorot and Bengio 2010)."""
    *window, inputs, outputs = shape
    return prod(window) * inputs, prod(window) * outputs
