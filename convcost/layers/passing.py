"""Layers that pass their input on at inference: inputs, identities, and what acts in training alone."""

from __future__ import annotations

from typing import Any

from convcost.layers.base import Kind
from convcost.model import OpenShape, Shape


class InputLayer(Kind):
    """Where a tensor enters. `batch_shape` counts the batch dimension; None is open."""

    batch_shape: OpenShape | None = None
    input_dtype: str = "float32"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]


class _Passing(Kind):
    fusion = "alias"


class Identity(_Passing):
    pass


class Dropout(_Passing):
    rate: float = 0.0
    noise_shape: Any = None


class SpatialDropout1D(_Passing):
    rate: float = 0.0


class SpatialDropout2D(_Passing):
    rate: float = 0.0
    data_format: str | None = None


class SpatialDropout3D(_Passing):
    rate: float = 0.0
    data_format: str | None = None


class GaussianDropout(_Passing):
    rate: float = 0.0


class AlphaDropout(_Passing):
    rate: float = 0.0
    noise_shape: Any = None


class GaussianNoise(_Passing):
    stddev: float = 0.0


class ActivityRegularization(_Passing):
    l1: float = 0.0
    l2: float = 0.0


class Masking(_Passing):
    mask_value: float = 0.0
