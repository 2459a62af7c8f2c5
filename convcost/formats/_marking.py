"""Text in Markdown: it stays what it is, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convcost.units import printable

_BLOCK = re.compile(r"^(\d{0,9})([-+=.])")
_LIVE = re.compile(r"[@#]|:(?=//|[\w+-]+:|[\w+-]*[a-z][\w+-]*$)|(?<=www)\.", re.IGNORECASE)
"""What GitHub and GitLab make a mention, a reference, a picture or a link of, backslash or not."""


def listed(lines: Sequence[str]) -> str:
    """A line each."""
    return "\n".join(f"- {escaped(line.strip())}" for line in lines)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """A Markdown table whose cells are text, whatever they hold."""
    marks = ["---:" if flush else ":---" for flush in right]
    body = [[escaped(cell) for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [map(escaped, titles), marks, *body])


def beginning(text: str) -> str:
    """Text that begins a line, where a list, a rule or code could begin too."""
    return _BLOCK.sub(r"\1\\\2", escaped(text).lstrip())


def escaped(text: str) -> str:
    """Text that Markdown, the HTML in it, and the sites that show it leave as it is."""
    text = _LIVE.sub("\\g<0>\0", printable(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = "".join(f"\\{sign}" if sign in "\\`*_{}[]()#|!~" else sign for sign in text)
    # A comment does not show, and parts what would be alive; GitHub finds formulas between bare dollar signs alone.
    return text.replace("\0", "<!---->").replace("$", "<span>$</span>")
