"""Peak activation bytes: the live set along the execution order, in fused steps.

A BatchNormalization or an activation joins the step of its sole producer; a padding joins the convolution or pooling
that alone consumes it; reshape, flatten, dropout and identity are another name for their input. At each step all
tensors alive count: the inputs of the step, its output, and whatever is needed later. A model input is freed after its
last use. Nothing is computed in place. docs/how-it-counts.md tells the same at length.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import msgspec

from convcost.model import Fusion, Shape, bytes_of
from convcost.report import Live, Peak


class Tensor(msgspec.Struct, frozen=True):
    """A tensor of one run, by number; `shape` (batch first) None: not known, and then it counts 0 bytes."""

    number: int
    shape: Shape | None
    dtype: str = "float32"

    @property
    def bytes(self) -> int:
        return bytes_of(prod(self.shape), self.dtype) if self.shape is not None else 0


class Step(msgspec.Struct, frozen=True):
    """One call in execution order, as the memory walk sees it. An input layer has no inputs."""

    layer: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    fusion: Fusion | None = None
    absorbs_padding: bool = False


class _Buffers:
    """Which tensors share their bytes (a union-find forest), and which steps read each buffer."""

    def __init__(self, steps: Sequence[Step], outputs: Sequence[int]) -> None:
        self.parent: dict[int, int] = {}
        self.bytes = {tensor.number: tensor.bytes for step in steps for tensor in step.outputs}
        self.born = {tensor.number: index for index, step in enumerate(steps) for tensor in step.outputs}
        self.readers: dict[int, set[int]] = {number: set() for number in self.bytes}
        for index, step in enumerate(steps):
            for tensor in step.inputs:
                self.readers[tensor.number].add(index)
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


def fuse(steps: Sequence[Step], outputs: Sequence[int]) -> tuple[list[int], _Buffers]:
    """The steps that still compute, and the buffers that they read and write."""
    buffers = _Buffers(steps, outputs)
    folded: set[int] = set()

    def fold(index: int) -> None:
        step = steps[index]
        buffers.join(index, step.outputs[0].number, into=step.inputs[0].number)
        folded.add(index)

    joining = [(index, step) for index, step in enumerate(steps) if step.fusion and step.inputs and step.outputs]
    for index, step in joining:
        if step.fusion == "alias":
            fold(index)
    for index, step in joining:
        if step.fusion == "consumer":
            readers = buffers.readers[buffers.of(step.outputs[0].number)]
            if len(readers) == 1 and all(reader < len(steps) and steps[reader].absorbs_padding for reader in readers):
                fold(index)
    for index, step in joining:
        if step.fusion == "producer":
            buffer = buffers.of(step.inputs[0].number)
            if buffers.readers[buffer] == {index} and steps[buffers.born[buffer]].inputs:
                fold(index)
    return [index for index, step in enumerate(steps) if step.inputs and index not in folded], buffers


def peak(steps: Sequence[Step], outputs: Sequence[int]) -> Peak:
    """The fused step at which most bytes are alive. `outputs`: the tensors that the model puts out."""
    computing, buffers = fuse(steps, outputs)
    grows: dict[int, list[int]] = {}
    shrinks: dict[int, list[int]] = {}
    alive: set[int] = set()
    for buffer, readers in buffers.readers.items():
        born = buffers.born[buffer]
        if steps[born].inputs:
            grows.setdefault(born, []).append(buffer)
        else:
            alive.add(buffer)
        shrinks.setdefault(max(readers, default=born), []).append(buffer)

    now = sum(buffers.bytes[buffer] for buffer in alive)
    best, at, live = (now, "", sorted(alive)) if not computing else (-1, "", [])
    for index in range(len(steps)):
        grown = grows.get(index, ())
        alive.update(grown)
        now += sum(buffers.bytes[buffer] for buffer in grown)
        if now > best and steps[index].inputs:
            best, at, live = now, steps[index].layer, sorted(alive)
        for buffer in shrinks.get(index, ()):
            if buffer in alive:
                alive.remove(buffer)
                now -= buffers.bytes[buffer]
    lives = [Live(steps[buffers.born[buffer]].layer, buffers.bytes[buffer]) for buffer in live]
    return Peak(best, at, tuple(sorted(lives, key=lambda one: -one.bytes)))
