"""Reductions along axes: so many FLOPs for each element that goes in, never a MAC."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from convcost.cost import Cost
from convcost.errors import UncountedError
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.ops.base import Axes, BaseOp, axes_of, define, elementwise
from convcost.layers.ops.sorting import sorting_cost
from convcost.model import Shape


def reduced(shape: Shape, axes: Axes, keepdims: bool) -> Shape:
    """`shape` without the given axes, or with size 1 along them."""
    gone = axes_of(axes, len(shape))
    sizes = ((1 if axis in gone else size) for axis, size in enumerate(shape) if keepdims or axis not in gone)
    return tuple(sizes)


class BaseReduction(BaseOp):
    formula = "0 (elementwise: so many FLOPs per input element)"
    flops: ClassVar[int] = 1

    axis: Axes = None
    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> Shape:
        return reduced(inputs[0], self.axis, self.keepdims)

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, inputs[0])


define(
    BaseReduction,
    flops={
        1: "All Amax Amin Any Argmax Argmin CountNonzero Max Mean Min Prod Sum",
        2: "Nanargmax Nanargmin Nanmax Nanmean Nanmin Nanprod Nansum Ptp",
        4: "Logsumexp Std Var",  # maximum, difference, exp, sum; mean, difference, square, sum
        5: "Nanstd Nanvar",
    },
)


class BaseMedian(BaseReduction):
    """Of the sorted elements."""

    formula = "0 (elementwise: log₂ of the sorted size per element)"

    def cost(self, *inputs: Shape) -> Cost:
        return sorting_cost(inputs[0], self.axis)


define(BaseMedian, "Median Nanmedian")


class BaseQuantile(BaseMedian):
    """Of the sorted elements; several quantiles come out along a new first axis."""

    arguments = ("x", "q")

    x: Any = None
    q: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        tensor, quantiles = self.operands(inputs)
        return (*quantiles, *reduced(tensor, self.axis, self.keepdims))


define(BaseQuantile, "Nanpercentile Nanquantile Percentile Quantile")


class Average(BaseReduction):
    """A mean; with weights, the contraction of elements and weights, over the sum of the weights."""

    formula = "elements, where there are weights"
    arguments = ("x", "weights")

    x: Any = None
    weighted_by: Any = msgspec.field(default=None, name="weights")

    def output_shape(self, *inputs: Shape) -> Shape:
        return reduced(self.operands(inputs)[0], self.axis, keepdims=False)

    def cost(self, *inputs: Shape) -> Cost:
        tensor, *weights = self.operands(inputs)
        return Cost(prod(tensor)) + elementwise(1, weights[0]) if weights else elementwise(1, tensor)


class Norm(BaseReduction):
    """√Σx², or another vector norm. The spectral norms of a matrix need its singular values."""

    flops = 2
    ord: Any = None

    def cost(self, *inputs: Shape) -> Cost:
        if len(axes_of(self.axis, len(inputs[0]))) > 1 and self.ord in (2, -2, "nuc"):
            raise UncountedError(f"norm with ord {self.ord} needs singular values, which an iteration finds")
        return super().cost(*inputs)


class Moments(BaseOp):
    """Mean and variance."""

    formula = "0 (elementwise: 4 FLOPs per input element)"

    axes: Axes = None
    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [reduced(inputs[0], self.axes, self.keepdims)] * 2

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(4, inputs[0])


class Trapezoid(BaseOp):
    """Σ (y₁ + y₂)/2 · dx along an axis."""

    formula = "0 (elementwise: 4 FLOPs per input element)"

    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        return reduced(inputs[0], self.axis, keepdims=False)

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(4, inputs[0])


class CDist(BaseOp):
    """√Σ(x − y)² between all rows: differences, squares and a sum, no contraction of the two."""

    formula = "0 (elementwise: 3 FLOPs per pair of rows and column)"
    arguments = ("x", "y")

    x: Any = None
    y: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        left, right = self.operands(inputs)
        return (*broadcast(left[:-2], right[:-2]), left[-2], right[-2])

    def cost(self, *inputs: Shape) -> Cost:
        columns = self.operands(inputs)[0][-1]
        return elementwise(3, (*self.output_shape(*inputs), columns))


class BaseSegment(BaseOp):
    """A reduction of the rows that have the same segment number."""

    formula = "0 (elementwise: 1 FLOP per input element)"
    arguments = ("data", "segment_ids")

    data: Any = None
    segment_ids: Any = None
    num_segments: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.num_segments is None:
            raise UncountedError("num_segments is not given: the highest number in the data decides")
        return (self.num_segments, *self.operands(inputs)[0][1:])

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, self.operands(inputs)[0])


define(BaseSegment, "SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum")
