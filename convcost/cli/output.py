"""Where results go: stdout in one format, files in others. Files are written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TextIO

from convcost.errors import ConvcostError
from convcost.units import printable
from convcost.writers.whole import Content, refuse, write, write_all

__all__ = ["Delivery", "error", "hint", "show", "terminal", "warn", "write"]

if TYPE_CHECKING:
    from convcost.table import View


class Target(NamedTuple):
    """A file to write, in which format; `chart`: which one, where it is a chart alone."""

    format: ModuleType
    path: Path
    chart: str | None = None


def split_target(target: str, what: str) -> Target:
    """`[FORMAT[.CHART]:]PATH` -> a format that shows `what`, and path; where no format is named, the suffix decides."""
    from convcost import formats

    prefix, colon, path = target.partition(":")
    name, dot, chart = prefix.partition(".")
    if not colon or name not in formats.names():
        return Target(formats.for_path(target, what), Path(target))
    if dot:
        formats.check_chart(name, what, chart)
    return Target(formats.named(name, what), Path(path), chart or None)


class Delivery:
    """Where a command's result goes: shown in one format, and written to files in others.

    Made before the work, so that a format that does not exist is refused at once, and so is a file that cannot be
    written or that is one of the `inputs`; `beside` are files that the command itself adds. Nothing is written unless
    everything could be rendered.
    """

    def __init__(
        self,
        format_: str,
        targets: Sequence[str] | None,
        inputs: Sequence[Path] = (),
        what: str = "report",
        beside: Sequence[Path] = (),
    ) -> None:
        from convcost import formats

        self.format = formats.named(format_, what)
        self.targets = [split_target(target, what) for target in targets or ()]
        self.inputs = inputs
        refuse([*(target.path for target in self.targets), *beside], inputs)
        for module in (self.format, *(target.format for target in self.targets)):
            formats.prepare(module)

    def give(self, what: str, *results: object, view: View, more: Sequence[tuple[Path, Content]] = ()) -> None:
        """Show and write `results`, by the function `what` of each format; `more` are other files to write."""
        import msgspec

        from convcost.formats import render

        is_terminal, color, width = terminal()
        shown = msgspec.structs.replace(view, width=width, terminal=is_terminal, color=color)
        contents = [
            (path, render(module, what, *results, msgspec.structs.replace(view, chart=chart)))
            for module, path, chart in self.targets
        ]
        text = render(self.format, what, *results, shown)
        try:
            write_all([*contents, *more], self.inputs)
        finally:  # what took its time is not lost where a file cannot be written
            show(self.format.folded(text, width) if is_terminal and width and hasattr(self.format, "folded") else text)


def show(text: Content) -> None:
    """Print a result. Raises ConvcostError where it cannot be; the reader of a pipe (`| head`) may have seen enough."""
    if sys.stdout is None:
        raise ConvcostError("standard output is closed")
    if isinstance(text, bytes) and sys.stdout.isatty():
        raise ConvcostError("--format: this is no text for a terminal; -o writes it to a file")
    if isinstance(text, str) and (sys.stdout.encoding or "utf-8").lower() not in ("utf-8", "utf8"):
        text = text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    try:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _abandon(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise ConvcostError(f"standard output: cannot be written: {error.strerror}") from None


def settle() -> None:
    """Send what was printed on its way, before Python does at exit, where it could only complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            _abandon(stream)


def _abandon(stream: TextIO) -> None:
    """Let what is left of a stream go nowhere: Python would complain when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


LOADED_BY_KERAS = ("keras", "h5", "json", "saved_model")
"""The formats of models whose code Keras can run."""


def hint(message: str) -> None:
    """Print what could be done next."""
    _say("hint", message)


def warn(message: str) -> None:
    """Print a warning."""
    _say("warning", message)


def error(message: str) -> None:
    """Print an error."""
    _say("error", message)


LONGEST_LINE = 2000
"""Characters of a message, which may quote a file."""


def _say(what: str, message: str) -> None:
    """A line on stderr, whatever the message holds. Where stderr takes nothing, exit codes still tell."""
    line = printable(message if len(message) <= LONGEST_LINE else f"{message[:LONGEST_LINE]}…")
    try:
        sys.stderr.write(f"{what}: {line}\n")
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def terminal() -> tuple[bool, bool, int | None]:
    """Whether stdout is a terminal, whether it gets colours, and its width (None: as wide as it takes)."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return is_terminal, color, int(columns)
    return is_terminal, color, os.get_terminal_size(sys.stdout.fileno()).columns if is_terminal else None
