"""How Keras names layers that nobody named: the class in snake case, and a counter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=1024)
def snake_case(kind: str) -> str:
    """`DepthwiseConv2D` -> `depthwise_conv2d`, as Keras has it; of `Package>Class` the class alone counts."""
    name = re.sub(r"\W+", "", kind.rpartition(">")[2])
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unnamed(kinds: Iterable[str]) -> list[str]:
    """The names of layers of these kinds in one model: `conv2d`, `re_lu`, `conv2d_1`, …"""
    counts: dict[str, int] = {}
    names = []
    for kind in kinds:
        base = snake_case(kind)
        count = counts[base] = counts.get(base, -1) + 1
        names.append(f"{base}_{count}" if count else base)
    return names
