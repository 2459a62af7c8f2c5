"""What other programs read in an output: its texts one by one, in order, by parsers that are not ours."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import junitparser
import pyte
from markdown_it import MarkdownIt
from prometheus_client.openmetrics import parser as openmetrics

SCHEMAS = Path(__file__).parent.parent / "budget" / "schemas"


def lines(text: str) -> Iterator[str]:
    """Plain text: the words of each line. Blanks are between them for the eye."""
    for line in text.split("\n"):
        yield " ".join(line.split(" "))


def leaves(data: Any) -> Iterator[str]:
    """The texts in JSON, keys and values; numbers too."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from leaves(value)
    elif isinstance(data, list):
        for one in data:
            yield from leaves(one)
    else:
        yield data if isinstance(data, str) else repr(data)


def from_json(text: str) -> Iterator[str]:
    yield from leaves(json.loads(text))


def cells(text: str) -> Iterator[str]:
    """CSV: every cell. No spreadsheet, wherever it cuts cells, finds a formula."""
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            number = re.fullmatch(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", cell)
            for part in re.split("[;\t]", cell):
                assert number or not re.match(r"\s*[=+@＝＋－＠-]", part), cell
            yield cell


_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_ALIVE = re.compile(r"@\w|#\w|://|www\.\w|:[\w+-]+:|\$\S")


def markdown(text: str) -> Iterator[str]:
    """Markdown: every block, and its text. In no piece of text do the sites find a mention, a reference, a link."""
    for token in _MARKDOWN.parse(text):
        if token.type != "inline":
            yield token.type if token.type != "html_block" else f"html_block {token.content.strip()}"
            continue
        told = ""
        for child in token.children or ():
            assert child.type in ("text", "text_special", "strong_open", "strong_close", "html_inline", "softbreak"), (
                child
            )
            if child.type == "html_inline":
                assert child.content in ("<!---->", "<br>", "<span>", "</span>"), child.content
            else:
                assert not _ALIVE.search(child.content), child.content
                told += child.content
        yield told.strip()


def commands(text: str) -> Iterator[str]:
    """GitHub workflow commands, read as its runner does (ActionCommand.TryParseV2), and the lines that are none."""

    def plain(value: str, *escapes: str) -> str:
        for escape in escapes:
            value = value.replace(escape, chr(int(escape[1:], 16)))
        return value.replace("%25", "%")

    for line in text.split("\n"):
        if not line.lstrip().startswith("::"):
            yield line
            continue
        head, _, message = line.lstrip()[2:].partition("::")
        name, _, properties = head.partition(" ")
        assert name in ("error", "warning", "notice")
        yield name
        for pair in properties.split(","):
            key, _, value = pair.partition("=")
            yield key
            yield plain(value, "%0D", "%0A", "%3A", "%2C")
        yield plain(message, "%0D", "%0A")


def xml(text: str) -> Iterator[str]:
    """JUnit: every element, attribute and text, where readers of JUnit find them."""
    assert len(list(junitparser.JUnitXml.fromstring(text.encode()))) > 0
    for element in ElementTree.fromstring(text).iter():
        yield element.tag
        for name, value in element.items():
            yield name
            yield value
        yield (element.text or "").strip()


def metrics(text: str) -> Iterator[str]:
    """OpenMetrics: every sample, its labels and its value."""
    for family in openmetrics.text_string_to_metric_families(text):
        yield family.documentation
        for sample in family.samples:
            yield sample.name
            for label, value in sample.labels.items():
                yield label
                yield value
            yield str(sample.value)


def _of_schema(name: str) -> Callable[[str], Any]:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)

    def read(text: str) -> Any:
        data = json.loads(text)
        assert validator.is_valid(data)
        return data

    return read


_sarif, _gitlab = _of_schema("sarif"), _of_schema("gitlab")


def sarif(text: str) -> Iterator[str]:
    """SARIF: messages without links and placeholders, and places."""
    (run,) = _sarif(text)["runs"]
    for result in run["results"]:
        message = result["message"]["text"]
        assert not re.search(r"(?<!\\)[\[\]]", message)
        assert not re.search(r"(?<!\{)\{(\{\{)*(?!\{)|(?<!\})\}(\}\})*(?!\})", message)
        yield message.replace("\\[", "[").replace("\\]", "]").replace("{{", "{").replace("}}", "}")
        place = result["locations"][0]["physicalLocation"]
        yield unquote(place["artifactLocation"]["uri"], errors="surrogateescape")
        yield result["ruleId"] + result["level"]


def gitlab(text: str) -> Iterator[str]:
    for issue in _gitlab(text):
        yield issue["description"]
        yield issue["location"]["path"]
        yield issue["check_name"] + issue["severity"]
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])


class Page(HTMLParser):
    """A page or a drawing, as a browser reads it: its texts, its elements, and what it would run or load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "href", "xlink:href") or (value or "").startswith("#"), (name, value)
        self.tags.append(tag)
        self.texts.append("")
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.texts.append("")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.texts[-1:] = [(self.texts or [""])[-1] + data]


def page(text: str) -> Page:
    found = Page()
    found.feed(text)
    found.close()
    return found


class Terminal:
    """A screen on which text may be written, in colours, line by line. That it is told anything else is an error."""

    def __init__(self, screen: pyte.Screen) -> None:
        self.screen = screen

    def __getattr__(self, event: str) -> Any:
        if event in ("draw", "linefeed", "carriage_return", "select_graphic_rendition"):
            return getattr(self.screen, event)

        def obeyed(*_: object, **__: object) -> None:
            raise AssertionError(f"the terminal obeys: {event}")

        return obeyed


def screen(text: str, columns: int) -> list[str]:
    """What a terminal shows."""
    shown = pyte.Screen(columns, text.count("\n") + 2)
    pyte.Stream(Terminal(shown)).feed(text.replace("\n", "\r\n"))
    return [line.rstrip() for line in shown.display]


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    "table": lines,
    "json": from_json,
    "csv": cells,
    "markdown": markdown,
    "github": commands,
    "gitlab": gitlab,
    "junit": xml,
    "openmetrics": metrics,
    "sarif": sarif,
}
"""By format, the texts that others find in it."""
