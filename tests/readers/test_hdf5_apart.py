"""HDF5 files are read in a process of their own: what hangs or crashes there is one line here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import h5py
import pytest

from convcost import ConvcostError
from convcost.readers import keras_hdf5_apart
from convcost.readers.keras_hdf5 import Group, Slice, contents, opened
from convcost.readers.keras_hdf5_apart import read_apart

ATTRIBUTES = ("name", "names")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as hdf5:
        hdf5.attrs["names"] = ["one", "two\n\x1b[31m", "drei\N{SUPERSCRIPT TWO}"]
        hdf5.create_dataset("a/b/0", (2, 3), "f2")
        hdf5["a/b"].attrs["name"] = "layer"
    return path


def here(path: Path) -> Group:
    with opened(str(path), path) as hdf5:
        return contents(hdf5, str(path), ATTRIBUTES)


def test_it_reads_what_is_read_here(file: Path, tmp_path: Path) -> None:
    assert read_apart(str(file), file, ATTRIBUTES) == here(file)
    within = tmp_path / "within"
    within.write_bytes(b"before" + file.read_bytes() + b"after")
    with Slice(within, 6, file.stat().st_size) as part:
        assert read_apart(str(file), part, ATTRIBUTES) == here(file)


def test_the_root_alone(file: Path) -> None:
    assert read_apart(str(file), file, ATTRIBUTES, whole=False) == Group(texts=here(file).texts)


def test_without_an_interpreter_to_start_it_reads_here(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert read_apart(str(file), file, ATTRIBUTES) == here(file)


def test_a_refusal_is_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "none.h5"
    path.write_bytes(b"nothing")
    with pytest.raises(ConvcostError, match=r"none\.h5: no HDF5 file, or a damaged one: "):
        read_apart(str(path), path, ATTRIBUTES)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "names.h5"
    with h5py.File(path, "w") as hdf5:
        hdf5.create_group(b"\xff\xfe")
    assert list(read_apart(str(path), path, ATTRIBUTES).groups) == ["\ufffd\ufffd"]


def test_a_module_in_the_working_directory_is_not_imported(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "h5py.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    assert read_apart(str(file), file, ATTRIBUTES) == here(file)


def test_what_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe.h5"
    os.mkfifo(pipe)
    monkeypatch.setattr(keras_hdf5_apart, "LONGEST_WAIT", 0)
    monkeypatch.setattr(keras_hdf5_apart, "QUICKEST", 0.3)
    with pytest.raises(ConvcostError, match=r"pipe\.h5: no HDF5 file, .*: reading it did not end within 0\.3 seconds"):
        read_apart(str(pipe), pipe, ATTRIBUTES)


def test_what_crashes_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash = tmp_path / "python"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(crash))
    with pytest.raises(ConvcostError, match=r"weights\.h5: no HDF5 file, .*: reading it crashed \(exit code -11\)"):
        read_apart(str(file), file, ATTRIBUTES)
