"""The process that runs `.tflite` files and times them. It tells all that it does as it does it, a line of JSON each.

It is a process of its own since an interpreter can end it (some int8 models abort), and so that nothing else of the
program runs beside what is timed. Its job comes by stdin.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from convcost.engine.framework import one_line
from convcost.engine.runtime import loaded, runtime
from convcost.errors import MeasureError
from convcost.measuring.timing import Pace, Run, interleaved

MOST_HELD = 1 << 30
"""Bytes of files that are open at a time. Where there are more, each is opened anew for every turn of its."""


class Job(msgspec.Struct, frozen=True):
    """The files to time, by the place that each has in the answer."""

    files: dict[int, str]
    pace: Pace
    threads: int


class Event(msgspec.Struct, frozen=True):
    """What happens: `runtime` is found, a file at `place` is about to be `opened`, timed (`seconds`), or cannot run."""

    what: str
    place: int = -1
    seconds: float = 0.0
    text: str = ""


class Shelf:
    """The files that are open, no more of them than their bytes allow."""

    def __init__(self, job: Job) -> None:
        self.threads = job.threads
        self.holds_all = sum(Path(file).stat().st_size for file in job.files.values()) <= MOST_HELD
        self.open: dict[str, Run] = {}

    def run(self, file: str) -> None:
        """Run a file once."""
        if file not in self.open:
            if not self.holds_all:
                self.open.clear()
            self.open[file] = loaded(Path(file), self.threads)
        self.open[file]()


def work(job: Job, tell: Callable[[Event], None]) -> None:
    """Run every file once, and time those that can be."""
    tell(Event("runtime", text=runtime()[1]))
    shelf = Shelf(job)
    runs: dict[int, Run] = {}
    for place, file in job.files.items():
        tell(Event("opened", place))
        try:
            shelf.run(file)
        except Exception as error:  # whatever the interpreter raises
            tell(Event("problem", place, text=one_line(error)))
        else:
            runs[place] = shelf.open[file] if shelf.holds_all else partial(shelf.run, file)
    places = list(runs)
    for sample in interleaved(list(runs.values()), job.pace, time.perf_counter):
        tell(Event("timed", places[sample.place], sample.seconds))


def main() -> None:
    """Do the job that stdin tells. Ctrl-C is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a runtime prints is no answer

    def tell(event: Event) -> None:
        answers.write(msgspec.json.encode(event) + b"\n")

    try:
        work(msgspec.json.decode(sys.stdin.buffer.read(), type=Job), tell)
    except MeasureError as error:
        tell(Event("refusal", text=str(error)))


if __name__ == "__main__":
    main()
