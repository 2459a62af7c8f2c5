"""Aligned text for pipes and files: never cut off, no colours, no boxes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from convcost.units import printable

LONGEST = 400


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool], gap: str = "  ") -> str:
    """Rows of cells in columns as wide as their widest cell; `right` says which columns end flush.

    A cell of more than `LONGEST` signs stands out of its column: a long name does not make every row as long.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max((len(cell) for cell in column if len(cell) <= LONGEST), default=0) for column in zip(*rows, strict=True)
    ]
    return "\n".join(
        gap.join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    )


BOLD = "\x1b[1m"


def folded(text: str, width: int) -> str:
    """Text for a terminal of this width: long lines go on below, broken at blanks, indented as they begin."""
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip(" ")))
        drawn = "\x1b" in line and not line.startswith(BOLD)  # tables are as wide as they may be
        if drawn or len(line) <= width:
            lines.append(line)
        else:
            lines += textwrap.wrap(
                line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
    return "".join(f"{line}\n" for line in lines)
