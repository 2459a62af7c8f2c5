"""Files of weights: shapes and dtypes only, no other file, no cycle; damage is one line."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from convcost import ConvcostError, analyze
from convcost.readers import keras_hdf5
from convcost.readers.keras_archive import weights_in
from convcost.readers.keras_hdf5 import Group, Slice, Stored, contents, opened
from convcost.readers.keras_weights import snake_case


def read(path: Path) -> Group:
    with opened(str(path), path) as file:
        return contents(file, str(path), ("name",))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A dense layer as Keras stores it."""
    path = tmp_path / "dense.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.attrs["name"] = "logits"
        group["0"] = np.zeros((3, 4), "float32")
        group["1"] = np.zeros(4, "float16")
    return path


def test_shapes_dtypes_and_names(weights: Path) -> None:
    found = read(weights).at("layers/dense/vars")
    assert found is not None
    assert found.texts == {"name": ("logits",)}
    assert [(one.name, one.shape, one.dtype) for one in found.datasets.values()] == [
        ("0", (3, 4), "float32"),
        ("1", (4,), "float16"),
    ]
    assert read(weights).at("layers/dense/none") is None


def test_bfloat16_is_told_by_an_attribute(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, dtype="bfloat16")])
    model.save(path)
    (stored,) = weights_in(path).root.at("layers/dense").groups.values()  # type: ignore[union-attr]
    assert [one.dtype for one in stored.datasets.values()] == ["bfloat16", "bfloat16"]
    assert analyze(path).totals.weight_bytes == 2 * (3 * 4 + 4)


def test_links_are_not_followed(weights: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.zeros(9)
    with h5py.File(weights, "r+") as file:
        file["soft"] = h5py.SoftLink("/layers/dense")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["external"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/")
        file["missing"] = h5py.ExternalLink("/dev/full", "/")
    (tmp_path / "other.h5").unlink()
    assert list(read(weights).groups) == ["layers"]


def test_a_cycle_of_hard_links_ends(weights: Path) -> None:
    with h5py.File(weights, "r+") as file:
        file["layers/dense/again"] = file["layers"]
        file["layers/dense/self"] = file["layers/dense"]
    found = read(weights)
    assert list(found.groups) == ["layers"]
    assert list(found.groups["layers"].groups["dense"].groups) == ["vars"]


def test_hard_links_do_not_multiply_what_they_reach(tmp_path: Path) -> None:
    path = tmp_path / "wide.h5"
    with h5py.File(path, "w") as file:
        above = file.create_group("0")
        for depth in range(40):  # 2⁴⁰ paths lead to the last of these groups
            below = file.create_group(f"held/{depth}")
            above["left"], above["right"] = below, below
            above = below
    read(path)


def test_groups_too_deep_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.h5"
    with h5py.File(path, "w") as file:
        file.create_group("/".join(["a"] * 200))
    with pytest.raises(ConvcostError, match=r"deep\.h5: HDF5 groups lie more than 128 deep"):
        read(path)


def test_too_many_objects_are_refused(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_hdf5, "MOST_OBJECTS", 2)
    with pytest.raises(ConvcostError, match="more than 2 HDF5 objects"):
        read(weights)


def test_data_in_another_file_is_refused(weights: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    with h5py.File(weights, "r+") as file:
        file.create_dataset("layers/dense/vars/2", (4,), "f4", external=[(str(canary), 0, 16)])
    with pytest.raises(ConvcostError, match="'/layers/dense/vars/2' lies in another file, which is not opened"):
        read(weights)
    canary.unlink(missing_ok=True)


def test_a_virtual_data_set_is_refused(weights: Path, tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "data", (4,))
    with h5py.File(weights, "r+") as file:
        file.create_virtual_dataset("virtual", layout)
    with pytest.raises(ConvcostError, match="'/virtual' lies in another file"):
        read(weights)


def test_a_claim_of_a_huge_shape_reads_nothing(weights: Path) -> None:
    with h5py.File(weights, "r+") as file:
        file.create_dataset("layers/dense/vars/2", (10**9, 10**6), "f4", chunks=(1, 1024))
    found = read(weights).at("layers/dense/vars")
    assert found is not None
    assert found.datasets["2"].shape == (10**9, 10**6)


def test_a_slice_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before" + b"inside" + b"after")
    with Slice(path, 6, 6) as part:
        assert part.read() == b"inside"
        assert part.seek(-2, 2) == 4
        assert part.read(10) == b"de"
        assert part.seek(1) == 1
        assert part.seek(1, 1) == 2
        assert part.read(2) == b"si"
        assert part.seek(100) == 100
        assert part.read() == b""
        assert part.seekable() and part.readable()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_one_line(weights: Path, kept: float) -> None:
    content = weights.read_bytes()
    weights.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ConvcostError) as refusal:
        read(weights)
    assert str(refusal.value).startswith(f"{weights}: no HDF5 file, or a damaged one: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_are_no_traceback(weights: Path, seed: int) -> None:
    generator = np.random.default_rng(seed)
    content = bytearray(weights.read_bytes())
    for place in generator.integers(0, len(content), 40):
        content[place] ^= int(generator.integers(1, 256))
    weights.write_bytes(content)
    with suppress(ConvcostError):
        read(weights)


@pytest.mark.parametrize("name", ["Conv2D", "DepthwiseConv2D", "GlobalAveragePooling1D", "LSTM", "GRU", "MyNet2"])
def test_snake_case_is_keras_s(name: str) -> None:
    assert snake_case(name) == keras.src.utils.naming.to_snake_case(name)
    assert snake_case(f"package>{name}") == keras.src.utils.naming.to_snake_case(name)


def test_weights_lie_where_the_local_header_says(tmp_path: Path) -> None:
    """The local header's extra field is not that of the directory; something may lie before the archive."""
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).save(path)
    with zipfile.ZipFile(path) as archive:
        config, weights = archive.read("config.json"), archive.read("model.weights.h5")
    moved = tmp_path / "moved.keras"
    with moved.open("wb") as file:
        file.write(b"#!/bin/sh\n" * 7)
        with zipfile.ZipFile(file, "a") as copy:
            copy.writestr("config.json", config)
            with copy.open("model.weights.h5", "w", force_zip64=True) as member:
                member.write(weights)
    assert weights_in(moved) == weights_in(path)
    kernel = Stored("0", (3, 4), "float32")
    assert weights_in(moved).root.at("layers/dense/vars").datasets["0"].shape == kernel.shape  # type: ignore[union-attr]
