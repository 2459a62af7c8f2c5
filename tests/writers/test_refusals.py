"""What cannot be rewritten is refused by name, and nothing is written then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convcost import api
from convcost.errors import ConvcostError
from convcost.writers import keras_archive
from tests.conftest import Result
from tests.writers.networks import config, edited, everything, saved, with_weights

Refusal = Callable[..., str]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(everything(), tmp_path_factory.mktemp("archive"))


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """The message of a rewriting that is refused, after a look whether anything was written."""

    def call(path: Path, *variants: str, target: str = "out.keras", **options: Any) -> str:
        folder = tmp_path / "target"
        folder.mkdir()
        with pytest.raises(ConvcostError) as refused:
            api.rewrite(path, folder / target, variants=variants, **options)
        assert list(folder.iterdir()) == []
        return str(refused.value)

    return call


def one_conv(folder: Path, shape: tuple[int | None, ...] = (8, 8, 8), **settings: Any) -> Path:
    conv = layers.Conv2D(**{"filters": 8, "kernel_size": 3, "name": "conv", **settings})
    return saved(keras.Sequential([keras.Input(shape), conv]), folder)


def with_settings(path: Path, **settings: Any) -> Path:
    """A copy whose config has other settings of `conv`."""
    told = config(path)
    told["config"]["layers"][1]["config"] |= settings
    return edited(path, path.with_name("changed.keras"), {"config.json": json.dumps(told).encode()})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"dtype": "int8_from_float32"}, "layer 'conv' cannot be rewritten: its kernel is quantized"),
        ({"lora_rank": 2}, "layer 'conv' cannot be rewritten: its kernel has LoRA factors beside it"),
        ({"filters": 16}, "layer 'conv': the weights do not fit the model: they are [(3, 3, 8, 8), (8,)], allowed: [("),
        ({"use_bias": False}, "layer 'conv': the weights do not fit the model"),
    ],
)
def test_kernels_that_are_no_plain_ones(settings: dict[str, Any], said: str, tmp_path: Path, refusal: Refusal) -> None:
    assert said in refusal(with_settings(one_conv(tmp_path), **settings), "separable:conv")


def _spoilt(value: float) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        kernel = file["layers/conv2d/vars/0"]
        kernel[0, 0, 0, 0] = value

    return change


def _removed(file: Any) -> None:
    del file["layers/conv2d"]


def _of_integers(file: Any) -> None:
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = np.zeros((3, 3, 8, 8), np.int8)


def _turned(file: Any) -> None:
    kernel = file["layers/conv2d/vars/0"][()]
    del file["layers/conv2d/vars/0"]
    file["layers/conv2d/vars/0"] = kernel[:2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_spoilt(np.nan), "layer 'conv': its kernel holds NaN or infinity"),
        (_spoilt(np.inf), "layer 'conv': its kernel holds NaN or infinity"),
        (_removed, "layer 'conv': the weights file has no weights of it"),
        (_of_integers, "layer 'conv': its int8 kernel is no array of floats, allowed: float16, bfloat16, float32"),
        (_turned, "layer 'conv': the weights do not fit the model: they are [(2, 3, 8, 8), (8,)]"),
    ],
)
def test_weights_files_that_do_not_fit(change: Any, said: str, tmp_path: Path, refusal: Refusal) -> None:
    path = with_weights(one_conv(tmp_path), tmp_path / "changed.keras", change)
    assert said in refusal(path, "separable")


def test_weights_of_other_layers_are_missed_too(archive: Path, tmp_path: Path, refusal: Refusal) -> None:
    def change(file: Any) -> None:
        del file["layers/functional/layers/batch_normalization"]

    path = with_weights(archive, tmp_path / "changed.keras", change)
    assert "layer 'inner/batch_normalization': the weights file has no weights of it" in refusal(path, "separable:stem")


def test_unequal_strides_have_no_depthwise_step_in_tensorflow(tmp_path: Path, refusal: Refusal) -> None:
    path = one_conv(tmp_path, strides=(2, 1))
    said = "layer 'conv' cannot be rewritten: its strides are (2, 1), and TensorFlow has depthwise steps with equal"
    assert said in refusal(path, "separable")
    api.rewrite(path, tmp_path / "out.keras", variants=["spatial"])
    assert keras.models.load_model(tmp_path / "out.keras").output_shape == (None, 3, 6, 8)


def test_a_channel_shuffle_needs_one_size(tmp_path: Path, refusal: Refusal) -> None:
    path = one_conv(tmp_path, (None, None, 8))
    said = "layer 'conv' cannot be rewritten: a channel shuffle needs inputs of one fixed size"
    assert said in refusal(path, "grouped", input_shape=(16, 16, 8))


def test_open_sizes_stay_open(tmp_path: Path) -> None:
    path, target = one_conv(tmp_path, (None, None, 8)), tmp_path / "out.keras"
    api.rewrite(path, target, variants=["mobilenet"], input_shape=(16, 16, 8))
    model = keras.models.load_model(target)
    assert model.output_shape == (None, None, None, 8)
    assert model(np.zeros((1, 5, 7, 8), np.float32)).shape == (1, 3, 5, 8)


def test_a_size_that_the_archive_fixes(archive: Path, refusal: Refusal) -> None:
    said = refusal(archive, "separable", input_shape=(32, 32, 3))
    assert "input 'image' is (32, 32, 3), which the archive fixes at (20, 18, 3)" in said


def test_keras_2_wrote_it(archive: Path, tmp_path: Path, refusal: Refusal) -> None:
    older = edited(archive, tmp_path / "older.keras", {"metadata.json": b'{"keras_version": "2.15.0"}'})
    assert "Keras 2.15.0 wrote it, allowed: archives of Keras 3" in refusal(older, "separable")


@pytest.mark.parametrize("metadata", [b"no json", b"[3]", b"{}"])
def test_metadata_that_tell_nothing(archive: Path, metadata: bytes, tmp_path: Path, refusal: Refusal) -> None:
    path = edited(archive, tmp_path / "odd.keras", {"metadata.json": metadata})
    assert "allowed: archives of Keras 3" in (said := refusal(path, "separable")) or "is not one that Keras 3" in said


@pytest.mark.parametrize("missing", ["metadata.json", "model.weights.h5"])
def test_an_archive_that_lacks_something(archive: Path, missing: str, tmp_path: Path, refusal: Refusal) -> None:
    path = edited(archive, tmp_path / "lacking.keras", {missing: None})
    assert f"the archive has no {missing}" in refusal(path, "separable")


def test_other_formats(configs: Path, tmp_path: Path, refusal: Refusal) -> None:
    said = refusal(configs / "vgg16.yaml", "separable")
    assert "a spec file cannot become an archive, allowed: .keras; -o OUT.yaml writes a spec" in said


def test_targets(archive: Path, refusal: Refusal, tmp_path: Path) -> None:
    assert "allowed: a name that ends in .keras, or in .yaml for a spec" in refusal(
        archive, "separable", target="out.h5"
    )
    for target in (archive, archive.parent / "." / archive.name):
        with pytest.raises(ConvcostError, match="is the input, and would be overwritten"):
            api.rewrite(archive, target, variants=["separable"])
    with pytest.raises(ConvcostError, match="cannot be written: there is no folder"):
        api.rewrite(archive, tmp_path / "nowhere" / "out.keras", variants=["separable"])
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ConvcostError, match="is a folder, allowed: a file to write"):
        api.rewrite(archive, tmp_path / "folder.keras", variants=["separable"])


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (["standard"], "nothing to rewrite: no layer is converted"),
        (["grouped(g=5)"], "layer 'stem': 5 groups do not divide 3 channels and 16 filters"),
        (["separable:nothing"], "'nothing' names no layer of everything"),
        (["seperable"], "no variant 'seperable'; did you mean 'separable'?"),
        ([], "a plan or variants tell what takes the place of layers: give one of the two"),
    ],
)
def test_nothing_to_do(archive: Path, variants: list[str], said: str, refusal: Refusal) -> None:
    assert said in refusal(archive, *variants)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("{stam: {variant: separable}}", "everything has no layer 'stam'; did you mean 'stem'?"),
        ("{chain/re_lu_1: {variant: separable}}", "layer 'chain/re_lu_1' cannot become separable: it is no ordinary"),
        ("{stem: {variant: grouped(g=5)}}", "layer 'stem' cannot become grouped: 5 groups do not divide"),
        ("{}", "nothing to rewrite"),
    ],
)
def test_plans_that_cannot_be_carried_out(
    archive: Path, plan: str, said: str, tmp_path: Path, refusal: Refusal
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(f"convcost_plan: 1\nlayers: {plan}\n")
    assert said in refusal(archive, plan=path)


def test_a_plan_stands_alone(archive: Path, tmp_path: Path, refusal: Refusal) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("convcost_plan: 1\nlayers: {stem: {variant: separable}}\n")
    assert "give one of the two" in refusal(archive, "separable", plan=path)


def test_an_interrupted_run_leaves_the_old_file(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.keras"
    target.write_bytes(b"old")

    def interrupted(path: Path, members: Any) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(keras_archive, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        api.rewrite(archive, target, variants=["separable"])
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_command_says_what_it_did(archive: Path, tmp_path: Path, run: Callable[..., Result]) -> None:
    result = run(
        "rewrite", archive, "--variant", "separable(m=2)", "--variant", "mobilenet:last", "--keep", "stem", "-o",
        tmp_path / "out.keras",
    )  # fmt: skip
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["layer", "variant", "weights"]
    assert lines[1].startswith("inner/conv2d    separable(m=2)  fitted, ")
    assert "last            mobilenet       initialised anew" in lines
    assert lines[-1].startswith(f"{tmp_path / 'out.keras'}: MACs ")
    assert "warning: the weights of 'last' (mobilenet) are initialised anew: to be trained\n" in result.err
    assert "this is a new architecture, to be trained" in result.err
    refused = run("rewrite", archive, "--variant", "separable", "-o", archive)
    assert (refused.code, refused.out) == (2, "")
    assert "is the input, and would be overwritten" in refused.err
