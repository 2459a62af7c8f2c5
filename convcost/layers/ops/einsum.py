"""Einstein summation. Several operands are contracted pair by pair, in the order that TensorFlow takes.

TensorFlow leaves it to opt_einsum's greedy search (Smith and Gray, JOSS 3(26), 753, 2018): of the pairs that share an
index which is summed over, the one whose product shrinks the most comes first. The order found here is the same for up
to four operands; from five on, that search may miss a pair which is found here. (JAX takes the best order of all.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from convcost.cost import Cost, total
from convcost.errors import ShapeError, UncountedError
from convcost.layers.arithmetic import broadcast, prod
from convcost.layers.ops.base import BaseOp, elementwise
from convcost.model import Shape

Labels = frozenset[str]

MOST_FACTORS = 32
"""Operands whose order is looked for, as many as numpy takes."""


class Einsum(BaseOp):
    """A pair that sums over an index of both multiplies and adds once per combination of all indices.

    Other pairs (and a sole operand) are elementwise. What only one operand has and nobody needs is summed beforehand.
    """

    formula = "product of all index sizes, for each pair that sums over an index of both"
    arguments = ("*factors",)

    subscripts: str
    factors: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        _, output, sizes = self.labelled(inputs)
        return tuple(sizes[label] for label in output)

    def cost(self, *inputs: Shape) -> Cost:
        terms, output, sizes = self.labelled(inputs)
        if len(terms) > MOST_FACTORS:
            raise UncountedError(f"the order of {len(terms)} operands is not looked for, allowed: {MOST_FACTORS}")
        kept = frozenset(output)
        if len(terms) == 1:
            return elementwise(1, _sizes(frozenset(terms[0]), sizes)) if set(terms[0]) - kept else Cost()
        return total(pair_cost(*pair, sizes) for pair in pairs([frozenset(term) for term in terms], kept, sizes))

    def labelled(self, inputs: tuple[Shape, ...]) -> tuple[list[list[str]], list[str], dict[str, int]]:
        """The labels of every operand's axes, those of the output, and the size of each label."""
        shapes = self.operands(inputs)
        left, arrow, right = self.subscripts.replace(" ", "").partition("->")
        written = left.split(",")
        if len(written) != len(shapes):
            raise ShapeError(f"subscripts {self.subscripts!r} are for {len(written)} operands, got {len(shapes)}")
        terms = [_labels(term, len(shape)) for term, shape in zip(written, shapes, strict=True)]
        sizes: dict[str, int] = {}
        for term, shape in zip(terms, shapes, strict=True):
            for label, size in zip(term, shape, strict=True):
                if not label.startswith(".") and sizes.get(label, size) != size:
                    raise ShapeError(f"subscripts {self.subscripts!r}: {label} is {sizes[label]} and {size}")
                (sizes[label],) = broadcast((sizes.get(label, 1),), (size,))
        hidden = sorted((label for label in sizes if label.startswith(".")), reverse=True)
        if arrow:
            before, _, after = right.partition("...")
            output = [*before, *(hidden if "..." in right else ()), *after]
        else:
            output = [*hidden, *sorted(label for label in sizes if left.count(label) == 1)]
        return terms, output, sizes


def _labels(term: str, rank: int) -> list[str]:
    """One label an axis. Those under the ellipsis are ".1", ".2", … from the right, since they broadcast."""
    before, ellipsis, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not ellipsis):
        raise ShapeError(f"subscripts {term!r} are for {len(before) + len(after)} axes, its operand has {rank}")
    return [*before, *(f".{place:02}" for place in range(hidden, 0, -1)), *after]


def pairs(terms: Sequence[Labels], output: Labels, sizes: Mapping[str, int]) -> Iterator[tuple[Labels, Labels, Labels]]:
    """Every product of two operands in order: the labels of both, and those that it keeps."""
    left, seen = dict(enumerate(terms)), dict(enumerate(terms))
    waiting = output | frozenset.intersection(*terms)  # what all share is summed in the last product
    for number in range(len(terms), 2 * len(terms) - 1):
        one, other = min(combinations(left, 2), key=lambda pair: _urgency(pair, seen, waiting, sizes))
        first, second = left.pop(one), left.pop(other)
        left[number] = (first | second) & output.union(*left.values())
        yield first, second, left[number]
        # The search goes on as if operands with the same labels had kept all of them.
        alike, merged = seen[one] == seen[other], seen.pop(one) | seen.pop(other)
        seen[number] = merged if alike else merged & waiting.union(*seen.values())


def _urgency(
    pair: tuple[int, int], seen: Mapping[int, Labels], waiting: Labels, sizes: Mapping[str, int]
) -> tuple[Any, ...]:
    """Lowest first: operands with the same labels, then those that contract, by growth, then small outer products."""
    one, other = pair
    first, second = seen[one], seen[other]
    if first == second:
        return 0, one, other
    if not (first & second) - waiting:
        return 2, *sorted((prod(_sizes(seen[number] & waiting, sizes)), number) for number in pair)
    needed = waiting.union(*(labels for number, labels in seen.items() if number not in pair))
    growth = prod(_sizes((first | second) & needed, sizes)) - prod(_sizes(first, sizes)) - prod(_sizes(second, sizes))
    return 1, growth, other, one


def _sizes(labels: Labels, sizes: Mapping[str, int]) -> Shape:
    return tuple(sizes[label] for label in labels)


def pair_cost(first: Labels, second: Labels, kept: Labels, sizes: Mapping[str, int]) -> Cost:
    """One product of two operands: a contraction where it sums over a label of both, else elementwise."""
    multiplied = (first & second) | kept
    if (first & second) - kept:
        return Cost(prod(_sizes(multiplied, sizes)))
    return elementwise(1, _sizes(multiplied, sizes))
