"""HDF5: links that lead in circles or out of the file, data that lie elsewhere, and a library that hangs on damage."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.hostile.conftest import Convcost
from tests.hostile.making import GOOD, archive

OWN = GOOD.replace('"keras.layers", "class_name": "Conv2D"', '"mine", "class_name": "Mine"')
"""A model with a layer that no rule knows: its weights are looked up."""


def model(path: Path, fill: Callable[[h5py.File], None]) -> Path:
    """A whole model in HDF5, and what `fill` puts beside its graph."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = OWN
        fill(file)
    return path


def weights(path: Path, fill: Callable[[h5py.Group], None]) -> Path:
    """Weights alone, with a layer that is fine: 2·3 params."""
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2, 3))
        fill(file["layers/dense"])
    return path


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A file that nobody must open: it would wait for ever."""
    os.mkfifo(path := tmp_path / "other.h5")
    return path


def test_groups_that_hold_themselves(tmp_path: Path, convcost: Convcost) -> None:
    def circle(group: h5py.Group) -> None:
        group["again"] = group
        group["root"] = group.file["/"]
        group["vars/up"] = group["vars"]

    convcost("analyze", weights(tmp_path / "circle.weights.h5", circle)).counts("dense", "6")


def test_a_million_paths_to_one_group(tmp_path: Path, convcost: Convcost) -> None:
    """Ten links in each of six groups lead to the next."""

    def links(group: h5py.Group) -> None:
        above = group
        for depth in range(6):
            below = group.create_group(f"level{depth}")
            for number in range(10):
                above[f"link{number}"] = below
            above = below

    convcost("analyze", weights(tmp_path / "links.weights.h5", links)).counts("dense", "6")


def test_links_out_of_the_file(tmp_path: Path, convcost: Convcost, pipe: Path) -> None:
    """Neither soft nor external links are followed."""

    def links(group: h5py.Group) -> None:
        group["vars/1"] = h5py.ExternalLink(pipe, "/x")
        group["vars/2"] = h5py.ExternalLink("/etc/passwd", "/")
        group["vars/3"] = h5py.SoftLink("/layers/dense/vars/0")
        group["vars/4"] = h5py.SoftLink("/layers/dense/vars/4")
        group["inner"] = h5py.SoftLink("/")

    path = weights(tmp_path / "links.weights.h5", links)
    convcost("analyze", path).counts("dense", "6")
    kernel = model(tmp_path / "links.h5", lambda file: file.__setitem__("model_weights", h5py.ExternalLink(pipe, "/")))
    assert convcost("analyze", kernel).code == 0


@pytest.mark.parametrize("command", ["analyze", "separability"])
def test_data_in_other_files(tmp_path: Path, convcost: Convcost, pipe: Path, command: str) -> None:
    def external(group: h5py.Group) -> None:
        group.create_dataset("vars/1", (4,), "u1", external=[(os.fspath(pipe), 0, 4)])

    def virtual(group: h5py.Group) -> None:
        layout = h5py.VirtualLayout((4,), "u1")
        layout[:] = h5py.VirtualSource(pipe, "x", (4,), "u1")
        group.create_virtual_dataset("vars/1", layout)

    for fill in (external, virtual):
        path = weights(tmp_path / f"{fill.__name__}.weights.h5", fill)
        if command == "separability":
            path = archive(tmp_path / f"{fill.__name__}.keras", GOOD, path.read_bytes())
        convcost(command, path).refuses(path, "lies in another file, which is not opened")


def test_references_to_objects(tmp_path: Path, convcost: Convcost) -> None:
    """They are data, which nobody reads."""

    def references(group: h5py.Group) -> None:
        group["vars"].create_dataset("1", data=[group.ref, group.file.ref], dtype=h5py.ref_dtype)
        group["vars"].attrs["name"] = group.ref

    convcost("analyze", weights(tmp_path / "references.weights.h5", references)).counts("Dense", "8")


def test_groups_1000_deep(tmp_path: Path, convcost: Convcost) -> None:
    path = weights(tmp_path / "deep.weights.h5", lambda group: group.create_group("/".join("x" * 1000)))
    convcost("analyze", path).refuses(path, "HDF5 groups lie more than 128 deep")


def test_as_many_groups_as_a_megabyte_holds(tmp_path: Path, convcost: Convcost) -> None:
    with h5py.File(path := tmp_path / "groups.weights.h5", "w", libver="latest") as file:
        for number in range(2900):
            file.create_group(f"layers/dense_{number}/vars")
    assert path.stat().st_size < 10**6
    convcost("analyze", path).refuses(path, "no Keras model and no weights of one")


@pytest.mark.parametrize("name", ["\ud800", "\x1b[31m\u202e\n", "../../x"])
def test_names_that_no_layer_has(tmp_path: Path, convcost: Convcost, name: str) -> None:
    def named(group: h5py.Group) -> None:
        group["vars"].attrs["name"] = np.bytes_(name.encode("utf-8", "surrogatepass"))

    ended = convcost("analyze", weights(tmp_path / "names.weights.h5", named))
    ended.counts("6")
    assert not {"\x1b", "\u202e"} & set(ended.out + ended.err)


def test_a_data_set_of_2_63_elements(tmp_path: Path, convcost: Convcost) -> None:
    """Its shape is counted, its data are not there."""

    def large(group: h5py.Group) -> None:
        space = h5py.h5s.create_simple((2**21,) * 3)
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        created.set_chunk((1, 1, 1024))
        h5py.h5d.create(group["vars"].id, b"1", h5py.h5t.IEEE_F32LE, space, created)

    convcost("analyze", weights(tmp_path / "large.weights.h5", large), "--raw").counts(f"{2**63 + 6:,}")


def test_a_kernel_that_unpacks_to_a_gigabyte(tmp_path: Path, convcost: Convcost) -> None:
    """Zeros in chunks that were never written take no room in the file."""
    sizes = (3, 3, 4_000, 7_000)
    graph = json.loads(GOOD)
    graph["config"]["layers"][0]["config"]["batch_shape"] = [None, 8, 8, 4_000]
    graph["config"]["layers"][1]["config"]["filters"] = 7_000
    with h5py.File(inner := tmp_path / "kernel.h5", "w") as file:
        file.create_dataset("layers/conv2d/vars/0", sizes, "f4", chunks=(1, 1, 100, 7_000), compression="gzip")
        file.create_dataset("layers/conv2d/vars/1", (7_000,), "f4")
    path = archive(tmp_path / "net.keras", json.dumps(graph), inner.read_bytes())
    convcost("rewrite", path, "--variant", "separable", "-o", "out.keras").refuses(
        path, "its kernel has 1,008,000,000 bytes, allowed: 64,000,000"
    )


def test_a_text_that_a_thousand_attributes_share(tmp_path: Path, convcost: Convcost) -> None:
    """An array of references to one text of 50 kB: 20 GB of text in a file of 600 kB."""
    with h5py.File(path := tmp_path / "shared.h5", "w", libver="latest") as file:
        file.attrs.create("layer_names", ["x" * 50_000] + ["y"] * 30_000, dtype=h5py.string_dtype())
    content = bytearray(path.read_bytes())
    reference = struct.pack("<I", 50_000)
    at = content.index(reference)
    first = bytes(content[at : at + 16])
    for number in range(1, 30_000):
        content[at + 16 * number : at + 16 * number + 16] = first
    path.write_bytes(content)
    assert path.stat().st_size < 2 * 10**6
    convcost("analyze", path).refuses(path, "no HDF5 file, or a damaged one")


def test_a_heap_in_which_the_library_walks_for_ever(tmp_path: Path, convcost: Convcost) -> None:
    """What is free behind the last object of the global heap has a size of 0, and so leads to itself."""
    path = model(tmp_path / "heap.h5", lambda file: None)
    content = bytearray(path.read_bytes())
    first = content.index(b"GCOL") + 16
    (size,) = struct.unpack_from("<Q", content, first + 8)
    free = first + 16 + (size + 7) // 8 * 8
    assert size == len(OWN)
    content[free : free + 16] = bytes(16)
    path.write_bytes(content)
    convcost("analyze", path).refuses(path, "reading it takes more than 1.0 seconds of the processor")


@pytest.mark.parametrize("size", [8, 20, 96, 1000])
def test_a_file_that_ends_early(tmp_path: Path, convcost: Convcost, size: int) -> None:
    path = weights(tmp_path / "short.weights.h5", lambda group: None)
    path.write_bytes(path.read_bytes()[:size])
    convcost("analyze", path).refuses(path, "no HDF5 file, or a damaged one")


def test_a_superblock_behind_other_bytes(tmp_path: Path, convcost: Convcost) -> None:
    """HDF5 may start at 512, 1024, …: what stands before is not read."""
    path = weights(tmp_path / "user.weights.h5", lambda group: None)
    path.write_bytes(b"#!/bin/sh\ntouch canary\n".ljust(512, b"\0") + path.read_bytes())
    convcost("analyze", path).counts("dense", "6")
    assert not (tmp_path / "canary").exists()
