"""Whole processes, measured from outside: the time that passes, the processor's time, and the most memory resident."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SPAWN = """
import os, sys, time
start = time.perf_counter()
child = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, status, file=sys.stderr)
"""
"""A small process in between: a child's memory counts from what its parent had."""


@dataclass
class Case:
    """A command, how often it is run, and what it took each time."""

    name: str
    command: Sequence[str]
    rounds: int
    extra: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of its own."""
    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    megabytes: float = 0

    def run(self) -> None:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **self.extra}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-c", SPAWN, *self.command], capture_output=True, text=True, env=environment, check=True
        )
        wall, processor, kilobytes, status = done.stderr.split()[-4:]
        if status != "0":
            raise SystemExit(f"{self.name}:\n{done.stderr}")
        self.walls.append(float(wall))
        self.processors.append(float(processor))
        self.megabytes = max(self.megabytes, int(kilobytes) / 1024)

    @property
    def wall(self) -> float:
        return statistics.median(self.walls)

    @property
    def processor(self) -> float:
        return statistics.median(self.processors)

    def times(self, first: Case) -> float:
        """The median of the ratios to another case, round by round: what disturbs one round disturbs both."""
        return statistics.median(
            mine / other for mine, other in zip(self.walls, first.walls * len(self.walls), strict=False)
        )


def interleaved(cases: Sequence[Case]) -> None:
    """Run all in turn, A B C A B C …, each as often as it says; a first run of what is quick is not counted."""
    for case in cases:
        if case.rounds > 1:
            case.run()
            case.walls.clear()
            case.processors.clear()
    for number in range(max(case.rounds for case in cases)):
        for case in cases:
            if number < case.rounds:
                case.run()
