"""The closed-form fits: exact at full rank, best at every rank, and as good as they claim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.kernels import fits

Array = np.ndarray


@st.composite
def kernels(draw: st.DrawFn) -> Array:
    """Kernels of structure and noise, of any scale."""
    shape = tuple(draw(st.integers(1, most)) for most in (4, 4, 6, 7))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e4]))
    rank_one = np.einsum("i,j,c,n->ijcn", *(generator.standard_normal(size) for size in shape))
    return scale * (rank_one + draw(st.sampled_from([0.0, 0.1, 3.0])) * generator.standard_normal(shape))


def composed(kernel: Array, fit: str, rank: int) -> Array:
    """The kernel that the two steps of a fit amount to when one follows the other."""
    kh, kw, channels, filters = kernel.shape
    if fit == "depthwise_first":
        depthwise, pointwise = fits.depthwise_first(kernel, rank)
        assert (depthwise.shape, pointwise.shape) == ((kh, kw, channels, rank), (1, 1, channels * rank, filters))
        return np.einsum("ijcm,cmn->ijcn", depthwise, pointwise.reshape(channels, rank, filters))
    if fit == "pointwise_first":
        pointwise, depthwise = fits.pointwise_first(kernel)
        assert (pointwise.shape, depthwise.shape) == ((1, 1, channels, filters), (kh, kw, filters, 1))
        return np.einsum("cn,ijn->ijcn", pointwise[0, 0], depthwise[..., 0])
    if fit == "spatial":
        vertical, horizontal = fits.spatial(kernel, rank)
        assert (vertical.shape, horizontal.shape) == ((kh, 1, channels, rank), (1, kw, rank, filters))
        return np.einsum("icr,jrn->ijcn", vertical[:, 0], horizontal[0])
    window, pointwise = fits.channel(kernel, rank)
    assert (window.shape, pointwise.shape) == ((kh, kw, channels, rank), (1, 1, rank, filters))
    return np.einsum("ijcr,rn->ijcn", window, pointwise[0, 0])


@pytest.mark.parametrize("fit", fits.FITS)
@given(kernels(), st.data())
def test_a_fit_keeps_the_energy_that_it_claims(fit: str, kernel: Array, data: st.DataObject) -> None:
    kept = fits.energies(kernel, fit)
    rank = 1 if fit == "pointwise_first" else data.draw(st.integers(1, len(kept) + 1))
    fitted = composed(kernel, fit, rank)
    lost = np.square(kernel - fitted).sum() / np.square(kernel).sum()
    assert 1 - lost == pytest.approx(kept[min(rank, len(kept)) - 1], abs=1e-9)
    (whole,) = fits.approximations(kernel, fit, [rank])
    assert np.allclose(whole, fitted, rtol=0, atol=1e-9 * np.abs(kernel).max())


@pytest.mark.parametrize("fit", fits.FITS)
@given(kernels())
def test_full_rank_is_exact_and_energy_grows_with_rank(fit: str, kernel: Array) -> None:
    kept = fits.energies(kernel, fit)
    assert kept[-1] == 1.0
    assert (np.diff(kept) >= -1e-12).all()
    (whole,) = fits.approximations(kernel, fit, [len(kept)])
    assert np.allclose(whole, kernel, rtol=0, atol=1e-9 * np.abs(kernel).max())


@pytest.mark.parametrize("fit", fits.FITS)
@given(kernels(), st.sampled_from([2.0, -3.0]))
def test_energy_knows_no_scale_and_no_order_of_filters(fit: str, kernel: Array, scale: float) -> None:
    kept = fits.energies(kernel, fit)
    assert fits.energies(scale * kernel, fit) == pytest.approx(kept, abs=1e-9)
    assert fits.energies(kernel[..., ::-1, ::-1], fit) == pytest.approx(kept, abs=1e-9)


@given(kernels())
def test_no_other_fit_of_the_rank_is_better(kernel: Array) -> None:
    """Eckart and Young, for the depthwise fit: a random depthwise step with its best pointwise one keeps no more."""
    kh, kw, channels, filters = kernel.shape
    taps = kernel.reshape(kh * kw, channels, filters)
    basis = np.random.default_rng(0).standard_normal((channels, kh * kw))
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    kept = np.square(np.einsum("ck,kcn->cn", basis, taps)).sum() / np.square(taps).sum()
    assert kept <= fits.energies(kernel, "depthwise_first")[0] + 1e-12


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_sums_are_in_float64(dtype: str) -> None:
    """In float16 the squares alone would overflow: 300² is above its largest number."""
    kernel = (300 * np.random.default_rng(0).standard_normal((3, 3, 8, 16))).astype(dtype)
    for fit in fits.FITS:
        assert fits.energies(kernel, fit) == pytest.approx(fits.energies(kernel.astype(np.float64), fit), abs=1e-12)


def test_a_kernel_that_is_separable_is_seen_as_such() -> None:
    generator = np.random.default_rng(0)
    kernel = np.einsum("ijc,cn->ijcn", generator.standard_normal((3, 3, 5)), generator.standard_normal((5, 7)))
    assert fits.energies(kernel, "depthwise_first")[0] == pytest.approx(1)
    assert fits.energies(kernel, "channel")[0] < 0.9
    assert fits.lift(1.0, 0.2) == 1
    assert fits.lift(0.2, 0.2) == 0


def test_zeros_are_kept_by_any_rank() -> None:
    assert (fits.energies(np.zeros((3, 3, 2, 4)), "spatial") == 1).all()


@pytest.mark.parametrize("fit", fits.FITS)
def test_random_kernels_have_no_lift(fit: str) -> None:
    """The published range for a 3×3 kernel at m = 1: 0.14 to 0.19."""
    shape = (3, 3, 64, 64)
    kernel = np.random.default_rng(1).standard_normal(shape)
    kept, random = fits.energies(kernel, fit), fits.of_random(shape, fit)
    assert kept == pytest.approx(random, abs=0.01)
    if fit == "depthwise_first":
        assert 0.14 < random[0] < 0.25


def test_kernels_of_one_and_three_dimensions() -> None:
    assert fits.as_2d(np.zeros((5, 2, 3))).shape == (1, 5, 2, 3)
    assert fits.as_2d(np.zeros((2, 3, 4, 5, 6))).shape == (2, 12, 5, 6)
