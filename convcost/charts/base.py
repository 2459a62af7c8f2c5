"""What a chart is, and what all charts look like: colours by their role, type, axes.

Colours are CSS variables, so that one page is light or dark as its reader has it; `painted` puts in the colours of the
light theme where a picture stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

LIGHT = {
    "surface": "#ffffff",
    "ink": "#1b2530",
    "muted": "#5a6673",
    "grid": "#e3e8ed",
    "group": "#dfe6ed",
    "orange": "#e5850b",
    "blue": "#4c9bdb",
    "green": "#2fa888",
    "purple": "#c77db0",
    "yellow": "#d9b72b",
    "grey": "#b7c0ca",
    "red": "#c8391f",
}
"""Hues after Okabe and Ito, "Color Universal Design" (2008): told apart by colour-blind eyes, and light enough for
dark text."""

DARK = LIGHT | {
    "surface": "#161c23",
    "ink": "#e8edf2",
    "muted": "#a3afbb",
    "grid": "#2b343e",
    "group": "#33404d",
    "grey": "#7f8b97",
    "red": "#ff7a5c",
}

INK, MUTED, GRID, SURFACE, GROUP = (f"var(--{name})" for name in ("ink", "muted", "grid", "surface", "group"))
ORANGE, BLUE, GREEN, PURPLE, YELLOW, GREY, RED = (
    f"var(--{name})" for name in ("orange", "blue", "green", "purple", "yellow", "grey", "red")
)
ON_COLOR = "#101820"
"""Text on any of the hues, in both themes."""

FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""Of one width on all systems, so that a drawing made here has room for its texts where it is shown."""
WIDTH = 760
"""Pixels of a picture that stands alone; on a page it is as wide as the page."""

BAR = 18
"""Pixels from bar to bar, where bars have names."""

MOST_BARS = 40
"""Bars with names that can still be read as a picture; the table has the others."""

LONGEST = "(containerSize()[0] < 560 ? 16 : 40)"
"""Characters of a name beside an axis."""

NAMES = {
    "labelExpr": f"length(datum.label) > {LONGEST} ? '…' + slice(datum.label, 1 - {LONGEST}) : datum.label",
    "labelLimit": 300,
    "ticks": False,
    "domain": False,
}
"""An axis of paths: they keep their ends, by which they differ."""

COUNTS = {"labelExpr": "datum.value ? format(datum.value, '~s') : '0'", "tickCount": 6}
"""An axis of counts: 2M, and 0 without a prefix."""

SHARES = {"format": "~%", "tickCount": 6}


class Chart(msgspec.Struct, frozen=True):
    """A picture, what it is called, and what it shows in words. `height`: pixels of the drawing without its axes."""

    name: str
    title: str
    text: str
    spec: Mapping[str, Any]
    height: int


def vega_lite(text: str, height: int, **parts: Any) -> dict[str, Any]:
    """A Vega-Lite spec as wide as what holds it."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": text,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": {**style(), "view": {"stroke": None, "continuousWidth": WIDTH}},
        **parts,
    }


def style() -> dict[str, Any]:
    """What Vega and Vega-Lite both take as `config`."""
    return {
        "background": None,
        "font": FONT,
        "axis": {
            "labelColor": MUTED,
            "titleColor": MUTED,
            "labelFont": FONT,
            "titleFont": FONT,
            "titleFontWeight": "normal",
            "labelFontSize": 11,
            "titleFontSize": 11,
            "gridColor": GRID,
            "domainColor": GRID,
            "tickColor": GRID,
        },
        "legend": {
            "labelColor": INK,
            "titleColor": MUTED,
            "labelFont": FONT,
            "titleFont": FONT,
            "titleFontWeight": "normal",
            "labelFontSize": 12,
            "labelLimit": 0,
            "symbolType": "square",
            "orient": "top",
            "direction": "horizontal",
            "columns": {"signal": "containerSize()[0] < 430 ? 1 : containerSize()[0] < 700 ? 2 : 0"},
        },
    }


def names(field: str) -> dict[str, Any]:
    """The encoding `y` of bars that have names, in the order of the data."""
    return {"field": field, "sort": None, "title": None, "axis": NAMES}


def mark_at(field: str, value: float, color: str) -> dict[str, Any]:
    """A layer of its own: a dashed line where the axis `x` of `field` has this value."""
    return {
        "data": {"values": [{field: value}]},
        "mark": {"type": "rule", "color": color, "strokeDash": [6, 4]},
        "encoding": {"x": {"field": field, "type": "quantitative"}},
    }


def legend(values: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The scale of an encoding `color`, by label and colour, with a legend above the picture."""
    return {
        "domain": [label for label, _ in values],
        "range": [color for _, color in values],
    }


def painted(spec: Any, colors: Mapping[str, str] = LIGHT) -> Any:
    """`spec` with these colours in the place of variables, but for its data, where names are names."""
    if isinstance(spec, Mapping):
        return {key: value if key == "values" else painted(value, colors) for key, value in spec.items()}
    if isinstance(spec, list):
        return [painted(value, colors) for value in spec]
    if isinstance(spec, str) and spec.startswith("var(--"):
        return colors[spec.removeprefix("var(--").removesuffix(")")]
    return spec


def scale_of_bytes(most: int) -> tuple[int, str]:
    """The unit in which an axis up to so many bytes is told: what to divide by, and its sign."""
    for power, sign in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if most >= 1024**power:
            return 1024**power, sign
    return 1, "B"
