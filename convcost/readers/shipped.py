"""What comes with convcost in `configs/`, by name: in the package where it is installed, beside it in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from convcost.paths import YAML
from convcost.suggestions import did_you_mean


@cache
def shipped(folder: str = "") -> dict[str, Path]:
    """The YAML files of one folder of `configs/`, by their names without the suffix."""
    package = Path(__file__).parents[1]
    for configs in (package / "configs", package.parent / "configs"):
        if configs.is_dir():
            return {path.stem: path for path in sorted((configs / folder).glob("*.yaml"))}
    return {}


def is_name(path: Path) -> bool:
    """Whether this can be the name of a spec that comes with convcost: a word, no path."""
    return str(path) == path.stem


def hint(path: Path) -> str:
    """What to add where a model's file is missing: the specs that a name could have meant."""
    if is_name(path):
        return f", and no spec that comes with convcost{did_you_mean(str(path), shipped())} ({', '.join(shipped())})"
    return did_you_mean(path.stem, shipped()) if path.suffix in YAML else ""
