"""Where results go: stdout in one format, files in others. Files are written whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from convcost.errors import ConvcostError

if TYPE_CHECKING:
    from convcost.table import View


def split_target(target: str, what: str) -> tuple[ModuleType, Path]:
    """`[FORMAT:]PATH` -> a format that shows `what`, and path; where no format is named, the suffix decides."""
    from convcost import formats

    name, colon, path = target.partition(":")
    if colon and name in formats.names():
        return formats.named(name, what), Path(path)
    return formats.for_path(target, what), Path(target)


class Delivery:
    """Where a command's result goes: shown in one format, and written to files in others.

    Made before the work, so that a format that does not exist is refused at once; nothing is written unless everything
    could be rendered.
    """

    def __init__(
        self, format_: str, targets: Sequence[str] | None, inputs: Sequence[Path] = (), what: str = "report"
    ) -> None:
        from convcost import formats

        self.format = formats.named(format_, what)
        self.targets = [split_target(target, what) for target in targets or ()]
        self.inputs = inputs

    def give(self, what: str, *results: object, view: View) -> None:
        """Show and write `results`, by the function `what` of each format."""
        import msgspec

        from convcost.formats import render

        is_terminal, color, width = terminal()
        shown = msgspec.structs.replace(view, width=width, terminal=is_terminal, color=color)
        texts = [(path, render(module, what, *results, view)) for module, path in self.targets]
        text = render(self.format, what, *results, shown)
        show(self.format.folded(text, width) if is_terminal and width and hasattr(self.format, "folded") else text)
        for path, text in texts:
            write(path, text, self.inputs)


def write(path: Path, text: str, inputs: Sequence[Path] = ()) -> None:
    """Write a file by way of a temporary one beside it: an interrupted run leaves the old file.

    Raises ConvcostError where it cannot be written, or is one of the files that were read.
    """
    import tempfile

    if any(path.exists() and source.exists() and path.samefile(source) for source in inputs):
        raise ConvcostError(f"{path}: is the input, and would be overwritten")
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.")
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def show(text: str) -> None:
    """Print a result."""
    if isinstance(sys.stdout.encoding, str) and sys.stdout.encoding.lower() not in ("utf-8", "utf8"):
        text = text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding)
    sys.stdout.write(text)
    sys.stdout.flush()


LOADED_BY_KERAS = ("keras", "h5", "json", "saved_model")
"""The formats of models whose code Keras can run."""


def hint(message: str) -> None:
    """Print what could be done next."""
    sys.stderr.write(f"hint: {message}\n")


def warn(message: str) -> None:
    """Print a warning."""
    from convcost.units import printable

    sys.stderr.write(f"warning: {printable(message)}\n")


def error(message: str) -> None:
    """Print an error that does not end the command at once."""
    from convcost.units import printable

    sys.stderr.write(f"error: {printable(message)}\n")


def complain(message: str) -> None:
    """Print an error."""
    from convcost.units import printable

    sys.stderr.write("error: " + "\n".join(map(printable, message.splitlines())) + "\n")


def terminal() -> tuple[bool, bool, int | None]:
    """Whether stdout is a terminal, whether it gets colours, and its width (None: as wide as it takes)."""
    is_terminal = sys.stdout.isatty()
    color = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return is_terminal, color, int(columns)
    return is_terminal, color, os.get_terminal_size(sys.stdout.fileno()).columns if is_terminal else None
