"""The execution order of fused steps in which the fewest bytes are alive at once.

A best-first search over the sets of steps that have run: what is alive hangs on the set alone, not on its order, so
that each set is looked at once, and sets with a lower peak first (the search for a path of least bottleneck). The first
complete set is an optimum. That orders matter, and by how much, is shown in arXiv 1910.05110.

One rule keeps the search small: a step that is ready, fits under the peak so far, and does not raise what is alive,
runs at once. It may, since whatever runs between now and the time at which another order would run it has no more bytes
alive for it: the later the step runs, the more buffers it frees, never fewer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec

from convcost.memory.fused import Fused
from convcost.memory.live_set import walk

MOST_SETS = 20_000
"""Sets of steps that are looked at; after that the answer is a bound."""
MOST_WORK = 2_000_000
"""Steps that are tried in all, some seconds; the same."""
MOST_STEPS = 2_000
"""Of a graph in which another order is looked for."""


class Reordering(msgspec.Struct, frozen=True):
    """An order (places in `Fused.nodes`) and its peak. No order has a peak below `at_least`."""

    order: tuple[int, ...]
    bytes: int
    at_least: int

    @property
    def exact(self) -> bool:
        return self.bytes == self.at_least


class _State(msgspec.Struct, frozen=True):
    """A set of steps that have run (bits of `done`), the highest peak on the way, and what is alive after it."""

    peak: int
    done: int
    live: int
    ready: tuple[int, ...]
    path: tuple[int, ...] = ()
    """The steps since the state before."""


def reordered(graph: Fused, most_sets: int = MOST_SETS) -> Reordering:
    """The order with the least peak; that of the file where no other is better."""
    given = Reordering(tuple(range(len(graph.nodes))), _peak(graph, range(len(graph.nodes))), 0)
    search = _Search(graph)
    if len(graph.nodes) > MOST_STEPS:
        return msgspec.structs.replace(given, at_least=search.start().peak)
    found = search.best(below=given.bytes, most_sets=most_sets)
    return msgspec.structs.replace(given, at_least=found.at_least) if found.bytes >= given.bytes else found


def _peak(graph: Fused, order: range | tuple[int, ...]) -> int:
    return max((now for _, now, _ in walk(graph, order)), default=0)


class _Search:
    """The graph as bit sets: of the steps that each step waits for, and that read each buffer."""

    def __init__(self, graph: Fused) -> None:
        self.graph = graph
        nodes = graph.nodes
        self.work = 0
        self.all = (1 << len(nodes)) - 1
        self.readers = dict.fromkeys(graph.bytes, 0)
        self.writers = dict.fromkeys(graph.bytes, 0)
        self.waits_for = [0] * len(nodes)
        for place, node in enumerate(nodes):
            for buffer in node.reads:
                self.waits_for[place] |= self.writers[buffer]
                self.readers[buffer] |= 1 << place
            for buffer in node.writes:
                self.writers[buffer] |= 1 << place
        self.awaited_by: list[list[int]] = [[] for _ in nodes]
        for place, before in enumerate(self.waits_for):
            for one in _bits(before):
                self.awaited_by[one].append(place)

    def best(self, below: int, most_sets: int) -> Reordering:
        """The order with the least peak, if one is below; else that many bytes, and no order worth having."""
        start = self.onward(self.start())
        if start.peak >= below:
            return Reordering((), below, below)
        heap = [(start.peak, -start.done.bit_count(), start.done)]
        states: dict[int, _State] = {start.done: start}
        before: dict[int, int] = {}
        looked_at: set[int] = set()
        while heap:
            peak, _, done = heapq.heappop(heap)
            if done in looked_at:
                continue
            state = states[done]
            if done == self.all:
                return Reordering(self.order(done, states, before), peak, peak)
            if len(looked_at) == most_sets or self.work > MOST_WORK:
                order = self.order(done, states, before) + self.greedy(state)
                return Reordering(order, _peak(self.graph, order), peak)
            looked_at.add(done)
            state = msgspec.structs.replace(state, path=())
            for place in state.ready:
                then = self.onward(self.run(state, place))
                known = states.get(then.done)
                if then.peak < below and (known is None or then.peak < known.peak):
                    states[then.done], before[then.done] = then, done
                    heapq.heappush(heap, (then.peak, -then.done.bit_count(), then.done))
        return Reordering((), below, below)

    def start(self) -> _State:
        """Nothing has run. No order has less alive than any one step needs by itself."""
        graph = self.graph
        needs = (sum(graph.bytes[buffer] for buffer in node.reads | node.writes) for node in graph.nodes)
        used = (buffer for buffer in graph.entering if self.readers[buffer] or buffer in graph.kept)
        live = sum(graph.bytes[buffer] for buffer in used)
        ready = tuple(place for place, before in enumerate(self.waits_for) if not before)
        return _State(max(needs, default=0), 0, live, ready)

    def run(self, state: _State, place: int) -> _State:
        """The state after one more step, which is ready."""
        done = state.done | 1 << place
        during, after = self.alive(state, place)
        ready = [one for one in state.ready if one != place]
        ready += [one for one in self.awaited_by[place] if not self.waits_for[one] & ~done]
        return _State(max(state.peak, during), done, after, tuple(ready), (*state.path, place))

    def alive(self, state: _State, place: int) -> tuple[int, int]:
        """Bytes alive during a step, and after it."""
        self.work += 1
        node, size = self.graph.nodes[place], self.graph.bytes
        during = state.live + sum(size[buffer] for buffer in node.writes if not self.there(buffer, state.done))
        left = ~(state.done | 1 << place)
        freed = (one for one in node.reads | node.writes if not self.readers[one] & left and one not in self.graph.kept)
        return during, during - sum(size[buffer] for buffer in freed)

    def there(self, buffer: int, done: int) -> bool:
        return buffer in self.graph.entering or bool(self.writers[buffer] & done)

    def onward(self, state: _State) -> _State:
        """Run what may run at once: see the top of this file."""
        free = True
        while free:
            free = False
            for place in state.ready:
                during, after = self.alive(state, place)
                if during <= state.peak and after <= state.live:
                    state, free = self.run(state, place), True
                    break
        return state

    def order(self, done: int, states: dict[int, _State], before: dict[int, int]) -> tuple[int, ...]:
        """All steps up to a state, in order."""
        paths = [states[done].path]
        while done in before:
            done = before[done]
            paths.append(states[done].path)
        return tuple(place for path in reversed(paths) for place in path)

    def greedy(self, state: _State) -> tuple[int, ...]:
        """The steps that are left, each time the one that needs least."""
        state = msgspec.structs.replace(state, path=())
        while state.ready:
            state = self.onward(min((self.run(state, place) for place in state.ready), key=lambda one: one.peak))
        return state.path


def _bits(number: int) -> Iterator[int]:
    while number:
        yield (number & -number).bit_length() - 1
        number &= number - 1
