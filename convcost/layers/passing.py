"""Layers that pass their input on at inference: inputs, identities, and what acts in training alone."""

from __future__ import annotations

from typing import Any

from convcost.layers.base import Kind, Natural
from convcost.model import Shape


class InputLayer(Kind):
    """Where a tensor enters. `batch_shape` counts the batch dimension; None is open."""

    batch_shape: tuple[Natural | None, ...] | None = None
    input_dtype: str = "float32"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class BasePassing(Kind):
    fusion = "alias"


class Identity(BasePassing):
    pass


class Dropout(BasePassing, kw_only=True):
    rate: float
    noise_shape: Any = None


class SpatialDropout1D(BasePassing, kw_only=True):
    rate: float


class SpatialDropout2D(BasePassing, kw_only=True):
    rate: float
    data_format: str | None = None


class SpatialDropout3D(BasePassing, kw_only=True):
    rate: float
    data_format: str | None = None


class GaussianDropout(BasePassing, kw_only=True):
    rate: float


class AlphaDropout(BasePassing, kw_only=True):
    rate: float
    noise_shape: Any = None


class GaussianNoise(BasePassing, kw_only=True):
    stddev: float


class ActivityRegularization(BasePassing):
    l1: float = 0.0
    l2: float = 0.0


class Masking(BasePassing):
    mask_value: float = 0.0
