"""`.keras`: a zip of config.json, metadata.json and model.weights.h5, or a folder of these.

Only config.json is read, unless it has a layer that no rule knows: then the weights file tells its params.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.readers.files import content

if TYPE_CHECKING:
    import zipfile

    from convcost.readers.keras_hdf5 import Slice
    from convcost.readers.keras_weights import GroupedWeights

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
STORED, DEFLATED = 0, 8
ENCRYPTED = 1
LOCAL_HEADER_BYTES = 30
LARGEST_UNPACKED = 4 * 10**9
"""Bytes of a compressed member that is copied: weights to a temporary file, assets into a new archive."""
SMALL_GRAPH, SMALL_MEMBER = 8 * 10**6, 64 * 10**6
MOST_UNPACKED = 8
"""Bytes that a compressed one may unpack to, where that is not small: Keras compresses nothing, weights hardly get
smaller, and a small file must not become a large one.
"""

FILES = ".keras archives"


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix == ".keras" or head.startswith(b"PK\x03\x04") or (path / CONFIG).is_file()


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in an archive. Raises ConvcostError where it is none."""
    from convcost.readers.keras_text import model_in
    from convcost.readers.keras_unknown import completed

    return completed(model_in(text_in(path, CONFIG), str(path), "keras"), lambda: weights_in(path))


def weights_in(path: Path) -> GroupedWeights:
    """The weights of an archive, without their data. Raises ConvcostError where it has none, or they are damaged."""
    from convcost.readers.keras_weights import read_weights

    with weights_file(path) as file:
        return read_weights(f"{path}: {WEIGHTS}", file)


@contextmanager
def weights_file(path: Path) -> Iterator[Path | Slice]:
    """The weights file of an archive, as h5py can open it. Raises ConvcostError where it has none."""
    import tempfile

    from convcost.readers.keras_hdf5 import Slice

    if path.is_dir():
        if not (path / WEIGHTS).is_file():
            raise ConvcostError(f"{path}: the folder has no {WEIGHTS}")
        yield path / WEIGHTS
        return
    with _opened(path) as archive:
        info = _member(archive, WEIGHTS, path)
        if info.compress_type == STORED:
            # Seeking backwards in `archive.open` reads from the start again: many seconds for a large file.
            with Slice(path, _start_of(archive, info, path), info.file_size) as part:
                yield part
            return
        with tempfile.TemporaryDirectory() as folder:
            with (copy := Path(folder, WEIGHTS)).open("wb") as unpacked:
                _unpack(archive, info, path, unpacked)
            yield copy


def text_in(path: Path, name: str) -> bytes:
    """What one of the two JSON files of an archive holds. Raises ConvcostError where it has none."""
    from convcost.readers.keras_text import LARGEST_GRAPH

    if path.is_dir():
        return content(path / name, LARGEST_GRAPH)
    with _opened(path) as archive:
        info = _member(archive, name, path)
        _check_size(info, path, SMALL_GRAPH, LARGEST_GRAPH)
        with _told_as_damage(path), archive.open(info) as member:
            return member.read(info.file_size)  # of more, zipfile would unpack more than the headers tell


def others(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """All that an archive holds besides config and weights: metadata, and the assets of layers, by name."""
    if path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file() and not one.is_symlink()):
            name = file.relative_to(path).as_posix()
            if name not in (CONFIG, WEIGHTS):
                with file.open("rb") as content:
                    yield name, content
        return
    with _opened(path) as archive:
        for info in archive.infolist():
            if info.filename not in (CONFIG, WEIGHTS) and not info.is_dir():
                _check_size(info, path, SMALL_MEMBER, LARGEST_UNPACKED)
                with _told_as_damage(path), archive.open(_member(archive, info.filename, path)) as content:
                    yield info.filename, content


@contextmanager
def _told_as_damage(path: Path) -> Iterator[None]:
    import zipfile
    import zlib

    try:
        yield
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise ConvcostError(f"{path}: no .keras archive, or a damaged one: {error}") from None


def _opened(path: Path) -> zipfile.ZipFile:
    import zipfile

    with _told_as_damage(path):
        return zipfile.ZipFile(path)


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> zipfile.ZipInfo:
    """The one member of this name. Raises ConvcostError where there is none, or it cannot be read."""
    found = [info for info in archive.infolist() if info.filename == name]
    if not found:
        raise ConvcostError(f"{path}: the archive has no {name}")
    if len(found) > 1:
        raise ConvcostError(f"{path}: the archive has {len(found)} members named {name}, allowed: one")
    (info,) = found
    if info.flag_bits & ENCRYPTED:
        raise ConvcostError(f"{path}: {name} is encrypted, which Keras does not do")
    if info.compress_type not in (STORED, DEFLATED):
        raise ConvcostError(f"{path}: {name} is compressed by method {info.compress_type}, allowed: none or deflate")
    return info


def _check_size(info: zipfile.ZipInfo, path: Path, small: int, most: int) -> None:
    """Raises ConvcostError where a member is too large, by itself or for what it is packed in."""
    allowed = min(most, max(small, MOST_UNPACKED * info.compress_size))
    if info.file_size > allowed:
        raise ConvcostError(f"{path}: {info.filename} has {info.file_size:,} bytes, allowed: {allowed:,}")


def _start_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> int:
    """Where the bytes of a member start: behind its local header, whose extra field has a length of its own."""
    assert archive.fp is not None
    with _told_as_damage(path):
        archive.fp.seek(info.header_offset)
        header = archive.fp.read(LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
        raise ConvcostError(f"{path}: the archive is damaged: {info.filename} has no local header")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    return info.header_offset + LOCAL_HEADER_BYTES + int(name_length) + int(extra_length)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, copy: IO[bytes]) -> None:
    import shutil

    _check_size(info, path, SMALL_MEMBER, LARGEST_UNPACKED)
    with _told_as_damage(path), archive.open(info) as member:  # reads info.file_size bytes at most
        shutil.copyfileobj(member, copy, 1 << 20)
