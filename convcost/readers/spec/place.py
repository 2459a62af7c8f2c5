"""Where in a spec something stands, as errors name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.readers.yaml_lines import Entries, Items, Node, Scalar
from convcost.suggestions import did_you_mean


class Place(msgspec.Struct, frozen=True):
    source: str
    line: int | None = None
    owner: str = ""
    """What it belongs to: "layer 'conv2d' (Conv2D)"."""
    outside: bool = False
    """It came from the command line, and has no line in the file."""

    def at(self, line: int, owner: str | None = None) -> Place:
        if self.outside:
            return self
        return Place(self.source, line, self.owner if owner is None else owner)

    def fault(self, text: str) -> ConvcostError:
        """An error that happened here."""
        line = f":{self.line}" if self.line is not None else ""
        owner = f" {self.owner}:" if self.owner else ""
        return ConvcostError(f"{self.source}{line}:{owner} {text}")

    def entries(self, node: Node, what: str) -> Mapping[str, Node]:
        """The entries of a mapping; null has none."""
        if isinstance(node, Scalar) and node.value is None:
            return {}
        if not isinstance(node, Entries):
            raise self.at(node.line).fault(f"{what} is {shown(node)}, allowed: a mapping")
        return node.entries

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list that is not empty."""
        if not isinstance(node, Items):
            raise self.at(node.line).fault(f"{what} is {shown(node)}, allowed: a list")
        if not node.items:
            raise self.at(node.line).fault(f"{what} is an empty list, allowed: one item or more")
        return node.items

    def text(self, node: Node, what: str) -> str:
        """A name, as the file writes it."""
        if not isinstance(node, Scalar) or node.value is None or not node.text.strip():
            raise self.at(node.line).fault(f"{what} is {shown(node)}, allowed: a name")
        return node.text

    def only(self, entries: Mapping[str, Node], allowed: tuple[str, ...], what: str) -> None:
        """Raises ConvcostError where `entries` has a key that is not in `allowed`."""
        for key, node in entries.items():
            if key not in allowed:
                hint = did_you_mean(key, allowed) or f"; allowed: {', '.join(allowed)}"
                raise self.at(node.line).fault(f"{what} has no {shown(key)}{hint}")


def shown(value: Any, most: int = 60) -> str:
    """A value on one line, cut off where it is long."""
    if isinstance(value, Scalar | Items | Entries):
        value = _outline(value)
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _outline(node: Node) -> Any:
    """The value of a node, without what is deep inside it or far behind: aliases may make it huge."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [_brief(item) for item in node.items[:8]]
    return {key: _brief(value) for key, value in list(node.entries.items())[:8]}


def _brief(node: Node) -> Any:
    return node.value if isinstance(node, Scalar) else ...
