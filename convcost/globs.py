"""Globs over layer paths: `*` and `?` stay inside a segment, `**` crosses `/`, nothing else is special."""

from __future__ import annotations

import re
from functools import cache

_MEANING = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*|\?)", glob)
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in parts), re.DOTALL)


def matches(glob: str, path: str) -> bool:
    """Whether `glob` names the whole of `path`."""
    return bool(_pattern(glob).fullmatch(path))
