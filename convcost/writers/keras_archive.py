"""A `.keras` archive: members stored as they are, as Keras does, so that weights can be read through a slice."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from convcost.errors import ConvcostError

Member = tuple[str, bytes | IO[bytes]]
"""A name in the archive, and what it holds."""

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same model gives the same bytes."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place in the end, unless something goes wrong.

    Raises ConvcostError where it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.", suffix=".keras")
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


def write(path: Path, members: Iterable[Member]) -> None:
    """An archive of these members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, EARLIEST)
            if isinstance(content, bytes):
                archive.writestr(info, content)
                continue
            with archive.open(info, "w", force_zip64=True) as member:
                shutil.copyfileobj(content, member, 1 << 20)
