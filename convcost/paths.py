"""Paths as people see them: from the working directory, from the top of the repository, and by their suffix."""

from __future__ import annotations

import os
from pathlib import Path

YAML = (".yaml", ".yml")
"""The suffixes of specs, policies, plans and profiles of devices."""


def shown_path(path: Path) -> str:
    """A path as seen from the working directory."""
    return Path(os.path.relpath(path)).as_posix()


def folder_in_repository(folder: Path) -> str:
    """Where a folder is in its repository, "" at the top and where there is none."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return "" if parent == folder else folder.relative_to(parent).as_posix()
    return ""
