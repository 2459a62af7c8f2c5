"""YAML -> plain values that know their line. Nothing in a file builds an object, whatever its tags say.

The values are put together from the parser's events, so that depth and aliases are capped while the file is read.
Plain scalars mean what YAML 1.2 says: `no`, `on` and `12:30` are texts, `1e9` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.readers import files

LARGEST_FILE = 64 * 10**6
"""Bytes of a YAML file."""
DEEPEST_NESTING = 64
MOST_ALIASED = 100_000
"""Values that the aliases of a file may stand for, all in all."""
LONGEST_NUMBER = 18
"""Digits."""

Plain = str | int | float | bool | None


class Scalar(msgspec.Struct, frozen=True, gc=False):
    """One value; `text` is how the file writes it."""

    line: int
    text: str
    value: Plain


class Items(msgspec.Struct, frozen=True, gc=False):
    line: int
    items: tuple[Node, ...]


class Entries(msgspec.Struct, frozen=True, gc=False):
    line: int
    entries: dict[str, Node]


Node = Scalar | Items | Entries
"""A value of a file. An entry's `line` is the line of its key."""


def read_yaml(path: Path, most: int | None = None) -> Node:
    """The one document of a YAML file of at most so many bytes. Raises ConvcostError with the line where it is none."""
    content = files.content(path, LARGEST_FILE if most is None else most)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConvcostError(f"{path}: no UTF-8 text: byte {error.start:,} is {content[error.start]:#04x}") from None
    return parse(text, str(path))


def parse(text: str, source: str) -> Node:
    """The one document that `text` is; `source` names it in errors."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = _Document(source)
    try:
        for event in yaml.parse(text, Loader=loader):
            document.take(event)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = error.problem or error.context
        hint = "; does the line above it lack a colon?" if "mapping values are not allowed" in str(problem) else ""
        raise ConvcostError(f"{source}{line}: no YAML: {problem}{hint}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise ConvcostError(f"{source}: no YAML: {' '.join(str(error).split())}") from None
    if document.root is None:
        raise ConvcostError(f"{source}: the file is empty")
    return document.root


def plain(node: Node) -> Any:
    """The value as Python has it, without lines."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


class _Open:
    """A list (`entries` None) or a mapping whose end has not come yet."""

    def __init__(self, line: int, anchor: str | None, mapping: bool, before: int) -> None:
        self.line = line
        self.anchor = anchor
        self.items: list[Node] = []
        self.entries: dict[str, Node] | None = {} if mapping else None
        self.merged: list[Entries] = []
        self.key: str | None = None
        self.merging = False
        self.key_line = line
        self.before = before
        """How many values the document had before this one."""


class _Document:
    """A document while its events come in."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.root: Node | None = None
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.documents = 0
        self.values = 0
        self.aliased = 0

    def fault(self, line: int, text: str) -> ConvcostError:
        return ConvcostError(f"{self.source}:{line}: {text}")

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self.scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self.start(event, mapping=kind == "MappingStartEvent")
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.end()
        elif kind == "AliasEvent":
            self.alias(event)
        elif kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise self.fault(event.start_mark.line + 1, "a second document starts here, allowed: one in a file")

    def line_of(self, event: Any) -> int:
        """The line of an entry's key, else the event's own."""
        if self.open and self.open[-1].key is not None:
            return self.open[-1].key_line
        line: int = event.start_mark.line + 1
        return line

    def refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            raise self.fault(event.start_mark.line + 1, f"tag {event.tag!r} is not allowed: values are plain")

    def scalar(self, event: Any) -> None:
        self.refuse_tag(event)
        parent = self.open[-1] if self.open else None
        if parent and parent.entries is not None and parent.key is None:
            self.start_entry(parent, event.value, event.start_mark.line + 1)
            parent.merging = event.value == "<<" and event.implicit[0]
            if event.anchor:
                self.anchors[event.anchor] = (Scalar(parent.key_line, event.value, event.value), 1)
            return
        line = self.line_of(event)
        value = self.resolved(event.value, line) if event.implicit[0] else event.value
        self.values += 1
        self.add(Scalar(line, event.value, value), event.anchor, 1)

    def start_entry(self, parent: _Open, key: str, line: int) -> None:
        assert parent.entries is not None
        if key in parent.entries:
            raise self.fault(line, f"{key!r} is given twice, first in line {parent.entries[key].line}")
        parent.key, parent.key_line = key, line

    def start(self, event: Any, mapping: bool) -> None:
        self.refuse_tag(event)
        line = self.line_of(event)
        if len(self.open) >= DEEPEST_NESTING:
            raise self.fault(line, f"values are nested more than {DEEPEST_NESTING} deep, the most allowed")
        if self.open and self.open[-1].entries is not None and self.open[-1].key is None:
            raise self.fault(line, "a key is a list or a mapping, allowed: a name")
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self.open.append(_Open(line, event.anchor, mapping, self.values))

    def end(self) -> None:
        done = self.open.pop()
        if done.entries is None:
            node: Node = Items(done.line, tuple(done.items))
        else:
            for merged in done.merged:
                for key, value in merged.entries.items():
                    done.entries.setdefault(key, value)
            node = Entries(done.line, done.entries)
        self.values += 1
        self.add(node, done.anchor, self.values - done.before)

    def alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self.anchors:
            inside = any(one.anchor == event.anchor for one in self.open)
            raise self.fault(line, f"alias *{event.anchor} {'stands inside itself' if inside else 'has no anchor'}")
        node, size = self.anchors[event.anchor]
        self.aliased += size
        self.values += size
        if self.aliased > MOST_ALIASED:
            raise self.fault(line, f"aliases stand for more than {MOST_ALIASED:,} values, the most allowed")
        if self.open and self.open[-1].entries is not None and self.open[-1].key is None:
            raise self.fault(line, "a key is an alias, allowed: a name")
        self.add(node, None, size)

    def add(self, node: Node, anchor: str | None, size: int) -> None:
        """Put a finished value of `size` values where it belongs."""
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if parent.entries is None:
            parent.items.append(node)
            return
        assert parent.key is not None
        if parent.merging:
            parent.merged += self.mappings(node)
        else:
            parent.entries[parent.key] = node
        parent.key = None

    def mappings(self, node: Node) -> Iterator[Entries]:
        """What a merge key `<<` brings in: a mapping, or a list of them."""
        for one in node.items if isinstance(node, Items) else (node,):
            if not isinstance(one, Entries):
                raise self.fault(node.line, "'<<' merges something else than mappings")
            yield one

    def resolved(self, text: str, line: int) -> Plain:
        """What an unquoted scalar stands for. Raises ConvcostError where YAML 1.1 and 1.2 read another number."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            if len(text.lstrip("+-")) > LONGEST_NUMBER:
                raise self.fault(line, f"a number of {len(text):,} digits, allowed: {LONGEST_NUMBER}")
            if _OLD_OCTAL.fullmatch(text):
                raise self.fault(
                    line, f"{text} is octal in YAML 1.1 and decimal in YAML 1.2: write it without the zero"
                )
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if not isfinite(value):
                raise self.fault(line, f"the number {text[:24]} is too large")
            return value
        return text


_WORDS: dict[str, Plain] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|[0-9]+)")
_OLD_OCTAL = re.compile(r"[-+]?0+[1-9][0-9]*")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
