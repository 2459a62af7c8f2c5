"""The Pareto front: the configurations that no other beats in one metric without being beaten in another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec


class Objective(msgspec.Struct, frozen=True):
    """A metric, or a parameter that stands for one (a resolution for quality), and which way is better."""

    name: str
    better: Literal["min", "max"] = "min"


def front(points: Sequence[tuple[float, float]]) -> Iterable[int]:
    """The places of the points that no other dominates: none is as low in both and lower in one. Equals stay together.

    Points are taken by their first figure, so that only those before can dominate (Kung, Luccio and Preparata 1975).
    """
    lowest, reached = None, None
    for place in sorted(range(len(points)), key=lambda one: points[one]):
        first, second = points[place]
        if lowest is None or second < lowest or (first, second) == reached:
            lowest, reached = second, (first, second)
            yield place
