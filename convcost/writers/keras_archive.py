"""A `.keras` archive: members stored as they are, as Keras does, so that weights can be read through a slice."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

Member = tuple[str, bytes | IO[bytes]]
"""A name in the archive, and what it holds."""

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same model gives the same bytes."""


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
