"""How far long work has come: a line on stderr that is written over, where stderr is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """What is told how many of how many are done, and what is next; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from convcost.units import printable

    def tell(done: int, count: int, what: str) -> None:
        sys.stderr.write(f"\r\x1b[K{done}/{count} {printable(what)[:60]}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
