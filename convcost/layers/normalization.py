"""Normalizations: arithmetic per element, counted as in inference, never MACs."""

from __future__ import annotations

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, axis_of
from convcost.model import Shape, Weight

Axes = int | tuple[int, ...]


def per_element(flops: int, shape: Shape) -> Cost:
    return Cost(0, {"normalization": flops * prod(shape)})


def sizes_along(axis: Axes, shape: Shape) -> Shape:
    """The sizes of `shape` along one axis or several."""
    axes = (axis,) if isinstance(axis, int) else axis
    return tuple(shape[axis_of(one, len(shape))] for one in axes)


class BatchNormalization(Kind):
    """At inference a multiplication and an addition per element: x·a + b, with a and b known beforehand."""

    formula = "0 (normalization: 2 FLOPs an element)"
    fusion = "producer"

    axis: Axes = -1
    center: bool = True
    scale: bool = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = sizes_along(self.axis, inputs[0])
        learned = [("gamma", self.scale), ("beta", self.center)]
        return (
            *(Weight(name, shape) for name, there in learned if there),
            Weight("moving_mean", shape, trainable=False),
            Weight("moving_variance", shape, trainable=False),
        )

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(2, inputs[0])


class LayerNormalization(Kind):
    """Mean, difference, square, its mean, and the product with 1/σ: 5 FLOPs an element, and gamma and beta one each."""

    formula = "0 (normalization: 5 FLOPs an element, and gamma and beta one each)"

    axis: Axes = -1
    center: bool = True
    scale: bool = True
    rms_scaling: bool = False

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = sizes_along(self.axis, inputs[0])
        if self.rms_scaling:
            return (Weight("gamma", shape),)
        learned = [("gamma", self.scale), ("beta", self.center)]
        return tuple(Weight(name, shape) for name, there in learned if there)

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(5 + self.scale + self.center, inputs[0])


class GroupNormalization(Kind):
    """Layer normalization within groups of channels (arXiv 1803.08494): 5 FLOPs an element, gamma and beta one each."""

    formula = "0 (normalization: 5 FLOPs an element, and gamma and beta one each)"

    groups: int = 32
    """-1: each channel by itself."""
    axis: int = -1
    center: bool = True
    scale: bool = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        (channels,) = sizes_along(self.axis, inputs[0])
        groups = channels if self.groups == -1 else self.groups
        if groups < 1 or channels % groups:
            raise ShapeError(f"groups is {self.groups}, which does not divide the input's {channels} channels")
        learned = [("gamma", self.scale), ("beta", self.center)]
        return tuple(Weight(name, (channels,)) for name, there in learned if there)

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(5 + self.scale + self.center, inputs[0])


class RMSNormalization(Kind):
    """Square, mean, the product with 1/RMS and with the scale (arXiv 1910.07467): 4 FLOPs an element."""

    formula = "0 (normalization: 4 FLOPs an element)"

    axis: Axes = -1

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        axes = self.axis if isinstance(self.axis, int) else tuple(sorted(self.axis))
        return (Weight("scale", sizes_along(axes, inputs[0])),)

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(4, inputs[0])


class UnitNormalization(Kind):
    """Square, sum, and the product with 1/norm: 3 FLOPs an element."""

    formula = "0 (normalization: 3 FLOPs an element)"

    axis: Axes = -1

    def cost(self, *inputs: Shape) -> Cost:
        return per_element(3, inputs[0])
