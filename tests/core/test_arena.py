"""Laws of the planners, and hand-made plans. tests/readers/test_arena.py asks the runtimes themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.memory.arena import PLANNERS, Buffer, litert, tflm


@st.composite
def buffers(draw: st.DrawFn) -> list[Buffer]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        first = draw(st.integers(0, 8))
        last = first + draw(st.integers(0, 4))
        found.append(Buffer(number, str(number), draw(st.integers(0, 300)), first, last))
    return found


@pytest.mark.parametrize(("runtime", "alignment"), [("litert", 64), ("tflm", 16)])
def test_what_lives_together_does_not_overlap(runtime: str, alignment: int) -> None:
    @given(buffers())
    def holds(needed: list[Buffer]) -> None:
        plan = PLANNERS[runtime](needed)
        assert sorted(place.buffer.tensor for place in plan.places) == [one.tensor for one in needed]
        for one in plan.places:
            assert one.offset % alignment == 0
            assert one.end <= plan.bytes
            for other in plan.places:
                together = one.buffer.first <= other.buffer.last and other.buffer.first <= one.buffer.last
                if one is not other and together and one.buffer.bytes and other.buffer.bytes:
                    assert one.end <= other.offset or other.end <= one.offset
        for step in range(14):
            assert plan.bytes >= sum(one.bytes for one in needed if one.first <= step <= one.last)

    holds()


def test_litert_takes_the_smallest_gap_and_tflm_the_first() -> None:
    """Where `b` and `d` were, there is room of 192 bytes at 256 and of 128 (LiteRT) at 576."""
    needed = [Buffer(0, "a", 256, 0, 9), Buffer(1, "b", 160, 0, 1), Buffer(2, "c", 128, 0, 9), Buffer(3, "d", 96, 0, 1)]
    needed += [Buffer(4, "e", 80, 0, 9), Buffer(5, "late", 64, 5, 9)]
    assert {place.buffer.name: place.offset for place in litert(needed).places}["late"] == 576
    assert {place.buffer.name: place.offset for place in tflm(needed).places}["late"] == 256


def test_of_equals_litert_places_the_earlier_first_and_tflm_the_later() -> None:
    needed = [Buffer(0, "a", 64, 0, 1), Buffer(1, "b", 64, 1, 2)]
    assert [place.buffer.name for place in litert(needed).places] == ["a", "b"]
    assert [place.buffer.name for place in tflm(needed).places] == ["b", "a"]


def test_litert_places_first_what_lives_throughout() -> None:
    needed = [Buffer(0, "big", 640, 1, 2), Buffer(1, "input", 64, 0, 9, throughout=True)]
    assert [(place.buffer.name, place.offset) for place in litert(needed).places] == [("input", 0), ("big", 64)]
