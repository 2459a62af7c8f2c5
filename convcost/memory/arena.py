"""The arena of a runtime: one piece of memory, in which every tensor gets a place for the time that it lives.

The planners are those of the runtimes, step by step, so that the size is theirs to the byte:

- LiteRT: `ArenaPlanner` and `SimpleMemoryArena` of `tensorflow/lite`. Tensors that live throughout come first, then the
  larger ones, of equals the one that is made earlier; each goes into the smallest gap that holds it. 64-byte alignment.
- TensorFlow Lite Micro: `GreedyMemoryPlanner` of `tensorflow/lite/micro/memory_planner`. The larger ones first, of
  equals the one that comes later in the file; each goes into the first gap that holds it. 16-byte alignment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

LITERT_ALIGNMENT = 64
TFLM_ALIGNMENT = 16


class Buffer(msgspec.Struct, frozen=True):
    """What needs a place: its tensor, its bytes, and the operators during which it lives, both included.

    `throughout`: it is there before the first operator, and is never freed.
    """

    tensor: int
    name: str
    bytes: int
    first: int
    last: int
    throughout: bool = False


class Placed(msgspec.Struct, frozen=True):
    """A buffer and where it starts."""

    buffer: Buffer
    offset: int

    @property
    def end(self) -> int:
        return self.offset + self.buffer.bytes


class Arena(msgspec.Struct, frozen=True):
    """The plan of a runtime."""

    runtime: str
    places: tuple[Placed, ...]

    @property
    def bytes(self) -> int:
        return max((place.end for place in self.places), default=0)


def litert(buffers: Sequence[Buffer]) -> Arena:
    """The arena of LiteRT."""

    def order(buffer: Buffer) -> tuple[bool, int, int, int]:
        if buffer.throughout:
            return False, 0, 0, buffer.tensor
        return True, -buffer.bytes, buffer.first, buffer.tensor

    return Arena("litert", _placed(sorted(buffers, key=order), _smallest_gap))


def tflm(buffers: Sequence[Buffer]) -> Arena:
    """The arena of TensorFlow Lite Micro, without what its interpreter keeps besides the tensors."""
    whole = [msgspec.structs.replace(one, bytes=_aligned(one.bytes, TFLM_ALIGNMENT)) for one in buffers]
    return Arena("tflm", _placed(sorted(whole, key=lambda one: (-one.bytes, -one.tensor)), _first_gap))


PLANNERS: dict[str, Callable[[Sequence[Buffer]], Arena]] = {"litert": litert, "tflm": tflm}
"""By the name that the command line has for a runtime."""


def _placed(order: Sequence[Buffer], gap: Callable[[Buffer, Sequence[Placed]], int]) -> tuple[Placed, ...]:
    """Buffers placed one after another, each where `gap` says among those that live at the same time."""
    places: list[Placed] = []
    for buffer in order:
        beside = [one for one in places if one.buffer.first <= buffer.last and buffer.first <= one.buffer.last]
        places.append(Placed(buffer, gap(buffer, sorted(beside, key=lambda one: one.offset))))
    return tuple(places)


def _smallest_gap(buffer: Buffer, beside: Sequence[Placed]) -> int:
    if not buffer.bytes:
        return 0
    best, room, top = -1, 0, 0
    for one in beside:
        start = _aligned(top, LITERT_ALIGNMENT)
        if start + buffer.bytes <= one.offset and (best < 0 or one.offset - start < room):
            best, room = start, one.offset - start
        top = max(top, one.end)
    return best if best >= 0 else _aligned(top, LITERT_ALIGNMENT)


def _first_gap(buffer: Buffer, beside: Sequence[Placed]) -> int:
    top = 0
    for one in beside:
        if one.offset - top >= buffer.bytes:
            break
        top = max(top, one.end)
    return top


def _aligned(size: int, to: int) -> int:
    return -(-size // to) * to
