"""`convcost.lock.json`: the counts of every model, committed. One number a line and sorted, so that changes merge."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from convcost.budget.judge import Locked
from convcost.budget.lock import VERSION, Lock
from convcost.errors import ConvcostError
from convcost.paths import shown_path
from convcost.readers.files import content

NAME = "convcost.lock.json"
LARGEST = 64 * 10**6
"""Bytes."""
_KEY = re.compile(r'\s*("(?:[^"\\]|\\.)*"): *([{\d])')


class LockFile(msgspec.Struct, frozen=True):
    """A lock and where it stands; `lines` are those of its counts, by model and metric."""

    path: Path
    lock: Lock
    lines: Mapping[str, Mapping[str, int]] = {}

    def of(self, model: str) -> Locked:
        return Locked(shown_path(self.path), self.lock.models.get(model), self.lines.get(model, {}))

    def unknown(self, models: set[str]) -> list[str]:
        """What it holds of models that are none of these."""
        return sorted(self.lock.models.keys() - models)


def beside(policy: Path) -> Path:
    """Where the lock of a policy is."""
    return policy.parent / NAME


def read_lock(path: Path) -> LockFile | None:
    """The lock in a file; None where there is no file. Raises ConvcostError where it is no lock."""
    if not path.is_file():
        return None
    text = content(path, LARGEST)
    try:
        lock = msgspec.json.decode(text, type=Lock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConvcostError(
            f"{shown_path(path)}: no lock file: {error}; after a merge conflict, settle it or run `convcost lock`"
        ) from None
    if lock.version != VERSION:
        raise ConvcostError(f"{shown_path(path)}: version is {lock.version}, allowed: {VERSION}")
    return LockFile(path, lock, _lines(text.decode()))


def _lines(text: str) -> dict[str, dict[str, int]]:
    """Where a lock file says its counts, which stand one a line."""
    lines: dict[str, dict[str, int]] = {}
    inside: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _KEY.match(line):
            key = json.loads(found[1])
            inside = lines.setdefault(key, {}) if found[2] == "{" else inside
            inside.setdefault(key, number)
    return lines


def written(lock: Lock) -> str:
    """The text of a lock file."""
    return json.dumps(msgspec.to_builtins(lock), indent=2, sort_keys=True) + "\n"
