"""Layers that no rule knows: their MACs are unknown, their params are exact."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from convcost import analyze
from convcost.report import Report

from .conftest import CONTAINERS
from .custom import block, functional, net, params_of_block, params_of_net, trained

BLOCKS = ("outside", "inner/within", "each")
SPLIT = "which do not say whether they are trainable: all count as trainable"


def blocks(library: Any) -> dict[str, tuple[int, int]]:
    """All params of the blocks of `functional`, and those that do not train."""
    sizes = {"outside": (4, 4), "inner/within": (4, 2), "each": (2, 3)}
    return {name: params_of_block(*size, library) for name, size in sizes.items()}


def params(report: Report) -> dict[str, int]:
    return {row.path: row.params for row in report.rows if row.params}


def count(model: Any, trainable: bool = False) -> int:
    weights = model.trainable_weights if trainable else model.weights
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.mark.parametrize("container", [name for name in CONTAINERS if "json" not in name])
def test_params_come_from_the_weights_file(tmp_path: Path, container: str) -> None:
    library, suffix, write = CONTAINERS[container]
    model = functional(library)
    path = tmp_path / f"model{suffix}"
    write(model, path)
    report = analyze(path, what_if=False)
    expected = blocks(library)
    assert {name: params(report)[name] for name in BLOCKS} == {name: total for name, (total, _) in expected.items()}
    uncounted = {row.path for row in report.uncounted}
    if container in ("keras2 h5", "keras2 saved model"):  # these tell no shapes: not what a block puts out either
        assert uncounted >= set(BLOCKS)
    else:
        assert uncounted == set(BLOCKS)
    assert report.totals.params == count(model)
    assert report.totals.params_complete
    assert not report.totals.complete
    if container == "keras2 saved model":  # the one container that tells which weights are trainable
        assert report.totals.trainable_params == count(model, trainable=True)
        assert report.warnings == ()
    else:
        frozen = sum(frozen for _, frozen in expected.values())
        assert report.totals.trainable_params == count(model, trainable=True) + frozen
        (note,) = report.warnings
        assert (
            note == f"{path}: the params of 'outside', 'inner/within', 'each' are those of the stored weights, {SPLIT}"
        )


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_a_live_model_tells_everything(library: Any) -> None:
    model = functional(library)
    model.get_layer("inner").get_layer("within").trainable = False
    report = analyze(model, what_if=False)
    assert report.totals.params == count(model)
    assert report.totals.trainable_params == count(model, trainable=True)
    assert report.warnings == ()


def test_a_json_file_has_no_params_for_them(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(functional(keras).to_json())
    report = analyze(path, what_if=False)
    assert not report.totals.params_complete
    assert report.totals.params == count(functional(keras)) - sum(total for total, _ in blocks(keras).values())
    assert report.warnings == (
        f"{path}: the params of 'outside', 'inner/within', 'each' are not known: a .json file has no weights",
    )


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_a_subclassed_model_has_a_row_for_each_of_its_layers(tmp_path: Path, library: Any) -> None:
    path = tmp_path / "net.keras"
    model = trained(library)
    model.save(path)
    report = analyze(path, what_if=False)
    names = [row.path for row in report.rows]
    assert sorted(params(report).values()) == sorted(params_of_net(library).values())
    assert report.totals.params == count(model)
    assert report.totals.macs == 0
    assert not report.totals.complete
    assert report.warnings == (
        f"{path}: the file has no graph of Net; its params are those of the stored weights, {SPLIT}",
    )
    if library is keras:  # Keras 2 files do not tell the layers' names
        assert params(report) == params_of_net(keras)
    else:
        assert names == ["block", "block_1", "dense", "sequential", "stem", "tracker"]
    assert {"Dense", "Layer"} <= {row.kind for row in report.rows} <= {"Conv2D", "Dense", "Layer", "Sequential"}


def test_a_subclassed_saved_model_tells_names_classes_and_what_is_trainable(tmp_path: Path) -> None:
    model = trained(tf_keras)
    model.save(tmp_path / "net", save_format="tf")
    report = analyze(tmp_path / "net", what_if=False)
    expected = params_of_net(tf_keras)
    assert params(report) == {"net": expected.pop("tracker"), **expected}
    assert {row.kind for row in report.rows} == {"Conv2D", "tests>Block", "Sequential", "Dense", "Layer"}
    assert report.totals.trainable_params == count(model, trainable=True)


def test_a_live_subclassed_model(tmp_path: Path) -> None:
    model = trained(keras)
    report = analyze(model, what_if=False)
    assert params(report) == params_of_net(keras)
    assert report.totals.trainable_params == count(model, trainable=True)


@pytest.mark.parametrize("library", [keras, tf_keras])
def test_a_file_of_weights_alone_has_params_and_no_macs(tmp_path: Path, library: Any) -> None:
    path = tmp_path / "functional.weights.h5"
    model = functional(library)
    model.save_weights(path)
    report = analyze(path, what_if=False)
    assert report.totals.params == count(model)
    assert report.name == "functional"
    assert report.format == "weights.h5"
    assert not report.totals.complete
    if library is keras:
        assert list(params(report)) == ["outside", "conv", "dense", "logits", "inner", "each"]
        assert [row.kind for row in report.rows[1:4]] == ["Conv2D", "Conv2D", "Dense"]


def test_weights_that_keras_2_saved_of_old(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    model = functional(tf_keras)
    model.save_weights(path)
    assert "layer_names" in h5py.File(path).attrs
    report = analyze(path, what_if=False)
    assert params(report) == {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


def test_a_model_whose_class_is_one_s_own_but_whose_graph_is_in_the_file(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Named(keras.Model):
        def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
            super().__init__(inputs, outputs, name=name)
            self.an_attribute = self.get_layer("block")

    image = keras.Input((6, 6, 3))
    after = keras.layers.Conv2D(2, 1, name="after")
    path = tmp_path / "named.keras"
    Named(image, after(block(keras)(3, name="block")(image))).save(path)
    report = analyze(path, what_if=False)
    assert params(report) == {"block": params_of_block(3, 3, keras)[0], "after": 3 * 2 + 2}
    assert report.totals.macs == 6 * 6 * 3 * 2


def test_groups_without_names_are_found_by_their_order(tmp_path: Path) -> None:
    """Keras before 3.6 writes no names. Here the names of the layers are those of one another's groups."""
    L, Block = keras.layers, block(keras)
    image = keras.Input((6, 6, 3))
    x = Block(2, name="block_2")(image)
    x = Block(3, name="block")(x)
    model = keras.Model(image, L.Conv2D(1, 1)(Block(4, name="block_1")(x)))
    path = tmp_path / "model.keras"
    model.save(path)
    expected = {"block_2": (3, 2), "block": (2, 3), "block_1": (3, 4)}
    assert all(
        analyze(path).rows[place].params == params_of_block(*sizes, keras)[0] for place, sizes in _placed(expected)
    )
    nameless = _with_weights(path, _without_names)
    assert all(
        analyze(nameless).rows[place].params == params_of_block(*sizes, keras)[0] for place, sizes in _placed(expected)
    )


def _placed(expected: dict[str, tuple[int, int]]) -> list[tuple[int, tuple[int, int]]]:
    return list(enumerate(expected.values(), start=1))


def test_a_layer_that_is_stored_elsewhere_is_found_by_its_name(tmp_path: Path) -> None:
    """Some versions store a model's attributes before its layers, under the attribute's name."""
    path = tmp_path / "model.keras"
    functional(keras).save(path)

    def move(file: h5py.File) -> None:
        file.move("layers/block", "an_attribute")

    moved = _with_weights(path, move)
    assert params(analyze(moved)) == params(analyze(path))
    notes = analyze(_with_weights(moved, _without_names)).warnings
    assert notes[1:] == (notes[1],)
    assert notes[1].endswith("the params of 'outside' are not known: the weights file does not tell")


def _without_names(file: h5py.File) -> None:
    def drop(_: str, member: h5py.Group | h5py.Dataset) -> None:
        member.attrs.pop("name", None)

    file.visititems(drop)


def _with_weights(path: Path, change: Any) -> Path:
    """A copy of an archive whose weights file was changed."""
    changed = path.with_name(f"changed_{path.name}")
    weights = path.with_name("changed.weights.h5")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(changed, "w") as copy:
        weights.write_bytes(archive.read("model.weights.h5"))
        with h5py.File(weights, "r+") as file:
            change(file)
        copy.writestr("config.json", archive.read("config.json"))
        copy.write(weights, "model.weights.h5")
    return changed


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "the archive has no model.weights.h5"),
        (b"", "model.weights.h5: no HDF5 file, or a damaged one: "),
        (b"no HDF5 at all" * 100, "model.weights.h5: no HDF5 file, or a damaged one: "),
    ],
)
def test_without_its_weights_file_a_model_has_unknown_params(tmp_path: Path, content: bytes | None, why: str) -> None:
    path, copy = tmp_path / "model.keras", tmp_path / "copy.keras"
    functional(keras).save(path)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as without:
        without.writestr("config.json", archive.read("config.json"))
        if content is not None:
            without.writestr("model.weights.h5", content)
    report = analyze(copy, what_if=False)
    assert [row.path for row in report.rows if not row.params_known] == list(BLOCKS)
    assert not report.totals.params_complete
    (note,) = report.warnings
    assert note.startswith(f"{copy}: the params of 'outside', 'inner/within', 'each' are not known: {copy}: {why}")


def test_the_state_of_an_optimizer_that_is_an_attribute_is_no_weight(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Adversarial(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.layers.Dense(3)
            self.generator_optimizer = keras.optimizers.Adam()

        def call(self, x: Any) -> Any:
            return self.generator(x)

    model = Adversarial()
    model(np.zeros((1, 4), "float32"))
    model.generator_optimizer.build(model.trainable_variables)
    path = tmp_path / "model.keras"
    model.save(path)
    assert list(params(analyze(path)).values()) == [4 * 3 + 3]


@pytest.mark.parametrize("suffix", [".h5", ".keras", ""])
@pytest.mark.parametrize("library", [keras, tf_keras])
def test_params_behind_a_lambda_are_known(tmp_path: Path, library: Any, suffix: str) -> None:
    """Files of Keras 2 do not tell what shape it puts out, so that the rules behind it cannot tell their weights."""
    L = library.layers
    image = library.Input((6, 6, 3), name="image")
    x = L.Conv2D(4, 3, name="before")(L.Lambda(lambda x: x[:, 1:, 1:] * 2.0, output_shape=(5, 5, 3))(image))
    x = L.BatchNormalization(name="norm")(x)
    model = library.Model(image, L.Dense(2, name="after")(L.Flatten()(x)))
    path = tmp_path / f"model{suffix}"
    if library is keras and not suffix:
        keras.src.saving.saving_lib.save_model(model, path, zipped=False)
    else:
        model.save(path, **({} if suffix else {"save_format": "tf"}))
    report = analyze(path, what_if=False)
    assert params(report) == {"before": 9 * 3 * 4 + 4, "norm": 4 * 4, "after": 3 * 3 * 4 * 2 + 2}
    assert report.totals.trainable_params == count(model, trainable=True)
    assert report.totals.params_complete
    assert report.warnings == ()


def test_a_subclassed_model_without_weights_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(net(keras)(name="net").to_json())
    report = analyze(path, what_if=False)
    (row,) = report.rows
    assert (row.path, row.kind, row.cost, row.params_known) == ("net", "Net", None, False)


def _modules_after(path: Path) -> set[str]:
    code = (
        f"import sys, convcost; convcost.analyze({str(path)!r});"
        " print(*{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(run.stdout.split())


def test_the_weights_file_is_opened_only_where_a_layer_is_unknown(tmp_path: Path) -> None:
    """Then it is opened in a process of its own, which alone imports h5py."""
    known, unknown = tmp_path / "known.keras", tmp_path / "unknown.keras"
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)]).save(known)
    functional(keras).save(unknown)
    watched = {"h5py", "numpy", "keras", "tensorflow", "subprocess"}
    assert _modules_after(known) & watched == set()
    assert _modules_after(unknown) & watched == {"subprocess"}
