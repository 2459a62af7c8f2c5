"""The command line under limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

LIMITED = Path(__file__).with_name("limited.py")
MOST_BYTES = 256 * 10**6
CODES = (0, 1, 2, 3)


class Ended:
    """How a run ended, and what it said."""

    def __init__(self, code: int, out: str, err: str, seconds: float) -> None:
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def refuses(self, path: Path | str, reason: str, code: int = 2) -> None:
        """It ends with `code`, prints no result, and says in one line which file is wrong, and why."""
        assert (self.code, self.out) == (code, ""), self.err
        assert len(self.err.splitlines()) == 1, self.err
        assert self.err.startswith("error: ")
        assert str(path) in self.err
        assert reason in self.err

    def refuses_each(self, paths: Sequence[Path], reason: str = "") -> None:
        """The same of each of several files, a line each."""
        assert (self.code, self.out) == (2, ""), self.err
        lines = self.err.splitlines()
        for path, line in zip(paths, lines, strict=True):
            assert line.startswith(f"error: {path}")
            assert reason in line

    def counts(self, *expected: str) -> None:
        """It ends with 0, and its result has these texts."""
        assert self.code == 0, self.err
        assert "error" not in self.err
        for text in expected:
            assert text in self.out


Convcost = Callable[..., Ended]


@pytest.fixture
def convcost(tmp_path: Path) -> Convcost:
    """Run the command line in `tmp_path`, and see that it keeps the promise."""

    def call(*arguments: object, most_bytes: int = MOST_BYTES) -> Ended:
        command = [sys.executable, "-I", "-S", LIMITED, sys.executable, "-m", "convcost", *arguments]
        run = subprocess.run(
            list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=True, env=_environment()
        )
        out, _, told = run.stdout.rstrip("\n").rpartition("\n")
        code, seconds, size = told.split()
        assert int(code) in CODES, f"it ends with {code}: {run.stderr}"
        assert "Traceback" not in run.stderr
        assert "internal error" not in run.stderr
        assert int(size) < most_bytes, f"it takes {int(size):,} bytes"
        return Ended(int(code), out.removesuffix("\n"), run.stderr, float(seconds))

    return call


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("CONVCOST_DEBUG", "COLUMNS")}
