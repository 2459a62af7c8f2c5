"""Sorting, searching and running sums along an axis. A sort of n elements compares about n · log₂ n times."""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.cost import Cost
from convcost.layers.arithmetic import prod
from convcost.layers.ops.base import Axes, BaseOp, axes_of, define, elementwise
from convcost.model import Shape


def levels(size: int) -> int:
    """⌈log₂ size⌉: the depth of a search among so many."""
    return (size - 1).bit_length()


def sorting_cost(shape: Shape, axes: Axes) -> Cost:
    """Comparisons to sort along the given axes together (None: all of it)."""
    sorted_size = prod(shape[axis] for axis in axes_of(axes, len(shape)))
    return elementwise(levels(sorted_size), shape)


class BaseAlong(BaseOp):
    """Shape-preserving along one axis; None works on the flattened tensor."""

    axis: int | None = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        axes_of(self.axis, len(inputs[0]))
        return (prod(inputs[0]),) if self.axis is None else inputs[0]


class BaseSort(BaseAlong):
    formula = "0 (elementwise: log₂ of the sorted size per element)"

    def cost(self, *inputs: Shape) -> Cost:
        return sorting_cost(inputs[0], self.axis)


define(BaseSort, "Argpartition Argsort Sort")


class BaseRunning(BaseAlong):
    formula = "0 (elementwise)"
    flops: ClassVar[int]

    axis: int | None = None

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, inputs[0])


define(BaseRunning, flops={1: "Cumprod Cumsum", 2: "Nancumprod Nancumsum"})


class TopK(BaseOp):
    """The k largest of the last axis, and where they stand."""

    formula = BaseSort.formula
    k: int

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [(*inputs[0][:-1], self.k)] * 2

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(levels(self.k), inputs[0])


class InTopK(BaseOp):
    """Whether the score of the target is among the k highest: one comparison per score."""

    formula = "0 (elementwise: 1 FLOP per score)"
    arguments = ("targets", "predictions")

    k: int
    targets: Any = None
    predictions: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.operands(inputs)[0]

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, self.operands(inputs)[1])


class BaseSearch(BaseOp):
    """Each of the first operand is looked up in the second, which is sorted."""

    formula = "0 (elementwise: log₂ of the searched size per element)"
    arguments = ("x1", "x2")

    x1: Any = None
    x2: Any = None

    def searched(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """What is looked up, and where."""
        sought, among = self.operands(inputs)
        return sought, among

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.searched(inputs)[0]

    def cost(self, *inputs: Shape) -> Cost:
        sought, among = self.searched(inputs)
        return elementwise(levels(prod(among)), sought)


define(BaseSearch, "Digitize IsIn")


class SearchSorted(BaseSearch):
    def searched(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        among, sought = self.operands(inputs)
        return sought, among


class Histogram(BaseOp):
    """Counts in equal bins, and the edges of the bins: a subtraction, a division and a count per element."""

    formula = "0 (elementwise: 3 FLOPs per input element)"
    bins: int = 10

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [(self.bins,), (self.bins + 1,)]

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(3, inputs[0])
