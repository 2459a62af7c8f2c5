"""A release, in a repository made for it: what is written, committed and tagged, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import convcost
from tests.conftest import ROOT

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0] - 2026-01-02\n\n- The first.\n"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def step(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "release.py"), *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.org")
    (tmp_path / "convcost").mkdir()
    (tmp_path / "convcost" / "_version.py").write_text('__version__ = "0.2.0.dev0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "start")
    return tmp_path


def test_version_changelog_commit_and_tag(repository: Path) -> None:
    assert step(repository, "prepare", "0.2.0").returncode == 0
    assert (repository / "convcost" / "_version.py").read_text() == '__version__ = "0.2.0"\n'
    dated = r"## \[Unreleased\]\n\n## \[0\.2\.0\] - \d{4}-\d\d-\d\d\n\n### Added\n\n- A thing\.\n\n## \[0\.1\.0\]"
    assert re.search(dated, (repository / "CHANGELOG.md").read_text())
    assert step(repository, "tag", "0.2.0").returncode == 0
    assert git(repository, "describe").strip() == "v0.2.0"
    assert git(repository, "show", "--stat", "--format=%s").split("\n")[0] == "Release 0.2.0"
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0.1.9", "0.1.9 does not come after 0.2.0.dev0"),
        ("0.2", "allowed: MAJOR.MINOR.PATCH"),
        ("0.3.0rc1", "allowed: MAJOR.MINOR.PATCH"),
    ],
)
def test_a_version_that_is_none_or_too_old(version: str, said: str, repository: Path) -> None:
    done = step(repository, "prepare", version)
    assert done.returncode == 1
    assert said in done.stderr
    assert git(repository, "status", "--porcelain") == ""


def test_the_same_release_twice(repository: Path) -> None:
    step(repository, "prepare", "0.2.0")
    step(repository, "tag", "0.2.0")
    assert "0.2.0 does not come after 0.2.0" in step(repository, "prepare", "0.2.0").stderr


def test_a_tag_that_is_there(repository: Path) -> None:
    git(repository, "tag", "v0.3.0")
    assert "the tag v0.3.0 is there already" in step(repository, "prepare", "0.3.0").stderr


def test_changes_that_are_not_committed(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text(CHANGELOG + "more\n")
    assert "changes that are not committed" in step(repository, "prepare", "0.2.0").stderr


def test_a_changelog_that_says_nothing(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-02\n\n- The first.\n"
    )
    git(repository, "commit", "--all", "--quiet", "--message", "nothing new")
    assert "nothing under ## [Unreleased]" in step(repository, "prepare", "0.2.0").stderr


def test_a_tag_without_its_version(repository: Path) -> None:
    done = step(repository, "tag", "0.2.0")
    assert "says 0.2.0.dev0, expected: 0.2.0" in done.stderr
    assert git(repository, "tag") == ""


def test_the_changelog_of_the_project_is_fit_for_a_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.count("\n## [Unreleased]\n") == 1
    assert ".dev" in convcost.__version__ or re.search(
        rf"^## \[{convcost.__version__}\] - \d{{4}}-", text, re.MULTILINE
    )
