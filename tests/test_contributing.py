"""The walk-throughs of docs/contributing.md, as written: their files in a copy of the project, their commands run.

A block with `title="path"` is a file; a `shell-session` block holds commands and their output.
`UPDATE_DOCS=1 pytest tests/test_contributing.py` writes the output of today, and fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "contributing.md"
FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```shell-session\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## (Add a \w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package, its configs and the frame of its tests, in a folder of its own."""
    apart = shutil.ignore_patterns("__pycache__")
    for name in ("convcost", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=apart)
    for name in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def printed(command: str, folder: Path) -> str:
    """What a command prints in `folder`, with the package there; stderr last, and its exit code where it is not 0."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(folder), "PATH": programs, "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    done = subprocess.run(
        ["bash", "-c", command.replace("convcost ", f"{sys.executable} -m convcost ")],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    text = "".join(line.rstrip() + "\n" for line in (done.stdout + done.stderr).splitlines())
    text = re.sub(r"(\d+ passed) in [\d.]+s", r"\1", text)  # how long it took is another time another
    return text + (f"[exit {done.returncode}]\n" if done.returncode else "")


@pytest.mark.parametrize("title", SECTIONS)
def test_a_walk_through(title: str, copy: Path) -> None:
    files = FILE.findall(SECTIONS[title])
    for name, text in files:
        assert not (copy / name).exists(), f"{name} is there already: an example adds, and changes nothing"
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text)
    assert sum(name.startswith("convcost/") for name, _ in files) == 1, "adding touches one file"
    shown = [one for session in SESSION.findall(SECTIONS[title]) for one in COMMAND.findall(session)]
    assert len(shown) >= 3
    for command, output in shown:
        got = printed(command, copy)
        if os.environ.get("UPDATE_DOCS") and got != output:
            PAGE.write_text(PAGE.read_text().replace(f"$ {command}\n{output}", f"$ {command}\n{got}", 1))
            continue
        assert got == output, command
    assert not os.environ.get("UPDATE_DOCS"), "look at what was written"


def test_there_are_four() -> None:
    assert list(SECTIONS) == ["Add a layer", "Add a format", "Add a reader", "Add a variant"]


def test_the_code_is_as_the_project_wants_it(copy: Path) -> None:
    """Formatted, linted and typed like all code: a page teaches by example."""
    names = []
    for name, text in FILE.findall(PAGE.read_text()):
        if name.endswith(".py"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text)
            names.append(name)
    typed = [name for name in names if name.startswith("convcost/")]
    checks = [["ruff", "check", *names], ["ruff", "format", "--diff", *names]]
    for check in [*checks, ["mypy", "--strict", "--follow-imports=silent", *typed]]:
        done = subprocess.run([sys.executable, "-m", *check], check=False, cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
