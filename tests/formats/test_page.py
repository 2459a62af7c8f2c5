"""docs/formats.md: its tables are what the formats can show."""

from __future__ import annotations

import re

from convcost import formats
from convcost.cli import COMMANDS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "formats.md").read_text()
SHOWS = {
    "analyze": "report",
    "variants": "variants",
    "compare": "comparison",
    "separability": "separability",
    "plan": "planning",
    "widen": "widening",
    "sweep": "sweep",
    "memory": "footprint",
    "explain": "explanation",
    "check": "check",
    "diff": "difference",
    "bench": "bench",
    "calibrate": "calibration",
    "verify": "verification",
}
"""What each command shows, by the function of a format."""


def cells(heading: str) -> dict[tuple[str, ...], list[str]]:
    """A table of the page: the words in code of the first cell, and of the second."""
    rows = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    found = {}
    for row in rows:
        first, second, *_ = row.strip("| ").split(" |")
        found[tuple(re.findall(r"`([^`]+)`", first))] = re.findall(r"`([^`]+)`", second)
    return found


def test_formats_of_each_command() -> None:
    assert {command: set(named) for (command,), named in cells("command").items()} == {
        command: set(formats.showing(what)) for command, what in SHOWS.items()
    }
    assert set(SHOWS) <= set(COMMANDS)


def test_every_format_and_its_suffix() -> None:
    suffixes = {
        name: suffix
        for names, given in cells("format").items()
        for name, suffix in zip(names, given or [None] * 9, strict=False)
    }
    assert suffixes == {name: formats.named(name, shown(name)).SUFFIX for name in formats.names()}


def shown(name: str) -> str:
    """Something that a format can show."""
    return next(what for what in SHOWS.values() if name in formats.showing(what))
