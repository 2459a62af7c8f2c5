"""Blocks in a flat list of layers, by the common beginnings of their names: `block_1_expand`, `block_1_project`, …

For display alone: builders without nested models (Keras applications among them) tell blocks by names. Where a list is
long, neighbours whose names begin with the same words are one block, and so on within it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, takewhile

import msgspec

MANY = 20
"""Layers side by side that can still be looked at; more are grouped."""
LEVELS = 4
"""Of blocks in blocks: each takes its part of a picture's width."""
MOST_WORDS = 16
"""Of a name that are looked at."""
BRIDGED = 3
"""Layers in a row without a name of their own that belong to the block before and after them."""

Beginnings = tuple[str, ...]
_WORD = re.compile(r"(?<=\d)[^\W\d_]+|\d+|[^\d_.\-]+(?:[_\-]?\d+)?")
"""A number belongs to the word before it (`stage_0`), but no letter to the number before it (`block1a`)."""


class Block(msgspec.Struct, frozen=True):
    """Neighbours in a list: their places in it, and blocks of them. `beginning` is what their names have in common."""

    beginning: str
    items: tuple[int | Block, ...]

    def places(self) -> Iterator[int]:
        """Of the layers in it, in their order."""
        for item in self.items:
            if isinstance(item, int):
                yield item
            else:
                yield from item.places()


def blocks(names: Sequence[str], unnamed: Collection[int] = ()) -> tuple[int | Block, ...]:
    """The places of a list, those of a block in it. `unnamed`: places whose names nobody chose (`re_lu_3`)."""
    beginnings = [() if place in unnamed else _beginnings(name) for place, name in enumerate(names)]
    return _grouped(range(len(names)), beginnings, 0, LEVELS)


def rest(name: str, beginning: str) -> str:
    """What a name adds to that of its block; the whole name where that is no word of its own (`block1a`)."""
    added = name.removeprefix(beginning)
    return (added.lstrip("_-.") if added[:1] in ("_", "-", ".") and beginning else "") or name


def _beginnings(name: str) -> Beginnings:
    """`conv2_block1_0_bn` -> conv2, conv2_block1, conv2_block1_0, and the whole."""
    return tuple(name[: word.end()] for word in islice(_WORD.finditer(name), MOST_WORDS))


def _grouped(
    places: Sequence[int], beginnings: Sequence[Beginnings], known: int, levels: int
) -> tuple[int | Block, ...]:
    """`known`: how many beginnings all that are here have in common."""
    if len(places) <= MANY or not levels:
        return tuple(places)
    found: list[int | Block] = []
    for run in _runs(places, beginnings, known):
        if len(run) == 1:
            found += run
            continue
        common = _common([beginnings[place] for place in run if beginnings[place]])
        inside = _grouped(run, beginnings, len(common), levels - 1)
        # A beginning of most layers says little: a model's own name before all of them, `block` before `block_1`.
        most = 3 * len(run) > 2 * len(places) and any(isinstance(one, Block) for one in inside)
        found += inside if most or len(run) == len(places) else [Block(common[-1], inside)]
    return tuple(_told_apart(found))


def _told_apart(items: list[int | Block]) -> list[int | Block]:
    """Without blocks of one beginning: one that comes back (`separable_conv_…`) tells a kind of layer, not a block."""
    while True:
        counts = Counter(item.beginning for item in items if isinstance(item, Block))
        if all(count == 1 for count in counts.values()):
            return items
        opened = [item.items if isinstance(item, Block) and counts[item.beginning] > 1 else (item,) for item in items]
        items = [one for part in opened for one in part]


def _common(all_of: Sequence[Beginnings]) -> list[str]:
    alike = takewhile(lambda ones: len(set(ones)) == 1, zip(*all_of, strict=False))
    return [ones[0] for ones in alike]


def _runs(places: Sequence[int], beginnings: Sequence[Beginnings], known: int) -> Iterator[Sequence[int]]:
    """The list cut where the next beginning changes; layers without a name of their own lie between two of a run."""
    nexts = [beginnings[place][known : known + 1] for place in places]
    start = 0
    while start < len(places):
        last = start
        for at in range(start + 1, len(places) if nexts[start] else 0):
            if nexts[at] == nexts[start]:
                last = at
            elif beginnings[places[at]] or at - last > BRIDGED:
                break
        yield places[start : last + 1]
        start = last + 1
