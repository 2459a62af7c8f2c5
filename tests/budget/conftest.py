"""Scratch git repositories, and the command line run in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Result

SAMPLE = ROOT / "tests" / "sample"
ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repo:
    """A git repository, and the commands of convcost run in it."""

    def __init__(self, path: Path, run: Callable[..., Result]) -> None:
        self.path = path
        self.run = run

    def git(self, *arguments: str) -> str:
        environment = {**os.environ, **ENVIRONMENT}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def commit(self, message: str = "a change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Repo:
    """An empty repository on branch main, which is the working directory."""
    path = tmp_path / "repo"
    path.mkdir()
    monkeypatch.chdir(path)
    made = Repo(path, run)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def sample(repo: Repo) -> Repo:
    """The sample repository, committed on main, with a branch `change` checked out."""
    shutil.copytree(SAMPLE, repo.path, dirs_exist_ok=True)
    repo.commit("all")
    repo.git("checkout", "-q", "-b", "change")
    return repo
