"""Archives: their members, and the headers that speak of them."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from random import Random

from tests.fuzz.texts import EDGES, mutated_bytes
from tests.fuzz.trees import mutated_json

NAMES = ["config.json", "metadata.json", "model.weights.h5", "../config.json", "/config.json", "a/", "", "c\0d", "ä"]
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
HEADERS = {b"PK\x03\x04": "HHHHHIIIHH", b"PK\x01\x02": "HHHHHHIIIHHHHHII", b"PK\x05\x06": "HHHHIIH"}
"""What follows the mark of a local header, of an entry of the directory, and of the directory's end."""


def mutated_zip(content: bytes, chance: Random) -> bytes:
    """An archive with other members, other contents or other headers."""
    members = _members(content)
    if members is None:
        return mutated_bytes(content, chance)
    if chance.random() < 0.85:
        members = _changed(members, chance)
        content = _archive(members, chance.choice(METHODS) if chance.random() < 0.1 else zipfile.ZIP_STORED)
    if chance.random() < 0.3:
        content = _with_another_header(content, chance)
    return content


def _members(content: bytes) -> list[tuple[str, bytes]] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < 10**6]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError, zlib.error):
        return None
    except Exception:  # what the modules bz2 and lzma raise
        return None


def _changed(members: list[tuple[str, bytes]], chance: Random) -> list[tuple[str, bytes]]:
    if not members:
        return [("config.json", b"{}")]
    at = chance.randrange(len(members))
    name, content = members[at]
    match chance.randrange(12):
        case 0:
            del members[at]
        case 1:
            members.append(members[at])
        case 2:
            members[at] = (chance.choice(NAMES), content)
        case 3:
            chance.shuffle(members)
        case _:
            as_json = mutated_json(content, chance) if name.endswith(".json") else None
            members[at] = (name, as_json or mutated_bytes(content, chance))
    return members


def _archive(members: list[tuple[str, bytes]], method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are meant
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def _with_another_header(content: bytes, chance: Random) -> bytes:
    """One field of one header with another value."""
    mark = chance.choice(list(HEADERS))
    places = [at for at in range(len(content)) if content.startswith(mark, at)] if content.count(mark) < 50 else []
    if not places:
        return content
    start = chance.choice(places) + 4
    letters = HEADERS[mark]
    number = chance.randrange(len(letters))
    at = start + struct.calcsize("<" + letters[:number])
    size = struct.calcsize("<" + letters[number])
    value = chance.choice((*EDGES, chance.randrange(2**16))) & (1 << 8 * size) - 1
    return content[:at] + value.to_bytes(size, "little") + content[at + size :]
