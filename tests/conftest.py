"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("COLUMNS", None)  # pytest-xdist sets it for its workers, and output would be as narrow
settings.register_profile("convcost", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("convcost")

ROOT = Path(__file__).parent.parent

DRAWN = ("html", "svg", "png")
"""Formats without golden files: what they draw is looked at in tests/report."""


class Result:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line in process, through the same `main` that the program starts with."""
    from convcost.cli import main

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["convcost", *map(str, arguments)])
        monkeypatch.delenv("COLUMNS", raising=False)
        monkeypatch.setenv("CONVCOST_DEBUG", "")  # --debug sets it, for this call alone
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A CNN that is trained once for all tests that need one: see `tests.trained`."""
    from tests.trained import train

    return train(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def configs() -> Path:
    """The specs that come with the project."""
    return ROOT / "configs"
