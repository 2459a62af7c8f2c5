"""What an HDF5 file holds: groups, and the shapes and dtypes of data sets. Data is never read, no other file is opened.

Only hard links are followed, each to an object not seen before: soft and external links can name what is not in the
file, and hard links can form a cycle.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Shape

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_OBJECTS = 1_000_000
DEEPEST_GROUP = 128
DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
"""What h5py raises on a file that is not as it should be."""


class Stored(msgspec.Struct, frozen=True):
    """A stored variable: its name (a path below the group that is spoken of), its shape and dtype.

    `trainable` is None where the file does not tell. `path` is where the file has it, from the root.
    """

    name: str
    shape: Shape
    dtype: str
    trainable: bool | None = None
    path: str = ""


class Group(msgspec.Struct, frozen=True):
    """A group: its data sets and groups by name, and the texts in the attributes that were asked for.

    `path` is where the file has it, from the root.
    """

    datasets: Mapping[str, Stored] = {}
    groups: Mapping[str, Group] = {}
    texts: Mapping[str, tuple[str, ...]] = {}
    path: str = ""

    def at(self, path: str) -> Group | None:
        """The group at `path` below this one."""
        group: Group | None = self
        for name in path.split("/"):
            group = group.groups.get(name) if group else None
        return group


class Slice(io.RawIOBase):
    """The bytes of `file` from `start` on, `size` of them, as a file of their own."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self.path = path
        self.file = path.open("rb", buffering=0)
        self.start = start
        self.size = size
        self.position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(origin + offset, 0)
        return self.position

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any) -> int:
        left = max(self.size - self.position, 0)
        self.file.seek(self.start + self.position)
        count = self.file.readinto(memoryview(buffer)[:left])
        self.position += count
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


@contextmanager
def opened(source: str, file: Path | IO[bytes] | io.RawIOBase) -> Iterator[Any]:
    """The h5py.File in `file`; closed in the end, since one left open crashes Python when it exits.

    Raises ConvcostError where it is none, or damaged, also while it is being read.
    """
    import h5py

    try:
        with h5py.File(file, "r") as hdf5:
            yield hdf5
    except DAMAGED as error:
        raise ConvcostError(f"{source}: no HDF5 file, or a damaged one: {_one_line(error)}") from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def contents(root: Any, source: str, attributes: tuple[str, ...] = ()) -> Group:
    """All that lies in an h5py file. Raises ConvcostError where there is too much, or data lies in another file."""
    return _Walk(source, attributes).group(root.id, "", 0)


class _Walk:
    """Walks with h5py's low-level identifiers: its objects for groups and data sets take three times as long."""

    def __init__(self, source: str, attributes: tuple[str, ...]) -> None:
        import h5py

        self.h5py = h5py
        self.source = source
        self.attributes = attributes
        self.seen: set[int] = set()

    def group(self, group: Any, path: str, depth: int) -> Group:
        h5py = self.h5py
        if depth > DEEPEST_GROUP:
            raise ConvcostError(f"{self.source}: HDF5 groups lie more than {DEEPEST_GROUP} deep")
        datasets: dict[str, Stored] = {}
        groups: dict[str, Group] = {}
        for link in group:
            if group.links.get_info(link).type != h5py.h5l.TYPE_HARD:
                continue
            member, name = h5py.h5o.open(group, link), link.decode("utf-8", "replace")
            if not self.is_new(h5py.h5o.get_info(member).addr):
                continue
            if isinstance(member, h5py.h5g.GroupID):
                groups[name] = self.group(member, f"{path}/{name}", depth + 1)
            elif isinstance(member, h5py.h5d.DatasetID):
                datasets[name] = self.dataset(name, member, path)
        has_texts = self.attributes and h5py.h5a.get_num_attrs(group)
        texts = texts_of(h5py.Group(group), self.attributes) if has_texts else {}
        return Group(datasets, groups, texts, path)

    def is_new(self, address: int) -> bool:
        new = address not in self.seen
        self.seen.add(address)
        if len(self.seen) > MOST_OBJECTS:
            raise ConvcostError(f"{self.source}: more than {MOST_OBJECTS:,} HDF5 objects")
        return new

    def dataset(self, name: str, dataset: Any, path: str) -> Stored:
        h5py = self.h5py
        created = dataset.get_create_plist()
        # Asked before its shape, which HDF5 may look up in the other file.
        if created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count():
            raise ConvcostError(f"{self.source}: data set '{path}/{name}' lies in another file, which is not opened")
        dtype = dataset.dtype
        # HDF5 has no bfloat16: Keras writes two opaque bytes and an attribute.
        told = h5py.Dataset(dataset).attrs.get("dtype") if dtype.kind == "V" else None
        return Stored(
            name, tuple(dataset.shape or ()), told if isinstance(told, str) else dtype.name, path=f"{path}/{name}"
        )


def texts_of(group: Any, attributes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The texts in those of the attributes that an h5py group has."""
    return {name: found for name in attributes if (found := _texts_in(group, name)) is not None}


def _texts_in(group: Any, attribute: str) -> tuple[str, ...] | None:
    """The text, or list of texts, in an attribute of an h5py group; None where it has none.

    Keras cuts a list that is too long for one attribute into `attribute0`, `attribute1`, …
    """
    if attribute in group.attrs:
        return _texts(group.attrs[attribute])
    parts: list[tuple[str, ...]] = []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(_texts(group.attrs[f"{attribute}{len(parts)}"]))
    return tuple(text for part in parts for text in part) if parts else None


def _texts(value: Any) -> tuple[str, ...]:
    listed = value.tolist() if hasattr(value, "tolist") else value
    listed = listed if isinstance(listed, list) else [listed]
    return tuple(one.decode("utf-8", "replace") if isinstance(one, bytes) else _unicode(str(one)) for one in listed)


def _unicode(name: str) -> str:
    """A name without what is no text: h5py leaves bytes that are not UTF-8 in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
