"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convcost.errors import ConvcostError


@contextmanager
def replacing(path: Path, source: Path | None = None) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place in the end, unless something goes wrong.

    Raises ConvcostError where `path` cannot be written, or is the file (or in the folder) that was read.
    """
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise ConvcostError(f"{path}: is the input, and would be overwritten")
    if path.is_dir():
        raise ConvcostError(f"{path}: is a folder, allowed: a file to write")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be written: {error.strerror}") from None
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
