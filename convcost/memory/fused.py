"""The graph of fused steps that the memory walk follows: plain data, that `convcost.memory.live_set` makes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Node(msgspec.Struct, frozen=True, gc=False):
    """A fused step: the buffers that it reads and writes. It has the name of the layer that computes.

    `call`: which call of that layer it is, from 0.
    """

    layer: str
    reads: frozenset[int]
    writes: frozenset[int]
    call: int = 0


class Fused(msgspec.Struct, frozen=True):
    """The fused steps of a run in the order of the file. Buffers go by number.

    `origins`: the layer that puts a buffer out. `entering`: inputs of the model. `kept`: its outputs.
    `folded`: the layers that have no step of their own, with the one in whose step they are ("": none, only a name).
    """

    nodes: tuple[Node, ...]
    bytes: Mapping[int, int]
    origins: Mapping[int, str]
    entering: frozenset[int]
    kept: frozenset[int]
    folded: Mapping[str, str] = {}
