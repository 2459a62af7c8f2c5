"""The bytes of a file: an ordinary one, since a pipe or a device may never end, and none that is too large."""

from __future__ import annotations

import os
from pathlib import Path

from convcost.errors import ConvcostError


def content(path: Path, most: int) -> bytes:
    """All that a file holds. Raises ConvcostError where it cannot be read, or has more than `most` bytes."""
    return start(path, most, whole=True)


def start(path: Path, most: int, whole: bool = False) -> bytes:
    """The first `most` bytes of a file. Raises ConvcostError where it cannot be read; `whole`: or has more."""
    try:
        if path.exists() and not path.is_file():
            raise ConvcostError(f"{path}: no ordinary file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if whole and size > most:
                raise ConvcostError(f"{path}: the file has {size:,} bytes, allowed: {most:,}")
            return file.read(most)
    except FileNotFoundError:
        raise ConvcostError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise ConvcostError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
