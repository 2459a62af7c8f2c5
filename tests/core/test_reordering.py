"""The order of least peak, against all orders of small graphs; and what it is on known shapes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.layers.convolution import Conv2D
from convcost.layers.merging import Add, Concatenate
from convcost.memory.footprint import footprint
from convcost.memory.fused import Fused, Node
from convcost.memory.live_set import Step, fused, peak_of, walk
from convcost.memory.reordering import reordered
from convcost.profile import followed
from convcost.readers.keras_live import read_live
from tests.building import graph
from tests.core.test_memory import walks


def peak(of: Fused, order: tuple[int, ...]) -> int:
    return max((now for _, now, _ in walk(of, order)), default=0)


def allowed(of: Fused, order: tuple[int, ...]) -> bool:
    """Whether every step comes after those before it in the file that put out what it reads."""
    at = {place: index for index, place in enumerate(order)}
    return all(
        at[writer] < at[reader]
        for reader, reads in enumerate(of.nodes)
        for writer, writes in enumerate(of.nodes[:reader])
        if writes.writes & reads.reads
    )


def orders(of: Fused) -> Iterator[tuple[int, ...]]:
    return (order for order in permutations(range(len(of.nodes))) if allowed(of, order))


@given(walks(most=6))
def test_no_order_is_better(random_walk: tuple[list[Step], list[int]]) -> None:
    whole = fused(*random_walk)
    found = reordered(whole)
    assert found.exact
    assert allowed(whole, found.order)
    assert sorted(found.order) == list(range(len(whole.nodes)))
    assert found.bytes == peak(whole, found.order) == min(peak(whole, order) for order in orders(whole))


@given(walks(most=12), st.integers(0, 3))
def test_a_bound_is_below_an_order_that_is_not_worse_than_that_of_the_file(
    random_walk: tuple[list[Step], list[int]], most_sets: int
) -> None:
    whole = fused(*random_walk)
    optimum, bound = reordered(whole), reordered(whole, most_sets=most_sets)
    assert bound.at_least <= optimum.bytes <= bound.bytes <= max(peak_of(whole).bytes, 0)
    assert allowed(whole, bound.order)
    assert bound.bytes == peak(whole, bound.order)


def test_a_branch_that_ends_small_runs_before_one_that_stays_wide() -> None:
    """16 channels in; `wide` keeps them, `slim` goes over 32 to 1."""
    wide = {"wide": (Conv2D(filters=16, kernel_size=1), [["stem"]])}
    slim = {
        "up": (Conv2D(filters=32, kernel_size=1), [["stem"]]),
        "slim": (Conv2D(filters=1, kernel_size=1), [["up"]]),
    }
    stem = {"stem": (Conv2D(filters=16, kernel_size=1), [["input"]])}
    end = {"end": (Concatenate(), [["wide", "slim"]])}
    _, poor = followed(graph({**stem, **wide, **slim, **end}, ["end"]))
    _, good = followed(graph({**stem, **slim, **wide, **end}, ["end"]))
    pixels = 4 * 8 * 8
    assert peak_of(poor).bytes == pixels * (16 + 16 + 32)
    assert peak_of(good).bytes == pixels * (16 + 32 + 1)
    assert reordered(poor).bytes == reordered(good).bytes == pixels * (16 + 32 + 1)
    assert [poor.nodes[place].layer for place in reordered(poor).order] == ["stem", "up", "slim", "wide", "end"]


def test_a_chain_has_one_order() -> None:
    nodes = {f"c{n}": (Conv2D(filters=n, kernel_size=1), [["input" if n == 1 else f"c{n - 1}"]]) for n in range(1, 300)}
    _, whole = followed(graph(nodes, ["c299"]))
    assert reordered(whole).order == tuple(range(299))


def test_branches_as_wide_as_those_of_real_networks_are_solved() -> None:
    """Ten blocks of six branches of three steps, put in a poor order."""
    draw = random.Random(7)
    nodes: dict[str, tuple[object, list[list[str]]]] = {}
    above = "input"
    for block in range(10):
        ends = []
        for branch in range(6):
            last = above
            for step in range(3):
                name = f"b{block}_{branch}_{step}"
                filters = draw.randint(1, 64) if step < 2 else 16
                nodes[name] = (Conv2D(filters=filters, kernel_size=1), [[last]])
                last = name
            ends.append(last)
        above = f"add{block}"
        nodes[above] = (Add(), [ends])
    _, whole = followed(graph(nodes, [above]))
    found = reordered(whole)
    assert found.exact
    assert found.bytes < peak_of(whole).bytes


def test_too_wide_a_graph_is_a_bound_and_says_so() -> None:
    """Thirty branches, each small, wide, small: no rule runs one at once, and their sets are too many."""
    draw = random.Random(1)
    size: dict[int, int] = {0: 50}
    nodes, ends = [], []
    for branch in range(30):
        a, b = 2 * branch + 1, 2 * branch + 2
        size[a], size[b] = draw.randint(20, 60), draw.randint(60, 99)
        nodes += [
            Node(f"a{branch}", frozenset({0}), frozenset({a})),
            Node(f"b{branch}", frozenset({a}), frozenset({b})),
        ]
        ends.append(b)
    size[1000] = 1
    nodes.append(Node("end", frozenset(ends), frozenset({1000})))
    whole = Fused(tuple(nodes), size, dict.fromkeys(size, ""), frozenset({0}), frozenset({1000}))
    found = reordered(whole, most_sets=50)
    assert not found.exact
    assert found.at_least < found.bytes <= peak_of(whole).bytes


def test_xception_has_a_better_order_than_that_of_its_file() -> None:
    """Keras makes the shortcut of a block before the block, where it waits for all of it."""
    keras = pytest.importorskip("keras")
    found = footprint(read_live(keras.applications.Xception(weights=None)), reorder=True)
    assert found.reordering is not None and found.reordering.exact
    assert found.report.peak.bytes == 27_659_520
    assert found.peak_bytes == found.reordering.bytes == 24_931_328


def test_a_graph_of_very_many_steps_is_a_bound_at_once() -> None:
    """The peak of the file is told, and that no order is below what one step needs by itself."""
    count = 3000
    nodes = [Node(f"a{n}", frozenset({0}), frozenset({n})) for n in range(1, count)]
    nodes.append(Node("end", frozenset(range(1, count)), frozenset({count})))
    size = dict.fromkeys(range(count + 1), 2)
    whole = Fused(tuple(nodes), size, dict.fromkeys(size, ""), frozenset({0}), frozenset({count}))
    found = reordered(whole)
    assert found.bytes == found.at_least == 2 * count
    assert found.order == tuple(range(count))
