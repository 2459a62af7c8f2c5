"""docs/rewrite.md says what the commands say."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Result

PAGE = (ROOT / "docs" / "rewrite.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ convcost ([^\n]*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the archive of the docs, to work in."""
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "digits.keras", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_commands(command: str, shown: str, folder: Path, run: Callable[..., Result]) -> None:
    result = run(*shlex.split(command))
    assert (result.code, result.out + result.err) == (0, shown)


def test_the_spec_on_the_page(folder: Path, run: Callable[..., Result]) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(COMMANDS) == 2
    run(*shlex.split(COMMANDS[1][0]))
    assert shown in Path("mobile.yaml").read_text(encoding="utf-8")
