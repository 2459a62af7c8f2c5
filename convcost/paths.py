"""Paths as people see them: from the working directory, and from the top of the repository."""

from __future__ import annotations

import os
from pathlib import Path


def shown_path(path: Path) -> str:
    """A path as seen from the working directory."""
    return Path(os.path.relpath(path)).as_posix()


def folder_in_repository(folder: Path) -> str:
    """Where a folder is in its repository, "" at the top and where there is none."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return "" if parent == folder else folder.relative_to(parent).as_posix()
    return ""
