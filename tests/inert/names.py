"""Names as a hostile file may give them to models and layers: what terminals, spreadsheets, pages and CI jobs obey."""

from __future__ import annotations

from hypothesis import strategies as st

ESC, BEL, ST = "\x1b", "\x07", "\x9c"

TERMINAL = [
    f"{ESC}]0;owned{BEL}",
    f"{ESC}]2;owned{ESC}\\",
    f"{ESC}]8;;https://evil.example{ESC}\\link{ESC}]8;;{ESC}\\",
    f"\x9d0;owned{ST}",
    f"{ESC}[31m",
    "\x9b31m",
    f"{ESC}[2J{ESC}[1;1H",
    f"{ESC}[?1049h",
    f"{ESC}[1A{ESC}[2K",
    f"{ESC}P1$r0m{ESC}\\",
    f"{ESC}c",
    BEL,
    "\b\b\b",
    "\x7f",
    "\x0e\x0f",
    "\x85",
]
DIRECTIONS = ["\u202e", "\u202d", "\u202a", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069", "\u200f", "\u061c"]
UNSEEN = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\x00", "\ud800", "\udfff", "\U000e0041", "\ufff9"]
LINES = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\t"]
RICH = ["[red]", "[/red]", "[link=https://evil.example]", "[/]", "[bold", "\\[", ":boom:"]
MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td>",
    "]]>",
    "-->",
    "<!--",
    "&lt;",
    "&#x1b;",
    "<?php",
    "</testcase>",
    "'\"><svg/onload=alert(1)>",
    "javascript:alert(1)",
]
MARKDOWN = [
    "|",
    "\\|",
    "`",
    "```",
    "**b**",
    "_i_",
    "[x](https://evil.example)",
    "![x](y)",
    "# h",
    "- item",
    "+ item",
    "1. item",
    "---",
    "===",
    "    code",
    "~~s~~",
    "@everyone",
    "#123",
    "https://evil.example",
    "www.evil.example",
    "a@b.example",
    "$x$",
    "\\",
]
SHEETS = ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(1)", "\t=1", " =1", ";=1", ",=1", '"', '""', "＝1", "'"]
JOBS = [
    "::set-output name=x::y",
    "::error::",
    "::stop-commands::t",
    " ::warning::",
    "##[error]",
    "##vso[task.setvariable]",
    "%0A",
    "%25",
    "%3A",
    ",",
    ":",
    "::",
    "##teamcity[buildStop]",
]
LABELS = ['"', "\\", '\\"', '"} 1', "{", "}", "# EOF", "# TYPE"]
ORDINARY = ["conv", "block1", " ", "a", "ü", "層", "é", "·", "×", "😀"]

KINDS = (TERMINAL, DIRECTIONS, UNSEEN, LINES, RICH, MARKUP, MARKDOWN, SHEETS, JOBS, LABELS)
PIECES = [piece for kind in (*KINDS, ORDINARY) for piece in kind]

names: st.SearchStrategy[str] = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), min_size=1, max_size=5).map("".join),
    st.sampled_from(["".join(kind) for kind in KINDS]),
).filter(bool)
"""Names of such pieces and any other text, and names of all pieces of a kind."""
