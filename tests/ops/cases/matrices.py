"""Linear algebra and Fourier transforms."""

import numpy as np
from keras import ops

from .case import Case


def identity(shape: tuple[int, ...]) -> np.ndarray:
    """Matrices that have an inverse."""
    return np.broadcast_to(np.eye(*shape[-2:]), shape)


CASES = [
    Case(ops.cholesky, (4, 4), data=identity),
    Case(
        ops.cholesky_inverse,
        (4, 4),
        data=identity,
        trace=4 * 4 * 4,
    ),
    Case(ops.inv, (4, 4), data=identity),
    Case(ops.det, (2, 4, 4), data=identity),
    Case(ops.logdet, (2, 4, 4), data=identity),
    Case(lambda x: ops.slogdet(x[0]), (4, 4), data=identity),
    Case(ops.slogdet, (4, 4), data=identity, recorded=False),
    Case(lambda x: ops.lu_factor(x[0]), (4, 4), data=identity),
    Case(ops.qr, (4, 3)),
    Case(lambda x: ops.qr(x, mode="complete"), (4, 3)),
    Case(ops.qr, (3, 4)),
    Case(ops.solve, (4, 4), (4, 2), data=identity),
    Case(lambda x: ops.solve_triangular(x, np.ones((1, 4), "float32")), (4, 4), data=identity),
    Case(lambda x, y: ops.fft((x, y)), (4, 8), (4, 8)),
    Case(lambda x, y: ops.fft2((x, y)), (4, 8), (4, 8)),
    Case(lambda x, y: ops.ifft2((x, y)), (4, 8), (4, 8)),
    Case(ops.rfft, (4, 8)),
    Case(lambda x: ops.rfft(x, fft_length=16), (4, 8)),
    Case(lambda x, y: ops.irfft((x, y)), (4, 5), (4, 5)),
    Case(lambda x, y: ops.irfft((x, y), fft_length=16), (4, 5), (4, 5)),
    Case(lambda x: ops.stft(x, 8, 4, 8), (32,)),
    Case(lambda x: ops.stft(x, 6, 4, 8, center=False), (32,)),
    Case(lambda x, y: ops.istft((x, y), 8, 4, 8), (9, 5), (9, 5)),
    Case(lambda x, y: ops.istft((x, y), 8, 4, 8, length=30), (9, 5), (9, 5)),
    Case(lambda x, y: ops.istft((x, y), 8, 4, 8, center=False), (9, 5), (9, 5)),
]
