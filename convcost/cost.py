"""What it costs. Counts are ints; costs add up with `+`; totals are derived from rows, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class Cost(msgspec.Struct, frozen=True, gc=False):
    """Arithmetic of a layer: multiply-accumulates of its contractions, and all other FLOPs by category.

    The categories are bias, normalization, activation, pooling, merge and elementwise; operations on tensors add linalg
    (factorizations) and fft.
    """

    macs: int = 0
    other: Mapping[str, int] = {}

    @property
    def other_flops(self) -> int:
        return sum(self.other.values())

    @property
    def flops(self) -> int:
        """2·macs + other_flops."""
        return 2 * self.macs + self.other_flops

    def __add__(self, more: Cost) -> Cost:
        other = dict(self.other)
        for category, flops in more.other.items():
            other[category] = other.get(category, 0) + flops
        return Cost(self.macs + more.macs, other)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.macs * times, {category: flops * times for category, flops in self.other.items()})


NOTHING = Cost()


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of all costs."""
    macs = 0
    other: dict[str, int] = {}
    for cost in costs:
        macs += cost.macs
        for category, flops in cost.other.items():
            other[category] = other.get(category, 0) + flops
    return Cost(macs, other)
