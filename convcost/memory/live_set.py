"""Peak activation bytes: the live set along the execution order, in fused steps.

A BatchNormalization or an activation joins the step of its sole producer; a padding joins the convolution or pooling
that alone consumes it; reshape, flatten, dropout and identity are another name for their input. At each step all
tensors alive count: the inputs of the step, its output, and whatever is needed later. A model input is freed after its
last use. Nothing is computed in place. docs/how-it-counts.md tells the same at length.

`fused` makes the steps and buffers of a run, `walk` follows what is alive; peak, timeline and the search for a better
order (`convcost.memory.reordering`) all take this one walk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import prod

import msgspec

from convcost.errors import ConvcostError
from convcost.memory.fused import Fused, Node
from convcost.model import Fusion, Shape, bytes_of
from convcost.report import Live, Peak

MOST_LIVES = 2_000_000
"""Tensors over all steps of a timeline: what a file may ask for, and still fits into memory."""


class Tensor(msgspec.Struct, frozen=True, gc=False):
    """A tensor of one run, by number, as `tensor_of` makes it; `shape` (batch first) None: not known."""

    number: int
    shape: Shape | None
    dtype: str
    bytes: int


def tensor_of(number: int, shape: Shape | None, dtype: str = "float32") -> Tensor:
    """A tensor with its bytes: none where the shape is not known."""
    return Tensor(number, shape, dtype, bytes_of(prod(shape), dtype) if shape is not None else 0)


class Step(msgspec.Struct, frozen=True, gc=False):
    """One call in execution order (of its layer's, the first is 0), as the memory walk sees it.

    An input layer has no inputs.
    """

    layer: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    fusion: Fusion | None = None
    absorbs_padding: bool = False
    call: int = 0


class Moment(msgspec.Struct, frozen=True):
    """A fused step as it runs: the bytes that are alive then, and what they are, largest first."""

    place: int
    """Of the step in the order of the file."""
    layer: str
    bytes: int
    written: int
    read: int
    live: tuple[Live, ...]

    @property
    def waiting(self) -> int:
        """Bytes that this step does not touch: a later one needs them."""
        return self.bytes - self.written - self.read


class _Buffers:
    """Which tensors share their bytes (a union-find forest), and which steps read each buffer."""

    def __init__(self, steps: Sequence[Step], outputs: Sequence[int]) -> None:
        self.parent: dict[int, int] = {}
        self.bytes: dict[int, int] = {}
        self.born: dict[int, int] = {}
        self.readers: dict[int, set[int]] = {}
        for index, step in enumerate(steps):
            for tensor in step.inputs:
                self.readers[tensor.number].add(index)
            for tensor in step.outputs:
                number = tensor.number
                self.bytes[number], self.born[number], self.readers[number] = tensor.bytes, index, set()
        for number in outputs:
            self.readers[number].add(len(steps))

    def of(self, number: int) -> int:
        """The buffer that holds this tensor."""
        root = number
        while root in self.parent:
            root = self.parent[root]
        while number != root:
            self.parent[number], number = root, self.parent[number]
        return root

    def join(self, step: int, tensor: int, into: int) -> None:
        """Let the output of `step` be the buffer that it reads: the step does nothing of its own any more."""
        tensor, into = self.of(tensor), self.of(into)
        self.readers[into].discard(step)
        if tensor != into:
            self.parent[tensor] = into
            self.readers[into] |= self.readers.pop(tensor)


def fuse(steps: Sequence[Step], outputs: Sequence[int]) -> tuple[dict[int, str], _Buffers]:
    """The steps that do not compute any more, with the layer that they fold into ("": none), and the buffers of all."""
    buffers = _Buffers(steps, outputs)
    folded: dict[int, str] = {}

    def fold(index: int, into: str = "") -> None:
        step = steps[index]
        buffers.join(index, step.outputs[0].number, into=step.inputs[0].number)
        if len(step.outputs) == len({tensor.number for tensor in step.inputs}) == 1:
            folded[index] = into  # else it stays a step, which works in place

    joining = [(index, step) for index, step in enumerate(steps) if step.fusion and step.inputs and step.outputs]
    for index, step in joining:
        if step.fusion == "alias":
            fold(index)
    for index, step in joining:
        if step.fusion == "consumer":
            readers = buffers.readers[buffers.of(step.outputs[0].number)]
            if len(readers) == 1 and all(reader < len(steps) and steps[reader].absorbs_padding for reader in readers):
                fold(index, into=steps[min(readers)].layer)
    for index, step in joining:
        if step.fusion == "producer":
            buffer = buffers.of(step.inputs[0].number)
            producer = steps[buffers.born[buffer]]
            if buffers.readers[buffer] == {index} and producer.inputs:
                fold(index, into=producer.layer)
    return folded, buffers


def fused(steps: Sequence[Step], outputs: Sequence[int]) -> Fused:
    """The graph of fused steps. `outputs`: the tensors that the model puts out."""
    folded, buffers = fuse(steps, outputs)
    nodes = []
    for index, step in enumerate(steps):
        if step.inputs and index not in folded:
            reads = frozenset([buffers.of(tensor.number) for tensor in step.inputs])
            writes = frozenset([buffers.of(tensor.number) for tensor in step.outputs])
            nodes.append(Node(step.layer, reads, writes, step.call))
    return Fused(
        nodes=tuple(nodes),
        bytes={buffer: buffers.bytes[buffer] for buffer in buffers.readers},
        origins={buffer: steps[buffers.born[buffer]].layer for buffer in buffers.readers},
        entering=frozenset([tensor.number for step in steps if not step.inputs for tensor in step.outputs]),
        kept=frozenset(map(buffers.of, outputs)),
        folded={steps[index].layer: into for index, into in folded.items()},
    )


def walk(graph: Fused, order: Sequence[int] | None = None) -> Iterator[tuple[Node, int, set[int]]]:
    """Each fused step with the bytes and the buffers that are alive while it runs.

    `order`: places in `graph.nodes`, if another than that of the file. The set changes as the walk goes on.
    """
    left = Counter(buffer for node in graph.nodes for buffer in node.reads)
    left.update(graph.kept)
    alive = {buffer for buffer in graph.entering if left[buffer]}
    now = sum(graph.bytes[buffer] for buffer in alive)
    for place in range(len(graph.nodes)) if order is None else order:
        node = graph.nodes[place]
        now += sum([graph.bytes[buffer] for buffer in node.writes - alive])
        alive |= node.writes
        yield node, now, alive
        for buffer in node.reads:
            left[buffer] -= 1
        done = [buffer for buffer in node.reads | node.writes if not left[buffer]]
        alive.difference_update(done)
        now -= sum([graph.bytes[buffer] for buffer in done])


def timeline(graph: Fused, order: Sequence[int] | None = None) -> tuple[Moment, ...]:
    """Every fused step of a walk, with all that is alive then."""
    places = range(len(graph.nodes)) if order is None else order
    moments, told = [], 0
    for place, (node, now, alive) in zip(places, walk(graph, order), strict=True):
        told += len(alive)
        if told > MOST_LIVES:
            raise ConvcostError(
                f"more tensors are alive at more steps than can be told, allowed: {MOST_LIVES:,} in all"
            )
        written = sum(graph.bytes[buffer] for buffer in node.writes - node.reads)
        read = sum(graph.bytes[buffer] for buffer in node.reads)
        moments.append(Moment(place, node.layer, now, written, read, _lives(graph, alive)))
    return tuple(moments)


def peak(steps: Sequence[Step], outputs: Sequence[int]) -> Peak:
    """The fused step at which most bytes are alive. `outputs`: the tensors that the model puts out."""
    return peak_of(fused(steps, outputs))


def peak_of(graph: Fused) -> Peak:
    """The first step at which most bytes are alive; of a model that computes nothing, its inputs."""
    if not graph.nodes:
        lives = _lives(graph, graph.entering)
        return Peak(sum(one.bytes for one in lives), "", lives)
    best, layer, live = -1, "", frozenset[int]()
    for node, now, alive in walk(graph):
        if now > best:
            best, layer, live = now, node.layer, frozenset(alive)
    return Peak(best, layer, _lives(graph, live))


def _lives(graph: Fused, alive: Iterable[int]) -> tuple[Live, ...]:
    lives = [Live(graph.origins[buffer], graph.bytes[buffer]) for buffer in sorted(alive)]
    return tuple(sorted(lives, key=lambda one: -one.bytes))
