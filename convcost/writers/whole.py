"""Files that are written whole or not at all: by way of a temporary one beside them, which then takes their place.

An interrupted run leaves the old file. A link stays a link: what it leads to is replaced. The mode of a file is kept.
What is no file, a device or a pipe, is written into: it cannot be replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from convcost.errors import ConvcostError

Content = str | bytes
"""What a file holds; text is written as UTF-8."""


class UnwrittenError(Exception):
    """What the system says against writing, told where its own error would be taken for one of reading."""


def refuse(paths: Sequence[Path], inputs: Sequence[Path] = ()) -> None:
    """Raise ConvcostError where one of `paths` cannot be written, is a file that is read, or is there twice.

    To be asked before work that takes long.
    """
    real = [_place(path) for path in paths]
    for path, place in zip(paths, real, strict=True):
        if real.count(place) > 1:
            raise ConvcostError(f"{path}: two results would be written to this file")
        if os.path.isdir(path):
            raise ConvcostError(f"{path}: is a folder, allowed: a file to write")
        folder = os.path.dirname(place)
        if not os.path.isdir(folder):
            raise ConvcostError(f"{path}: cannot be written: there is no folder {folder}")
        for source in inputs:
            if _is_read(place, _place(source)):
                raise ConvcostError(f"{path}: is the input, and would be overwritten")
        if _is_standard_output(place):
            raise ConvcostError(f"{path}: is where standard output goes: --format says what it gets")


def write(path: Path, content: Content, inputs: Sequence[Path] = ()) -> None:
    """Write a file. Raises ConvcostError where it cannot be written, or is one of the files that were read."""
    write_all([(path, content)], inputs)


def write_all(contents: Sequence[tuple[Path, Content]], inputs: Sequence[Path] = ()) -> None:
    """Write several files: all are complete on the disk before the first of them takes its place.

    Raises ConvcostError as `write` does; it says which files are written, where there are any.
    """
    refuse([path for path, _ in contents], inputs)
    with ExitStack() as stack:
        staged = [(path, stack.enter_context(_beside(path))) for path, _ in contents]
        for (path, temporary), (_, content) in zip(staged, contents, strict=True):
            with _told(path):
                temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        for done, (path, temporary) in enumerate(staged):
            try:
                _take_place(path, temporary)
            except ConvcostError as error:
                written = ", ".join(str(one) for one, _ in staged[:done])
                raise ConvcostError(f"{error}; written before: {written}" if done else str(error)) from None


@contextmanager
def replacing(path: Path, inputs: Sequence[Path] = ()) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place in the end, unless something goes wrong.

    Raises ConvcostError as `write` does.
    """
    refuse([path], inputs)
    with _beside(path) as temporary:
        with _told(path):
            yield temporary
        _take_place(path, temporary)


def _place(path: Path) -> str:
    """Where a path leads, through links; a device or a pipe is where it is (/dev/stdout leads to what has no path)."""
    special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    return os.path.abspath(path) if special else os.path.realpath(path)


def _is_read(place: str, source: str) -> bool:
    """Whether a file is the source, by whatever name, or in the folder that is the source."""
    if not os.path.exists(place) or not os.path.exists(source):
        return False
    return os.path.samefile(place, source) or place.startswith(os.path.join(source, ""))


def _is_standard_output(place: str) -> bool:
    """Whether a file is where standard output goes: `> report.json`, or /dev/stdout then."""
    try:
        return os.path.isfile(place) and os.path.samestat(os.stat(place), os.fstat(1))
    except OSError:  # it is closed
        return False


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`, which is gone in the end; a device or a pipe itself."""
    place = Path(_place(path))
    if place.exists() and not place.is_file():
        yield place
        return
    name = place.with_name(f".{path.stem[:32]}.{os.urandom(8).hex()}{path.suffix[:32]}")
    try:  # before the file is there: a signal may come at once
        with _told(path):
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _take_place(path: Path, temporary: Path) -> None:
    place = Path(_place(path))
    if temporary == place:
        return
    with _told(path):
        temporary.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
        os.replace(temporary, place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the system says against writing `path`, as a message."""
    try:
        yield
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be written: {error.strerror or error}") from None
    except UnwrittenError as error:
        raise ConvcostError(f"{path}: cannot be written: {error}") from None
