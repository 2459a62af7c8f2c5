"""A page of HTML that is whole in itself: figures, charts, tables. What comes from a model is text in it, always.

The page may load nothing and run only the two scripts that it holds (Content-Security-Policy, by their hashes). Without
scripts, and on paper, it shows each chart as it was drawn when the page was written.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

import msgspec

from convcost._version import __version__
from convcost.charts.base import DARK, LIGHT, Chart
from convcost.formats import _drawing
from convcost.units import printable

PAGE_COLORS = ({"page": "#f5f7f9", "edge": "#8d99a6"}, {"page": "#0e1318", "edge": "#6c7986"})
WORDS = "A MAC is a multiply-accumulate; FLOPs are two for each MAC, and all other arithmetic."
SHORT = 40
"""Characters of a cell that stay on one line."""
AXES = 56
"""Pixels that axes and legend take beside the drawing, so that nothing moves when it is there."""


class Cell(msgspec.Struct, frozen=True):
    """What a table shows, and what it sorts by (None: by the text). `part`: a bar below the text, from 0 to 1."""

    text: str
    value: float | None = None
    css: str = ""
    part: float | None = None


class Figure(msgspec.Struct, frozen=True):
    """A figure at the top of the page, and a note below it."""

    name: str
    value: str
    note: str = ""


def escaped(text: str) -> str:
    """Text that HTML shows as it is; a number stays on the line of its %."""
    return escape(printable(text), quote=True).replace(" %", "&nbsp;%")


def page(title: str, about: str, figures: Sequence[Figure], charts: Sequence[Chart], sections: Iterable[str]) -> str:
    """The whole file."""
    style = _asset("report.css")
    scripts = [_drawing.scripts(), _asset("report.js")] if charts else [_asset("report.js")]
    policy = f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src 'unsafe-inline'; img-src data:"
    packed = json.dumps({chart.name: chart.spec for chart in charts}, separators=(",", ":"))
    specs = packed.replace("<", "\\u003c")  # no tag can end it
    data = f'<script type="application/json" id="charts">{specs}</script>' if charts else ""
    drawn = "\n".join(map(_figure, charts))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="convcost {__version__}">
<title>{escaped(title)} · convcost</title>
<style>
{_colors()}
{style}</style>
</head>
<body>
<header>
<h1>{escaped(title)}</h1>
<p class="about">{escaped(about)}</p>
{_figures(figures)}
</header>
<main>
{drawn}
{"".join(sections)}</main>
<footer>Written by convcost {__version__}. {WORDS}</footer>
{data}
{"".join(f"<script>{script}</script>" for script in scripts)}
</body>
</html>
"""


def section(title: str, *parts: str) -> str:
    return f"<section>\n<h2>{escaped(title)}</h2>\n{''.join(part for part in parts if part)}\n</section>\n"


def paragraph(text: str) -> str:
    return f"<p>{escaped(text)}</p>\n"


def listed(lines: Sequence[str]) -> str:
    return "<ul>\n" + "".join(f"<li>{escaped(line)}</li>\n" for line in lines) + "</ul>\n"


def table(
    titles: Sequence[str],
    rows: Iterable[Sequence[Cell | str]],
    right: Sequence[bool],
    *,
    name: str = "",
    head: int = 0,
    search: str = "",
) -> str:
    """A table, which sorts where it has a `name`, and is searched where `search` says what for. `head`: the column
    that tells what a row is of."""
    headings = "".join(_heading(title, flush, bool(name)) for title, flush in zip(titles, right, strict=True))
    body = "\n".join(
        "<tr>" + "".join(_cell(cell, right[place], place == head) for place, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    attributes = f' id="{name}" class="sortable"' if name else ""
    field = ""
    if search:
        field = (
            f'<div class="bar"><label>{escaped(search)} <input type="search" data-table="{name}"></label>'
            f'<p id="{name}-count" role="status"></p></div>\n'
        )
    label = escaped(f"table by {titles[head]}")
    return (
        f'{field}<div class="scroll" tabindex="0" role="region" aria-label="{label}">\n'
        f"<table{attributes}>\n<thead><tr>{headings}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n"
    )


def _heading(title: str, flush: bool, sorts: bool) -> str:
    css = ' class="right"' if flush else ""
    if not sorts:
        return f'<th scope="col"{css}>{escaped(title)}</th>'
    return f'<th scope="col"{css} aria-sort="none"><button type="button">{escaped(title)}</button></th>'


def _cell(cell: Cell | str, flush: bool, head: bool) -> str:
    if isinstance(cell, str):
        cell = Cell(cell)
    width = "right" if flush else "short" if len(cell.text) <= SHORT else "text"
    classes = " ".join(filter(None, (width, cell.css)))
    value = "" if cell.value is None else f' data-value="{cell.value}"'
    part = "" if cell.part is None else f' style="--part:{cell.part:.4f}"'
    tag = 'th scope="row"' if head else "td"
    return f'<{tag} class="{classes}"{value}{part}>{escaped(cell.text)}</{tag[:2]}>'


def _figures(figures: Sequence[Figure]) -> str:
    shown = "".join(
        f"<div><dt>{escaped(one.name)}</dt><dd>{escaped(one.value)}</dd>"
        + (f"<dd>{escaped(one.note)}</dd>" if one.note else "")
        + "</div>\n"
        for one in figures
    )
    return f'<dl class="figures">\n{shown}</dl>' if figures else ""


def _figure(chart: Chart) -> str:
    drawn = _drawing.svg_in_page(chart)
    return f"""<figure id="{chart.name}">
<figcaption><h2>{escaped(chart.title)}</h2><p>{escaped(chart.text)}</p></figcaption>
<div class="live" id="live-{chart.name}" style="min-height:{chart.height + AXES}px"></div>
<div class="static" role="img" aria-label="{escaped(chart.text)}">{drawn}</div>
</figure>"""


def _colors() -> str:
    light, dark = (
        "; ".join(f"--{name}: {color}" for name, color in (colors | more).items())
        for colors, more in zip((LIGHT, DARK), PAGE_COLORS, strict=True)
    )
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


def _asset(name: str) -> str:
    return files("convcost.formats").joinpath("_assets", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
