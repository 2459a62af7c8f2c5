"""Where the policy is: `convcost.yaml` in the working directory or above it, or where a pyproject.toml points to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from convcost.errors import ConvcostError
from convcost.suggestions import did_you_mean

NAME = "convcost.yaml"
PYPROJECT = "pyproject.toml"


def find_policy(start: Path) -> Path | None:
    """The policy file nearest to `start`, upward, up to the top of a repository: what lies above is somebody else's.

    Raises ConvcostError where a pyproject.toml points to none.
    """
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        if (folder / PYPROJECT).is_file() and (pointed := _pointed(folder / PYPROJECT)):
            return pointed
        if (folder / ".git").exists():
            break
    return None


def find_models(folder: Path) -> list[Path]:
    """The archives and specs below a folder, hidden folders left out, from there."""
    found = []
    for suffix in ("*.keras", "*.yaml", "*.yml"):
        for path in folder.rglob(suffix):
            inside = path.relative_to(folder)
            if not any(part.startswith(".") for part in inside.parts) and _is_model(path):
                found.append(inside)
    return sorted(found)


def _is_model(path: Path) -> bool:
    if path.suffix == ".keras":
        return True
    with path.open("rb") as file:
        return re.search(rb"^convcost\s*:", file.read(4096), re.MULTILINE) is not None


def _pointed(pyproject: Path) -> Path | None:
    """What `[tool.convcost]` points to; it may do nothing else, so that a policy is in one place."""
    import tomllib

    try:
        with pyproject.open("rb") as file:
            table: Any = tomllib.load(file).get("tool", {}).get("convcost")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError):
        return None  # a broken pyproject.toml is not ours to report
    if table is None:
        return None
    if not isinstance(table, dict) or not isinstance(table.get("budget"), str):
        raise ConvcostError(f'{pyproject}: [tool.convcost] has no text `budget`, allowed: budget = "path/to/{NAME}"')
    for key in table:
        if key != "budget":
            near = did_you_mean(key, ["budget"])
            raise ConvcostError(
                f"{pyproject}: [tool.convcost] has {key!r}{near}; allowed: budget, which names the policy file"
            )
    path: Path = pyproject.parent / table["budget"]
    if not path.is_file():
        raise ConvcostError(f"{pyproject}: [tool.convcost] budget is {table['budget']!r}: no such file")
    return path
