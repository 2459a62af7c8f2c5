"""Archives: bombs, members that are not what they say, and headers that do not agree."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from tests.hostile.conftest import Convcost
from tests.hostile.making import COUNTED, GOOD, archive, bomb, one_member, patched

LOCAL, DIRECTORY = b"PK\x03\x04", b"PK\x01\x02"


def test_a_config_of_10_gb(tmp_path: Path, convcost: Convcost) -> None:
    path = one_member(
        tmp_path / "bomb.keras", b"config.json", bomb(10**10), 10**10, extra=struct.pack("<HHQ", 1, 8, 10**10)
    )
    convcost("analyze", path).refuses(path, "config.json has 10,000,000,000 bytes, allowed: ")


def test_a_config_of_10_gb_that_says_it_is_small(tmp_path: Path, convcost: Convcost) -> None:
    """zipfile unpacks no more than the headers say."""
    path = one_member(tmp_path / "bomb.keras", b"config.json", bomb(10**10), 1000)
    convcost("analyze", path).refuses(path, "Bad CRC-32")


def test_a_config_just_below_any_fixed_limit(tmp_path: Path, convcost: Convcost) -> None:
    """Lists in a list take 20 times as many bytes of memory as of JSON."""
    path = archive(tmp_path / "bomb.keras", b"[" + b"[]," * 10**7 + b"[]]", method=zipfile.ZIP_DEFLATED)
    convcost("analyze", path).refuses(path, "config.json has 30,000,004 bytes, allowed: 8,000,000")


def test_weights_that_are_a_bomb(tmp_path: Path, convcost: Convcost) -> None:
    own = GOOD.replace('"keras.layers", "class_name": "Conv2D"', '"mine", "class_name": "Mine"')
    with zipfile.ZipFile(path := tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", own)
        file.writestr("model.weights.h5", bytes(10**8))
    ended = convcost("analyze", path)
    assert ended.code == 0
    assert "model.weights.h5 has 100,000,000 bytes, allowed: 64,000,000" in ended.err


def test_archives_in_an_archive(tmp_path: Path, convcost: Convcost) -> None:
    """Nothing but the names that Keras writes is unpacked."""
    content = archive(tmp_path / "inner.zip").read_bytes()
    for _ in range(10):
        with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(16):
                file.writestr(f"{number}.zip", content)
        content = (tmp_path / "outer.zip").read_bytes()
    (path := tmp_path / "nested.keras").write_bytes(content)
    convcost("analyze", path).refuses(path, "the archive has no config.json")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path: Path, convcost: Convcost) -> None:
    with zipfile.ZipFile(path := tmp_path / "twice.keras", "w") as file:
        file.writestr("config.json", GOOD)
        file.writestr("config.json", "{}")
    convcost("analyze", path).refuses(path, "the archive has 2 members named config.json, allowed: one")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_300_000_members_of_one_name(tmp_path: Path, convcost: Convcost) -> None:
    entry = DIRECTORY + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * 20_000
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 20_000, 20_000, len(directory), 0, 0)
    (path := tmp_path / "many.keras").write_bytes(LOCAL + directory + end)
    convcost("analyze", path).refuses(path, "")


@pytest.mark.parametrize("name", ["../config.json", "/config.json", "a/../config.json", "./config.json", "CONFIG.JSON"])
def test_a_member_that_lies_elsewhere(tmp_path: Path, convcost: Convcost, name: str) -> None:
    """It is another member; nothing is written anywhere."""
    with zipfile.ZipFile(path := tmp_path / "elsewhere.keras", "w") as file:
        file.writestr(name, GOOD)
    before = sorted(tmp_path.rglob("*"))
    convcost("analyze", path).refuses(path, "the archive has no config.json")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_that_ends_in_nul(tmp_path: Path, convcost: Convcost) -> None:
    """zipfile cuts names at NUL: what Keras reads is what convcost reads."""
    path = archive(tmp_path / "nul.keras")
    patched(path, b"config.json", 0, b"config.json"[:-1] + b"\0")
    convcost("analyze", path).refuses(path, "the archive has no config.json")


def test_an_encrypted_member(tmp_path: Path, convcost: Convcost) -> None:
    path = archive(tmp_path / "encrypted.keras")
    patched(patched(path, LOCAL, 6, b"\x01"), DIRECTORY, 8, b"\x01")
    convcost("analyze", path).refuses(path, "config.json is encrypted, which Keras does not do")


def test_zip64(tmp_path: Path, convcost: Convcost) -> None:
    """Sizes of eight bytes are fine."""
    with (
        zipfile.ZipFile(path := tmp_path / "large.keras", "w") as file,
        file.open("config.json", "w", force_zip64=True) as member,
    ):
        member.write(GOOD.encode())
    convcost("analyze", path).counts(COUNTED)


def test_zip64_that_does_not_agree(tmp_path: Path, convcost: Convcost) -> None:
    path = one_member(tmp_path / "large.keras", b"config.json", GOOD.encode(), 2**32 - 1, 0, struct.pack("<HH", 1, 8))
    convcost("analyze", path).refuses(path, "Corrupt extra field 0001")


def test_a_wrong_checksum(tmp_path: Path, convcost: Convcost) -> None:
    path = patched(archive(tmp_path / "changed.keras"), b'"filters": 4', 11, b"9")
    convcost("analyze", path).refuses(path, "Bad CRC-32 for file 'config.json'")


def test_a_data_descriptor(tmp_path: Path, convcost: Convcost) -> None:
    """Sizes behind the data, as a writer has them that cannot seek: the directory tells them as well."""

    class Pipe:
        def __init__(self, file: object) -> None:
            self.write = file.write
            self.flush = file.flush

    with (path := tmp_path / "piped.keras").open("wb") as file, zipfile.ZipFile(Pipe(file), "w") as written:
        written.writestr("config.json", GOOD)
    convcost("analyze", path).counts(COUNTED)


def test_headers_that_name_another_member(tmp_path: Path, convcost: Convcost) -> None:
    """The directory says config.json, the local header something else."""
    path = archive(tmp_path / "two.keras")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"config.json", b"another.one", 1))
    convcost("analyze", path).refuses(path, "differ")


def test_members_that_overlap(tmp_path: Path, convcost: Convcost) -> None:
    """Two names for the same bytes, as in bombs without nesting."""
    with zipfile.ZipFile(path := tmp_path / "overlap.keras", "w") as file:
        file.writestr("config.json", GOOD)
        file.writestr("model.weights.h5", b"")
    at = (content := bytearray(path.read_bytes())).rindex(DIRECTORY)
    content[at + 42 : at + 46] = bytes(4)  # the second member starts where the first does
    path.write_bytes(content)
    ended = convcost("analyze", path)
    assert ended.code in (0, 2)


def test_a_directory_that_lies_before_the_file(tmp_path: Path, convcost: Convcost) -> None:
    path = patched(archive(tmp_path / "before.keras"), b"PK\x05\x06", 16, b"\xff\xff\xff\x7f")
    convcost("analyze", path).refuses(path, "no .keras archive, or a damaged one")


def test_an_archive_that_ends_early(tmp_path: Path, convcost: Convcost) -> None:
    path = archive(tmp_path / "short.keras")
    path.write_bytes(path.read_bytes()[:-30])
    convcost("analyze", path).refuses(path, "File is not a zip file")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(tmp_path: Path, convcost: Convcost, method: int) -> None:
    path = archive(tmp_path / "packed.keras", method=method)
    convcost("analyze", path).refuses(path, f"config.json is compressed by method {method}, allowed: none or deflate")


def test_a_name_with_escapes(tmp_path: Path, convcost: Convcost) -> None:
    """What a terminal would obey is shown as its escape."""
    graph = json.loads(GOOD)
    graph["config"]["layers"][1]["name"] = "\x1b]0;owned\x07\x1b[2J\u202e"
    path = archive(tmp_path / "escapes.keras", json.dumps(graph))
    ended = convcost("analyze", path)
    ended.counts("\\x1b]0;owned\\x07\\x1b[2J\\u202e")
    assert not {"\x1b", "\x07", "\u202e"} & set(ended.out + ended.err)
