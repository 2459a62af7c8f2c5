"""Files that are not what their name says, damaged or hostile: one line with the file's name and what is wrong."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import h5py
import pytest

from convcost import ConvcostError, analyze
from convcost.errors import MeasureError
from convcost.readers import keras_archive, keras_saved_model, keras_text

GRAPH: dict[str, Any] = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "net",
        "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 8, 8, 3]}},
            {
                "module": "keras.layers",
                "class_name": "Conv2D",
                "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3]},
            },
        ],
    },
}
TEXT = json.dumps(GRAPH)


def archive(path: Path, config: str | bytes = TEXT, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", config)
    return path


def edited(path: Path, edit: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    edit(content)
    path.write_bytes(content)
    return path


def not_a_zip(path: Path) -> None:
    path.write_text("no archive")


def no_config(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("metadata.json", "{}")


def truncated(path: Path) -> None:
    path.write_bytes(archive(path).read_bytes()[:-30])


def cut_inside(path: Path) -> None:
    content = archive(path).read_bytes()
    path.write_bytes(content[:60] + content[-200:])


def encrypted(path: Path) -> None:
    def set_flag(content: bytearray) -> None:
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.rindex(signature)
            content[at + offset] |= 1

    edited(archive(path), set_flag)


def wrong_checksum(path: Path) -> None:
    def change(content: bytearray) -> None:
        content[content.index(b'"filters": 2') + 11] = ord("9")

    edited(archive(path), change)


def unknown_compression(path: Path) -> None:
    archive(path, compression=zipfile.ZIP_LZMA)


def damaged_compression(path: Path) -> None:
    def change(content: bytearray) -> None:
        at = content.index(b"config.json") + len("config.json")
        content[at : at + 8] = b"\xff" * 8

    edited(archive(path, compression=zipfile.ZIP_DEFLATED), change)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", TEXT)
        file.writestr("config.json", TEXT.replace('"filters": 2', '"filters": 9'))


def lying_size(path: Path) -> None:
    """The headers say 100 bytes; unpacked it is more."""

    def lie(content: bytearray) -> None:
        for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            at = content.rindex(signature) + offset
            content[at : at + 4] = struct.pack("<I", 100)

    edited(archive(path, compression=zipfile.ZIP_DEFLATED), lie)


def nested_json(path: Path) -> None:
    archive(path, '{"class_name": "A", "config": ' + "[" * 200_000 + "]" * 200_000 + "}", zipfile.ZIP_DEFLATED)


def nested_not_closed(path: Path) -> None:
    archive(path, '{"config": ' * 700_000, zipfile.ZIP_DEFLATED)


def nested_models(path: Path) -> None:
    entry: dict[str, Any] = {"class_name": "InputLayer", "config": {}}
    for depth in range(40):
        entry = {"class_name": "Sequential", "config": {"name": f"m{depth}", "layers": [entry]}}
    archive(path, json.dumps(entry))


ARCHIVES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "not a zip": (not_a_zip, "no .keras archive, or a damaged one: File is not a zip file"),
    "no config": (no_config, "the archive has no config.json"),
    "truncated": (truncated, "no .keras archive, or a damaged one: "),
    "cut inside": (cut_inside, "no .keras archive, or a damaged one: "),
    "encrypted": (encrypted, "config.json is encrypted, which Keras does not do"),
    "wrong checksum": (wrong_checksum, "no .keras archive, or a damaged one: Bad CRC-32 for file 'config.json'"),
    "unknown compression": (unknown_compression, "config.json is compressed by method 14, allowed: none or deflate"),
    "damaged compression": (damaged_compression, "no .keras archive, or a damaged one: Error -3 while decompressing"),
    "two configs": (twice, "the archive has 2 members named config.json, allowed: one"),
    "a lying size": (lying_size, "no .keras archive, or a damaged one: Bad CRC-32"),
    "JSON nested deep": (nested_json, "the model's JSON is nested too deep"),
    "JSON nested and not closed": (nested_not_closed, "the model's JSON is nested too deep"),
    "models nested deep": (nested_models, "models are nested more than 32 deep"),
}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_is_none(tmp_path: Path, name: str) -> None:
    write, expected = ARCHIVES[name]
    path = tmp_path / "model.keras"
    write(path)
    start = perf_counter()
    with pytest.raises(ConvcostError) as refusal:
        analyze(path)
    assert perf_counter() - start < 2
    assert str(refusal.value).startswith(f"{path}: {expected}")
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == 2


CONFIGS = {
    "[]": "the model's JSON is no object that Keras writes: Expected `object`, got `array`",
    "null": "the model's JSON is no object that Keras writes: Expected `object`, got `null`",
    "3": "the model's JSON is no object that Keras writes: Expected `object`, got `int`",
    "": "the model's JSON is no object that Keras writes: Input data was truncated",
    "{": "the model's JSON is no object that Keras writes: Input data was truncated",
    '{"class_name": "A", "config": {}} {}': "the model's JSON is no object that Keras writes: JSON is malformed",
    "\xff\xfe": "the model's JSON is no object that Keras writes: ",
    "{}": "no model that Keras writes: it has no class_name or no config",
    '{"class_name": "Sequential"}': "no model that Keras writes: it has no class_name or no config",
    '{"class_name": 3, "config": {}}': "no model that Keras writes: it has no class_name or no config",
    '{"class_name": "Sequential", "config": 3}': "no model: its config is int, allowed: an object",
    '{"class_name": "Sequential", "config": {"layers": []}}': "model 'sequential' has no layers",
    '{"class_name": "Sequential", "config": {"layers": [3]}}': "a layer is int, allowed: an object",
    '{"class_name": "Functional", "config": {"layers": [], "input_layers": [["x", 0, 0]]}}': "model 'functional' has no"
    " layer 'x', which it takes or puts out",
    '{"class_name": "Functional", "config": {"layers": [{"class_name": "Add", "name": "a", "config": {},'
    ' "inbound_nodes": [[["a", 0, 0, {}]]]}], "input_layers": [], "output_layers": [["a", 0, 0]]}}': "layer 'a' reads"
    " its own output, through 'a'",
    '{"class_name": "Functional", "config": {"layers": [{"class_name": "Add", "name": "a", "config": {},'
    ' "inbound_nodes": [3, {"args": 3}, {"args": [{"class_name": "__keras_tensor__"}]}]}], "input_layers": []}}': "the"
    " graph is not one that Keras writes (",
}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("suffix", [".keras", ".json", ".h5"])
def test_a_graph_that_is_none(tmp_path: Path, config: str, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    if suffix == ".keras":
        archive(path, config.encode("latin-1"))
    elif suffix == ".json":
        path.write_bytes(config.encode("latin-1") or b" ")
    else:
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = config
    with pytest.raises(ConvcostError) as refusal:
        analyze(path)
    assert str(refusal.value).startswith(f"{path}: {CONFIGS[config]}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("suffix", [".keras", ".json"])
def test_a_graph_that_is_too_large(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_text, "LARGEST_GRAPH", len(TEXT) - 1)
    path = tmp_path / f"model{suffix}"
    if suffix == ".keras":
        archive(path)
    else:
        path.write_text(TEXT)
    with pytest.raises(ConvcostError, match=f"has {len(TEXT):,} bytes, allowed: {len(TEXT) - 1:,}"):
        analyze(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.keras", b" " * (keras_text.LARGEST_GRAPH + 1), zipfile.ZIP_DEFLATED)
    start = perf_counter()
    with pytest.raises(ConvcostError, match=r"bomb\.keras: config\.json has 256,000,001 bytes, allowed: 8,000,000"):
        analyze(path)
    assert perf_counter() - start < 0.5


def test_a_compressed_weights_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_archive, "LARGEST_UNPACKED", 999)
    path = tmp_path / "model.keras"
    own = TEXT.replace('"keras.layers", "class_name": "Conv2D"', '"mine", "class_name": "Mine"')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", own)
        file.writestr("model.weights.h5", b" " * 1000)
    (note,) = analyze(path).warnings
    assert note.endswith("model.weights.h5 has 1,000 bytes, allowed: 999")


def test_too_many_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcost.readers.keras_config.MOST_LAYERS", 1)
    with pytest.raises(ConvcostError, match="2 layers, allowed: 1"):
        analyze(archive(tmp_path / "model.keras"))


def test_an_empty_file(tmp_path: Path) -> None:
    for suffix in (".keras", ".h5", ".json", ".weights.h5"):
        path = tmp_path / f"empty{suffix}"
        path.touch()
        with pytest.raises(ConvcostError, match=f"empty{suffix}: the file is empty"):
            analyze(path)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    expected = "not a folder that convcost reads; it reads .keras archives, .h5 and"
    with pytest.raises(ConvcostError) as refusal:
        analyze(tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path}: {expected}")


def test_a_file_of_no_known_kind(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x80\x02}")
    with pytest.raises(ConvcostError, match=r"model\.pt: not a file that convcost reads; it reads .keras archives"):
        analyze(path)


def test_an_hdf5_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["measurements"] = [1.0, 2.0]
    with pytest.raises(ConvcostError, match=r"data\.h5: an HDF5 file, but no Keras model and no weights of one"):
        analyze(path)


def test_a_file_that_is_no_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    path.write_text("no HDF5")
    with pytest.raises(ConvcostError, match=r"data\.h5: no HDF5 file, or a damaged one: "):
        analyze(path)


def test_a_layer_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "layer.json"
    path.write_text('{"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}')
    with pytest.raises(ConvcostError, match=r"layer\.json: a Dense is a layer, allowed: a model"):
        analyze(path)


def test_a_saved_model_without_layers(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    with pytest.raises(MeasureError) as refusal:
        analyze(tmp_path)
    assert str(refusal.value) == (
        f"{tmp_path}: this SavedModel has a traced program but no layers (Keras 2 saves them in keras_metadata.pb):"
        " load it with --engine keras, or save the model as .keras"
    )
    assert refusal.value.exit_code == 3


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        (b"\x0a\xff", "a number does not end"),
        (b"\x0a\x7fshort", "field 1 ends after the message"),
        (b"\x0b", "field 1 has wire type 3"),
        (b"\x0a\x05\x2a\x03abc", "JSON is malformed"),
        (b"\x0a\x04\x2a\x02[]", "Expected `object`, got `array`"),
    ],
)
def test_a_damaged_saved_model(tmp_path: Path, metadata: bytes, why: str) -> None:
    (tmp_path / "keras_metadata.pb").write_bytes(metadata)
    with pytest.raises(ConvcostError) as refusal:
        analyze(tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path}: no SavedModel of Keras, or a damaged one: {why}")


def test_a_saved_model_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_saved_model, "LARGEST_FILE", 3)
    (tmp_path / "keras_metadata.pb").write_bytes(b"1234")
    with pytest.raises(ConvcostError, match=r"keras_metadata\.pb: the file has 4 bytes, allowed: 3"):
        analyze(tmp_path)


def test_the_command_line_says_it_in_one_line(tmp_path: Path, run: Callable[..., Any]) -> None:
    path = tmp_path / "model.keras"
    not_a_zip(path)
    result = run("analyze", path)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("Traceback") == 0
    assert "File is not a zip file" in result.err
