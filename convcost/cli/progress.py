"""How far long work has come: a line on stderr that is written over, where stderr is a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from convcost.telling import Tell

CELLS = 20
"""Of the bar."""


@contextmanager
def progress() -> Iterator[Tell | None]:
    """What is told how many of how many are done, and what is next; None where nobody watches.

    A count that falls is that of another stage of the work, whose remaining time is told anew.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from convcost.units import printable

    # A stream of its own: what runs meanwhile may have stderr lead nowhere.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="replace") as stream:
        started, before = time.monotonic(), 0

        def tell(done: int, count: int, what: str) -> None:
            nonlocal started, before
            if done < before or not done:
                started = time.monotonic()
            before = done
            line = f"{bar(done, count)} {done}/{count}{left(done, count, time.monotonic() - started)}"
            stream.write(f"\r\x1b[K{line} {printable(what)[:60]}")
            stream.flush()

        try:
            yield tell
        finally:
            stream.write("\r\x1b[K")


def bar(done: int, count: int) -> str:
    filled = CELLS * done // max(count, 1)
    return "█" * filled + "░" * (CELLS - filled)


def left(done: int, count: int, seconds: float) -> str:
    """` 1:20 left`, at the pace so far; nothing before there is one."""
    if not done or done >= count:
        return ""
    minutes, rest = divmod(round(seconds / done * (count - done)), 60)
    return f" {minutes}:{rest:02} left"
