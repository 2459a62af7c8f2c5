"""`convcost.lock.json`: the counts of every model, committed. One number a line and sorted, so that changes merge."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from convcost.budget.judge import Locked
from convcost.budget.lock import VERSION, Lock
from convcost.budget.rules import Place
from convcost.errors import ConvcostError
from convcost.paths import shown_path

NAME = "convcost.lock.json"


class LockFile(msgspec.Struct, frozen=True):
    """A lock and where it stands; `lines` are those of its counts."""

    path: Path
    lock: Lock

    def of(self, model: str) -> Locked:
        return Locked(Place(shown_path(self.path), self._line(model)), self.lock.models.get(model))

    def _line(self, model: str) -> int | None:
        """Where the model stands: it is written one number a line."""
        line = 3
        for name, counts in sorted(self.lock.models.items()):
            line += 1
            if name == model:
                return line
            line += len(counts) + 1
        return None


def beside(policy: Path) -> Path:
    """Where the lock of a policy is."""
    return policy.parent / NAME


def read_lock(path: Path) -> LockFile | None:
    """The lock in a file; None where there is no file. Raises ConvcostError where it is no lock."""
    if not path.is_file():
        return None
    try:
        lock = msgspec.json.decode(path.read_bytes(), type=Lock)
    except (msgspec.DecodeError, OSError, RecursionError) as error:
        raise ConvcostError(
            f"{shown_path(path)}: no lock file: {error}; after a merge conflict, settle it or run `convcost lock`"
        ) from None
    if lock.version != VERSION:
        raise ConvcostError(f"{shown_path(path)}: version is {lock.version}, allowed: {VERSION}")
    return LockFile(path, lock)


def written(lock: Lock) -> str:
    """The text of a lock file."""
    return json.dumps(msgspec.to_builtins(lock), indent=2, sort_keys=True) + "\n"
