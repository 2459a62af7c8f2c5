"""How well a trained kernel bears a variant: the energy that the best fit of each rank keeps, and the fit itself.

A kernel is W[kh, kw, C, N]. Each fit rearranges it into matrices whose best approximation of low rank is a truncated
SVD (Eckart and Young), so that the energy kept at a rank is a sum of the largest eigenvalues of a Gram matrix over the
sum of all, and the relative Frobenius error √(1 − energy). Sums are in float64.

- depthwise first (`separable(m)`, arXiv 1808.05517): channels decouple; for each, k²×N of rank m;
- pointwise first (`bsconv_u`, arXiv 2003.13549): filters decouple; for each, k²×C of rank 1;
- spatial (`spatial(r)`, arXiv 1405.3866): (kh·C)×(kw·N) of rank r;
- channel (`low_rank(r)`, arXiv 1505.06798): (k²·C)×N of rank r.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Kernel = tuple[int, int, int, int]
"""kh, kw, C, N."""


FITS = ("depthwise_first", "pointwise_first", "spatial", "channel")
QUICK = FITS[:2]
"""The fits whose matrices are small: k² rows. The others' grow with the channels, and the time with their cube."""


ROUNDING = 1e-12
"""Energy that is missing in rounding alone: weights in float32 have a relative error of 6e-8, squared."""


def as_2d(kernel: Array) -> Array:
    """A kernel of one or three dimensions as (kh, kw, C, N): a window is a set of taps for all but the spatial fit."""
    *window, channels, filters = kernel.shape
    first, *others = window if len(window) > 1 else (1, *window)
    return kernel.reshape(first, prod(others), channels, filters)


def matrices(kernel: Array, fit: str) -> Array:
    """The matrices (how many, rows, columns) that a fit approximates."""
    kh, kw, channels, filters = kernel.shape
    if fit == "depthwise_first":
        return kernel.reshape(kh * kw, channels, filters).transpose(1, 0, 2)
    if fit == "pointwise_first":
        return kernel.reshape(kh * kw, channels, filters).transpose(2, 0, 1)
    if fit == "spatial":
        return kernel.transpose(0, 2, 1, 3).reshape(1, kh * channels, kw * filters)
    return kernel.reshape(1, kh * kw * channels, filters)


def kernel_of(stack: Array, fit: str, shape: Kernel) -> Array:
    """The kernel of this shape whose `matrices` are `stack`."""
    kh, kw, channels, filters = shape
    if fit == "depthwise_first":
        return stack.transpose(1, 0, 2).reshape(shape)
    if fit == "pointwise_first":
        return stack.transpose(1, 2, 0).reshape(shape)
    if fit == "spatial":
        return stack.reshape(kh, channels, kw, filters).transpose(0, 2, 1, 3)
    return stack.reshape(shape)


def energies(kernel: Array, fit: str) -> Array:
    """The share of the kernel's energy (sum of squares) that rank 1, 2, … keep; the last is 1.

    A kernel of zeros is kept whole by any rank.
    """
    values = _spectrum(matrices(kernel, fit))
    total = values.sum()
    if total == 0:
        return np.ones(len(values))
    kept: Array = np.cumsum(values) / total
    kept[kept > 1 - ROUNDING] = 1.0
    kept[-1] = 1.0
    return kept


def of_random(shape: Kernel, fit: str) -> tuple[float, ...]:
    """The energies of a Gaussian kernel of this shape: what a kernel keeps that has no structure at all.

    Matrices of one stack are alike, so that a few of them stand for all. Same figures at every run.
    """
    rows, columns = matrices(np.empty(shape, np.int8), fit).shape[1:]
    return _of_random(rows, columns)


@cache
def _of_random(rows: int, columns: int) -> tuple[float, ...]:
    if min(rows, columns) >= LARGE:
        return _of_large_random(min(rows, columns), max(rows, columns))
    samples = max(16, 65536 // (rows * columns))
    values = _spectrum(_gaussian(samples * rows * columns).reshape(samples, rows, columns))
    kept: list[float] = (np.cumsum(values) / values.sum()).tolist()
    return tuple(kept)


def _of_large_random(rows: int, columns: int) -> tuple[float, ...]:
    """The eigenvalues of a large random Gram matrix are no matter of chance: the law of Marchenko and Pastur (1967)."""
    low, high = (1 - (rows / columns) ** 0.5) ** 2, (1 + (rows / columns) ** 0.5) ** 2
    angles = (np.arange(4096) + 0.5) / 4096 * np.pi
    values = low + (high - low) * (1 + np.cos(angles)) / 2  # from the largest down
    energy = np.cumsum(np.sin(angles) ** 2)  # value · density · step: a semicircle
    count = np.cumsum(np.sin(angles) ** 2 / values)
    ranks = np.arange(1, rows + 1) / rows
    return tuple(np.interp(ranks, count / count[-1], energy / energy[-1]).tolist())


def _gaussian(count: int) -> Array:
    """Gaussian numbers: SplitMix64 (Steele, Lea and Flood 2014) by way of Box and Muller.

    `numpy.random` has the same, and takes as long to import as a whole model to score.
    """
    state = np.arange(1, 2 * count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    radius, angle = ((state >> np.uint64(11)) + 0.5).reshape(2, count) / 2**53
    numbers: Array = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)
    return numbers


def _spectrum(stack: Array) -> Array:
    """The eigenvalues of the matrices' Gram matrices, largest first, summed over the matrices."""
    if stack.shape[1] > stack.shape[2]:
        stack = stack.swapaxes(1, 2)
    grams = [_gram(stack[start : start + TOGETHER]) for start in range(0, len(stack), TOGETHER)]
    values: Array = np.clip(np.linalg.eigvalsh(np.concatenate(grams)), 0, None)[:, ::-1].sum(axis=0)
    return values


LARGE = 64
"""Rows from which on a random matrix keeps what the law says, to a hundredth."""

TOGETHER = 256
"""So many matrices are turned into float64 at a time: they stay in the processor's cache."""


def _gram(stack: Array) -> Array:
    """Each matrix times its transpose, in float64."""
    rows = stack.shape[1]
    wide = stack.astype(np.float64)
    if rows > LARGE or wide.strides[2] == wide.itemsize:
        product: Array = wide @ wide.swapaxes(1, 2)
        return product
    # Elements of a row are not side by side, as BLAS wants them; those of the same place in all matrices are.
    gram = np.empty((len(stack), rows, rows))
    for one in range(rows):
        for other in range(one, rows):
            gram[:, one, other] = gram[:, other, one] = np.einsum("nc,nc->n", wide[:, one], wide[:, other])
    return gram


def lift(energy: float, random: float) -> float:
    """How much of the way from a random kernel (0) to a perfect fit (1) an energy is."""
    return (energy - random) / (1 - random) if random < 1 else 1.0


def depthwise_first(kernel: Array, rank: int) -> tuple[Array, Array]:
    """Depthwise (kh, kw, C, m) and pointwise (1, 1, C·m, N) kernels of the best fit; exact at m = min(k², N)."""
    kh, kw, channels, filters = kernel.shape
    basis, rest = _truncated(matrices(kernel, "depthwise_first"), rank)  # (C, k², m) and (C, m, N)
    depthwise = basis.transpose(1, 0, 2).reshape(kh, kw, channels, rank)
    return depthwise, rest.reshape(1, 1, channels * rank, filters)


def pointwise_first(kernel: Array) -> tuple[Array, Array]:
    """Pointwise (1, 1, C, N) and depthwise (kh, kw, N, 1) kernels of the best fit."""
    kh, kw, channels, filters = kernel.shape
    basis, rest = _truncated(matrices(kernel, "pointwise_first"), 1)  # (N, k², 1) and (N, 1, C)
    pointwise = rest[:, 0, :].T.reshape(1, 1, channels, filters)
    return pointwise, basis[:, :, 0].T.reshape(kh, kw, filters, 1)


def spatial(kernel: Array, rank: int) -> tuple[Array, Array]:
    """Vertical (kh, 1, C, r) and horizontal (1, kw, r, N) kernels of the best fit."""
    kh, kw, channels, filters = kernel.shape
    basis, rest = _truncated(matrices(kernel, "spatial"), rank)  # (1, kh·C, r) and (1, r, kw·N)
    vertical = basis[0].reshape(kh, 1, channels, rank)
    horizontal = rest[0].reshape(rank, kw, filters).transpose(1, 0, 2).reshape(1, kw, rank, filters)
    return vertical, horizontal


def channel(kernel: Array, rank: int) -> tuple[Array, Array]:
    """Window (kh, kw, C, r) and pointwise (1, 1, r, N) kernels of the best fit."""
    kh, kw, channels, filters = kernel.shape
    basis, rest = _truncated(matrices(kernel, "channel"), rank)
    return basis[0].reshape(kh, kw, channels, rank), rest[0].reshape(1, 1, rank, filters)


def approximations(kernel: Array, fit: str, ranks: Iterable[int]) -> Iterator[Array]:
    """The kernel that a fit of each rank amounts to, in float64."""
    left, values, right = np.linalg.svd(matrices(kernel, fit).astype(np.float64), full_matrices=False)
    for rank in ranks:
        stack = (left[:, :, :rank] * values[:, None, :rank]) @ right[:, :rank]
        yield kernel_of(stack, fit, kernel.shape)


def _truncated(stack: Array, rank: int) -> tuple[Array, Array]:
    """Orthonormal columns (n, rows, rank) and what they leave to multiply with (n, rank, columns), in float64.

    A rank above what the matrices have is filled up with zeros. The singular vectors are the eigenvectors of the
    smaller Gram matrix, which for large kernels takes a tenth of the time of an SVD; projecting on them is exact.
    """
    stack = stack.astype(np.float64)
    tall = stack.shape[1] > stack.shape[2]
    wide = stack.swapaxes(1, 2) if tall else stack
    have = min(rank, wide.shape[1])
    _, vectors = np.linalg.eigh(wide @ wide.swapaxes(1, 2))
    vectors = vectors[:, :, ::-1][:, :, :have]
    projected = vectors.swapaxes(1, 2) @ wide
    basis = np.zeros((*stack.shape[:2], rank))
    rest = np.zeros((stack.shape[0], rank, stack.shape[2]))
    if tall:
        norms = np.linalg.norm(projected, axis=2, keepdims=True)
        basis[:, :, :have] = (projected / np.where(norms > 0, norms, 1)).swapaxes(1, 2)
        rest[:, :have] = norms * vectors.swapaxes(1, 2)
    else:
        basis[:, :, :have] = vectors
        rest[:, :have] = projected
    return basis, rest
