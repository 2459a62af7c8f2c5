"""Times `.tflite` files in a process of their own, and outlives it where a file ends that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from convcost.engine.stopwatch import Event, Job
from convcost.errors import MeasureError
from convcost.measuring.timing import Outcome, Pace, Timed
from convcost.telling import Tell

PROGRAM = ("-m", "convcost.engine.stopwatch")
"""What the process runs."""


def timed(files: Mapping[str, Path], pace: Pace, threads: int, tell: Tell | None = None) -> Timed:
    """What each file takes, by name. Ctrl-C ends it; what was measured until then is kept.

    A file that ends the process is a problem of its own: the others are timed by another process.

    Raises MeasureError where no runtime is installed.
    """
    names = list(files)
    found = _Found(len(names))
    places = dict(enumerate(map(str, files.values())))
    try:
        with _ctrl_c_is_told():
            while waiting := {place: file for place, file in places.items() if place not in found.problems}:
                found.turns.clear()
                if _one_process(Job(waiting, pace, threads), found, names, tell):
                    break
    except KeyboardInterrupt:
        found.interrupted = True
    outcomes = {name: found.outcome(place) for place, name in enumerate(names)}
    return Timed(outcomes, found.runtime, found.interrupted)


@contextmanager
def _ctrl_c_is_told() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt meanwhile, though it ends the program else: here there is something to keep."""
    if threading.current_thread() is not threading.main_thread():
        yield  # which alone may say what signals do, and gets them
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Found:
    """What the processes have told so far."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.runtime = ""
        self.turns: dict[int, list[float]] = {}
        self.problems: dict[int, str] = {}
        self.interrupted = False

    def outcome(self, place: int) -> Outcome:
        return Outcome(tuple(self.turns.get(place, ())), self.problems.get(place, ""))


def _one_process(job: Job, found: _Found, names: list[str], tell: Tell | None) -> bool:
    """Whether a process did all of its job. Where it did not, the file that ended it has a problem."""
    at, done, count = -1, 0, len(job.files) * job.pace.rounds
    with _process(job) as (process, answers):
        for line in answers:
            event = msgspec.json.decode(line, type=Event)
            at = event.place
            match event.what:
                case "runtime":
                    found.runtime = event.text
                case "refusal":
                    raise MeasureError(event.text)
                case "problem":
                    found.problems[at] = f"LiteRT cannot run it: {event.text}"
                case "timed":
                    found.turns.setdefault(at, []).append(event.seconds)
                    done += 1
            if tell and at >= 0:
                tell(done, count, names[at])
        code = process.wait()
    if code == 0:
        return True
    if at < 0:
        raise MeasureError(f"the process that runs LiteRT ended with exit code {code}")
    found.problems[at] = f"LiteRT ended its process ({_how(code)})"
    found.turns.pop(at, None)
    return False


@contextmanager
def _process(job: Job) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The same Python on the same path, that does the job; it ends with the context."""
    search = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    process = subprocess.Popen(  # noqa: S603  (ourselves)
        [sys.executable, "-P", *PROGRAM],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(msgspec.json.encode(job))
        process.stdin.close()
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _how(code: int) -> str:
    """An exit code in words: `SIGABRT`, `exit code 1`."""
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"exit code {code}"
