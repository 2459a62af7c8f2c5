"""Layers that prepare data inside a model: elementwise arithmetic."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind
from convcost.layers.normalization import sizes_along
from convcost.model import Shape, Weight


class Rescaling(Kind, kw_only=True):
    """x · scale + offset."""

    formula = "0 (elementwise: 2 FLOPs an element)"

    scale: Any
    offset: Any = 0.0

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"elementwise": 2 * prod(inputs[0])})


class Normalization(Kind):
    """(x − mean) / σ. Mean, variance and their count are weights unless they were given as settings."""

    formula = "0 (normalization: 2 FLOPs an element)"

    axis: int | tuple[int, ...] | None = -1
    mean: Any = None
    variance: Any = None
    invert: bool = False

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        if self.mean is not None or self.variance is not None:
            return ()
        kept = () if self.axis is None else sizes_along(self.axis, inputs[0])
        return (
            Weight("mean", kept, trainable=False),
            Weight("variance", kept, trainable=False),
            Weight("count", (), trainable=False, dtype="int64"),
        )

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"normalization": 2 * prod(inputs[0])})
