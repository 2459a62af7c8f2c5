"""FlatBuffers without their schema: tables whose fields go by number, as they lie in the bytes of a file.

The format is described at https://flatbuffers.dev/internals. Nothing is copied but what is asked for, every offset is
checked, and what lies outside of the file raises a ValueError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

Bytes: TypeAlias = "bytes | memoryview"

MOST_ENTRIES = 1_000_000
"""Of a vector of numbers or tables. Those of bytes (weights) are not read."""


class Table:
    """A table at a place of a buffer."""

    def __init__(self, data: Bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.fields = at - _number(data, at, "i")
        self.size = _number(data, self.fields, "H")

    def integer(self, field: int, kind: str, default: int = 0) -> int:
        """A number, by its letter in `struct`."""
        at = self._place(field)
        return _number(self.data, at, kind) if at else default

    def table(self, field: int) -> Table | None:
        at = self._place(field)
        return Table(self.data, _follow(self.data, at)) if at else None

    def tables(self, field: int) -> Iterator[Table]:
        start, count = self._vector(field, 4)
        for at in range(start, start + 4 * count, 4):
            yield Table(self.data, _follow(self.data, at))

    def integers(self, field: int, kind: str = "i") -> tuple[int, ...]:
        start, count = self._vector(field, struct.calcsize("<" + kind))
        return struct.unpack_from(f"<{count}{kind}", self.data, start) if count else ()

    def text(self, field: int) -> str:
        return bytes(self.data[slice(*self.extent(field))]).decode("utf-8", "replace")

    def extent(self, field: int) -> tuple[int, int]:
        """Where a vector of bytes starts and ends; the same place twice where there is none."""
        start, count = self._vector(field, 1, most=len(self.data))
        return start, start + count

    def inline(self, count: int) -> tuple[bytes, ...]:
        """The first four bytes of the first fields, whatever they are; none of a field that is not there."""
        places = map(self._place, range(count))
        return tuple(bytes(self.data[at : at + 4]) if at else b"" for at in places)

    def _place(self, field: int) -> int:
        """Where a field is; 0 where the table has none."""
        slot = 4 + 2 * field
        if slot + 2 > self.size:
            return 0
        offset = _number(self.data, self.fields + slot, "H")
        return self.at + offset if offset else 0

    def _vector(self, field: int, entry: int, most: int = MOST_ENTRIES) -> tuple[int, int]:
        """The start and the length of a vector that lies in the buffer whole."""
        at = self._place(field)
        if not at:
            return 0, 0
        start = _follow(self.data, at)
        count = _number(self.data, start, "I")
        if count > most:
            raise ValueError(f"a vector has {count:,} entries, allowed: {most:,}")
        if start + 4 + count * entry > len(self.data):
            raise ValueError("a vector ends after the file")
        return start + 4, count


def root(data: Bytes) -> Table:
    """The table that a buffer holds."""
    return Table(data, _follow(data, 0))


def _follow(data: Bytes, at: int) -> int:
    """Where an offset leads: it counts from its own place."""
    return at + _number(data, at, "I")


def _number(data: Bytes, at: int, kind: str) -> int:
    if at < 0 or at + struct.calcsize("<" + kind) > len(data):
        raise ValueError("an offset leads out of the file")
    value: int = struct.unpack_from("<" + kind, data, at)[0]
    return value
