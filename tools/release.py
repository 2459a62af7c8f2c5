"""The steps of a release that write: `prepare VERSION` the version and the changelog, `tag VERSION` a commit and a tag.

`nox -s release -- VERSION` runs both, and between them builds the package and checks it. Nothing is pushed or uploaded.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

VERSION = Path("convcost/_version.py")
CHANGELOG = Path("CHANGELOG.md")
UNRELEASED = "## [Unreleased]\n"


def numbers(version: str) -> tuple[int, ...]:
    """`0.2.0` -> (0, 2, 0). Exits where it is no version of a release."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"{version!r} is no version of a release, allowed: MAJOR.MINOR.PATCH")
    return tuple(map(int, version.split(".")))


def current() -> str:
    """The version in the one file that has it."""
    return VERSION.read_text().split('"')[1]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def prepare(version: str) -> None:
    """Write the version, and date what is unreleased. Exits where the tree or the version is not fit for it."""
    released, _, development = current().partition(".dev")
    if numbers(version) < numbers(released) or (numbers(version) == numbers(released) and not development):
        sys.exit(f"{version} does not come after {current()}")
    if git("status", "--porcelain", "--untracked-files=no"):
        sys.exit("there are changes that are not committed")
    if git("tag", "--list", f"v{version}"):
        sys.exit(f"the tag v{version} is there already")
    head, heading, body = CHANGELOG.read_text().partition(UNRELEASED)
    if not heading or not body.split("\n## ")[0].strip():
        sys.exit(f"{CHANGELOG} has nothing under {UNRELEASED.strip()}")
    CHANGELOG.write_text(f"{head}{UNRELEASED}\n## [{version}] - {date.today().isoformat()}\n{body}")
    VERSION.write_text(f'__version__ = "{version}"\n')


def tag(version: str) -> None:
    """Commit what `prepare` wrote, and tag it. Exits where it wrote something else."""
    if current() != version:
        sys.exit(f"{VERSION} says {current()}, expected: {version}")
    git("commit", "--message", f"Release {version}", "--", str(VERSION), str(CHANGELOG))
    git("tag", "--annotate", f"v{version}", "--message", f"convcost {version}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", version]:
            prepare(version)
        case ["tag", version]:
            tag(version)
        case _:
            sys.exit("usage: python tools/release.py prepare|tag MAJOR.MINOR.PATCH")
