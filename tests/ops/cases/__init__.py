"""Calls of every operation of `keras.ops` on small tensors, by family."""

from . import contractions, elementwise, images, matrices, moving, networks, reductions
from .case import Case

CASES: list[Case] = [
    *elementwise.CASES,
    *reductions.CASES,
    *moving.CASES,
    *contractions.CASES,
    *networks.CASES,
    *images.CASES,
    *matrices.CASES,
]
