"""No format obeys a name: what other programs read in an output is what they read with a harmless name in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost import formats
from convcost.table import View
from convcost.units import printable
from tests.inert import reading
from tests.inert.names import names
from tests.inert.results import PLAIN, PLAIN_FILE, RESULTS, file_of

SHOWN = [(name, what) for name in formats.names() for what in RESULTS if name in formats.showing(what)]
INERT_TAGS = {"script", "style", "table", "tr", "td", "th", "section", "li", "h1", "h2", "p", "input", "meta", "body"}
SVG_TAGS = {"svg", "g", "path", "text", "tspan", "rect", "title", "defs", "clippath", "line", "lineargradient", "stop"}
TEXTS = [(name, what) for name, what in SHOWN if name in reading.READERS]
VIEW = View(raw=True, flops=True)


def written(name: str, what: str, hostile: str, view: View = VIEW) -> str:
    text = formats.render(formats.named(name, what), what, *RESULTS[what](hostile), view)
    assert isinstance(text, str)
    return text


def comparable(text: str) -> str:
    """A text with escapes of `printable` where they belong, blanks and the quotes for spreadsheets left out."""
    return re.sub(r"[\s']", "", printable(text)).replace("\\x3a", ":").replace("\\x23", "#")


def expected(leaf: str, hostile: str) -> str:
    return leaf.replace(PLAIN, hostile).replace(PLAIN_FILE, file_of(hostile))


def inert_in_a_log(text: str, commands: bool = False) -> Iterator[str]:
    """What a terminal or the log of a CI job would obey."""
    for line in text.split("\n"):
        if not line.isprintable():
            yield line
        if line.lstrip().startswith("::") and not commands:
            yield line
        if re.search(r"##\w*\[", line):
            yield line


def together(text: str) -> str:
    """A text in which halves of a character that stand side by side are one, as JSON reads them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@cache
def plain(name: str, what: str) -> list[str]:
    """What is read where nothing is hostile."""
    return list(reading.READERS[name](written(name, what, PLAIN)))


@cache
def plain_page(what: str) -> reading.Page:
    return reading.page(written("html", what, PLAIN))


@pytest.mark.parametrize(("name", "what"), TEXTS)
@settings(max_examples=12)
@given(hostile=names)
def test_names_are_data(name: str, what: str, hostile: str) -> None:
    text = written(name, what, hostile)
    assert not list(inert_in_a_log(text, commands=name == "github"))
    read = list(reading.READERS[name](text))
    assert len(read) == len(plain(name, what))
    for found, one in zip(read, plain(name, what), strict=True):
        if name == "json":
            assert together(found) == together(expected(one, hostile))
        else:
            assert comparable(found) == comparable(expected(one, hostile))


def seen(texts: list[str], name: str) -> bool:
    """Whether a name is among the texts; drawings cut long ones."""
    return any(comparable(name)[:8] in comparable(text) for text in texts)


@pytest.mark.parametrize("what", [what for name, what in SHOWN if name == "html"])
@settings(max_examples=4)
@given(hostile=names)
def test_pages_show_names_and_obey_none(what: str, hostile: str) -> None:
    page, harmless = reading.page(written("html", what, hostile)), plain_page(what)
    outside = [tag for tag in page.tags if tag in INERT_TAGS]
    assert outside == [tag for tag in harmless.tags if tag in INERT_TAGS]
    assert set(page.tags) <= set(harmless.tags) | {"g", "path", "text", "tspan", "title"}
    assert len(page.scripts) == len(harmless.scripts)
    for script, other in zip(page.scripts, harmless.scripts, strict=True):
        assert script == other or json.loads(script).keys() == json.loads(other).keys()
    assert seen(page.texts, hostile) or seen(page.texts, file_of(hostile))


@pytest.mark.parametrize("what", [what for name, what in SHOWN if name == "svg"])
@settings(max_examples=6)
@given(hostile=names)
def test_drawings_are_drawings(what: str, hostile: str) -> None:
    text = written("svg", what, hostile)
    ElementTree.fromstring(text)
    drawn = reading.page(text)
    assert {"svg", "g"} <= set(drawn.tags) <= SVG_TAGS


@settings(max_examples=30)
@given(hostile=names, what=st.sampled_from([what for name, what in SHOWN if name == "table"]))
def test_a_terminal_writes_names_and_obeys_none(hostile: str, what: str) -> None:
    terminal = View(terminal=True, color=True, width=1000)
    columns = max(1000, 20 * len(printable(hostile)))
    shown = reading.screen(written("table", what, hostile, msgspec.structs.replace(terminal, width=columns)), columns)
    bare = written("table", what, hostile, msgspec.structs.replace(terminal, color=False, width=columns))
    assert [line for line in shown if line] == [line.rstrip() for line in bare.split("\n") if line.strip()]
    told = comparable("".join(shown))
    assert what == "comparison" or comparable(hostile) in told or comparable(file_of(hostile)) in told


def test_every_result_that_a_format_shows_is_tested() -> None:
    told = set(re.findall(r"^- `(\w+)\(", formats.__doc__ or "", re.MULTILINE))
    assert told == RESULTS.keys()
