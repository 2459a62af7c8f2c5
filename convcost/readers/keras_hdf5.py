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
DAMAGED = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError)
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
    return " ".join(str(error).split())


def contents(root: Any, source: str, attributes: tuple[str, ...] = ()) -> Group:
    """All that lies in an h5py file. Raises ConvcostError where there is too much, or data lies in another file."""
    return _Walk(source, attributes).group(root, "", 0)


class _Walk:
    def __init__(self, source: str, attributes: tuple[str, ...]) -> None:
        self.source = source
        self.attributes = attributes
        self.seen: set[int] = set()

    def group(self, group: Any, path: str, depth: int) -> Group:
        import h5py

        if depth > DEEPEST_GROUP:
            raise ConvcostError(f"{self.source}: HDF5 groups lie more than {DEEPEST_GROUP} deep")
        datasets: dict[str, Stored] = {}
        groups: dict[str, Group] = {}
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            member = group[name]
            if not self.is_new(h5py.h5o.get_info(member.id).addr):
                continue
            if isinstance(member, h5py.Group):
                groups[name] = self.group(member, f"{path}/{name}", depth + 1)
            elif isinstance(member, h5py.Dataset):
                datasets[name] = self.dataset(name, member, path)
        texts = {name: found for name in self.attributes if (found := texts_in(group, name)) is not None}
        return Group(datasets, groups, texts, path)

    def is_new(self, address: int) -> bool:
        new = address not in self.seen
        self.seen.add(address)
        if len(self.seen) > MOST_OBJECTS:
            raise ConvcostError(f"{self.source}: more than {MOST_OBJECTS:,} HDF5 objects")
        return new

    def dataset(self, name: str, dataset: Any, path: str) -> Stored:
        import h5py

        created = dataset.id.get_create_plist()
        # Asked before its shape, which HDF5 may look up in the other file.
        if created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count():
            raise ConvcostError(f"{self.source}: data set {dataset.name!r} lies in another file, which is not opened")
        dtype = dataset.dtype
        # HDF5 has no bfloat16: Keras writes two opaque bytes and an attribute.
        told = dataset.attrs.get("dtype") if dtype.kind == "V" else None
        dtype_name = told if isinstance(told, str) else dtype.name
        return Stored(name, tuple(dataset.shape or ()), dtype_name, path=f"{path}/{name}")


def texts_in(group: Any, attribute: str) -> tuple[str, ...] | None:
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
    return tuple(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in listed)
