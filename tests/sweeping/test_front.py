"""The law of the front: nobody on it is dominated, and everybody else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from convcost.sweeping.front import front

Points = list[tuple[int, int]]


def dominates(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_who_is_on_the_front(points: Points) -> None:
    found = list(front(points))
    assert len(set(found)) == len(found)
    for place, point in enumerate(points):
        assert (place in found) == (not any(dominates(other, point) for other in points))


def test_equals_stay_together() -> None:
    assert sorted(front([(1, 2), (2, 1), (1, 2), (2, 2), (1, 3)])) == [0, 1, 2]
