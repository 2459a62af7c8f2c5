"""`convcost separability` on files that Keras wrote: what it says, what it leaves out, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convcost import api
from convcost.errors import ConvcostError
from tests.conftest import Result

Run = Callable[..., Result]


def saved(folder: Path, *stack: Any, shape: tuple[int | None, ...] = (8, 8, 4), kernel: Any = None) -> Path:
    """A Sequential model of these layers, saved; `kernel` takes the place of the first layer's."""
    model = keras.Sequential([keras.Input(shape), *stack], name="net")
    if kernel is not None:
        first = model.layers[0]
        first.set_weights([kernel, *first.get_weights()[1:]])
    path = folder / "net.keras"
    model.save(path)
    return path


def test_price_and_loss_of_every_choice(tmp_path: Path) -> None:
    """MACs over those of the layer: m·(1/N + 1/k²), and 1/k² + 1/C pointwise first."""
    path = saved(tmp_path, layers.Conv2D(12, 3, padding="same", use_bias=False, name="conv"))
    (layer,) = api.separability(path).layers
    assert [score.variant for score in layer.scores] == [
        "separable", *(f"separable(m={m})" for m in range(2, 10)), "bsconv_u"
    ]  # fmt: skip
    for m, score in enumerate(layer.scores[:9], start=1):
        assert score.macs_ratio == pytest.approx(m * (1 / 12 + 1 / 9))
    assert layer.scores[9].macs_ratio == pytest.approx(1 / 9 + 1 / 4)
    assert layer.scores[8].energy == 1.0
    assert (layer.verdict, layer.kernel) == ("entangled", (3, 3, 4, 12))


def test_other_fits_at_the_same_prices(tmp_path: Path) -> None:
    path = saved(tmp_path, layers.Conv2D(12, 3, padding="same", use_bias=False))
    (layer,) = api.separability(path, fits=["spatial", "channel"]).layers
    found = {score.variant: score for score in layer.scores}
    # C·(k² + N) = 4·21 = 84: 84 // (3·4 + 3·12) = 1, 84 // (9·4 + 12) = 1
    assert {"spatial(r=1)", "spatial(r=3)", "spatial(r=7)", "low_rank(r=1)", "low_rank(r=3)", "low_rank(r=7)"} <= set(
        found
    )
    assert found["spatial(r=3)"].macs_ratio == pytest.approx(3 * (3 * 4 + 3 * 12) / (9 * 4 * 12))
    assert found["low_rank(r=7)"].macs_ratio == pytest.approx(7 * (9 * 4 + 12) / (9 * 4 * 12))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.Conv1D(6, 5, use_bias=False), (20, 4)),
        (layers.Conv3D(6, 3, use_bias=False), (6, 6, 6, 4)),
        (layers.Conv2D(6, (1, 3)), (8, 8, 4)),
        (layers.Conv2D(6, 3, data_format="channels_first"), (4, 8, 8)),
        (layers.Conv2D(2, 3), (8, 8, 4)),  # N < k²: exact at m = N
        (layers.Conv2D(6, 3, dtype="float16"), (8, 8, 4)),
        (layers.Conv2D(6, 3, dtype="bfloat16"), (8, 8, 4)),
    ],
)
def test_layers_of_all_kinds_are_scored(layer: Any, shape: tuple[int, ...], tmp_path: Path) -> None:
    path = saved(tmp_path, layer, shape=shape)
    (scores,) = api.separability(path, fits=["pointwise_first", "spatial", "channel"]).layers
    taps, filters = int(np.prod(layer.kernel_size)), layer.filters
    exact = [score for score in scores.scores if score.variant.startswith("separable")]
    assert len(exact) == min(taps, filters)
    assert exact[-1].energy == 1.0
    assert all(0 < score.energy <= 1 for score in scores.scores)


def test_what_cannot_be_scored_is_left_out_by_name(tmp_path: Path, run: Run) -> None:
    stack = [
        layers.Conv2D(8, 3, groups=2, name="grouped"),
        layers.Conv2DTranspose(8, 3, name="up"),
        layers.Conv2D(8, 1, name="pointwise"),
        layers.DepthwiseConv2D(3, name="depthwise"),
        layers.Conv2D(8, 3, name="plain"),
    ]
    path = saved(tmp_path, *stack)
    result = api.separability(path)
    assert [layer.path for layer in result.layers] == ["plain"]
    assert set(result.left_out) == {"grouped", "up"}
    shown = run("separability", path).out
    assert "grouped (2 groups): its kernel is apart already" in shown
    assert "transposed: no variant stands in for it" in shown


def test_verdicts(tmp_path: Path, run: Run) -> None:
    generator = np.random.default_rng(0)
    shape = (3, 3, 4, 12)
    apart = np.einsum("ijc,cn->ijcn", generator.standard_normal(shape[:3]), generator.standard_normal(shape[2:]))
    conv = {"use_bias": False, "padding": "same"}
    easy = run("separability", saved(tmp_path, layers.Conv2D(12, 3, **conv), kernel=apart)).out
    assert "At m = 1 the kernels keep 100 % of their energy: separable can stand in for them" in easy
    hard = run(
        "separability", saved(tmp_path, layers.Conv2D(64, 3, **conv), kernel=generator.standard_normal((3, 3, 4, 64)))
    ).out
    assert "is a new architecture, to be trained; it is not a conversion" in hard
    assert "Random kernels keep as much" in hard
    between = saved(tmp_path, layers.Conv2D(12, 3, **conv), kernel=apart + 0.3 * generator.standard_normal(shape))
    assert api.separability(between).layers[0].verdict == "mixed"
    zero = saved(tmp_path, layers.Conv2D(12, 3, name="dead", **conv), kernel=np.zeros(shape))
    assert "Kernels of zeros, which any choice keeps: dead." in run("separability", zero).out


@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_a_kernel_that_is_not_finite_is_refused_by_name(worst: float, tmp_path: Path, run: Run) -> None:
    kernel = np.ones((3, 3, 4, 8))
    kernel[1, 1, 2, 3] = worst
    result = run("separability", saved(tmp_path, layers.Conv2D(8, 3, name="broken"), kernel=kernel))
    assert (result.code, result.out) == (2, "")
    assert "layer 'broken': its kernel holds NaN or infinity" in result.err


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path, run: Run) -> None:
    path = saved(tmp_path, layers.Conv2D(8, 3, name="conv"))
    other = tmp_path / "other.keras"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b'"filters": 8', b'"filters": 9') if name == "config.json" else data)
    result = run("separability", other)
    assert result.code == 2
    assert (
        "layer 'conv': the weights do not fit the model: its kernel is (3, 3, 4, 8), allowed: (3, 3, 4, 9)"
        in result.err
    )


def test_a_file_without_weights_is_refused(tmp_path: Path, run: Run, configs: Path) -> None:
    assert "a spec file has no kernels" in run("separability", configs / "vgg16.yaml").err
    bare = tmp_path / "bare.keras"
    with zipfile.ZipFile(saved(tmp_path, layers.Conv2D(8, 3))) as old, zipfile.ZipFile(bare, "w") as new:
        new.writestr("config.json", old.read("config.json"))
    result = run("separability", bare)
    assert (result.code, "the archive has no model.weights.h5" in result.err) == (2, True)
    nothing = run("separability", saved(tmp_path, layers.Conv2D(8, 1)))
    assert "no convolution with a window and one group" in nothing.err


def test_formats_agree(tmp_path: Path, run: Run) -> None:
    path = saved(tmp_path, layers.Conv2D(12, 3, name="a"), layers.Conv2D(5, 3, name="b"))
    data = json.loads(run("separability", path, "--format", "json").out)["separability"]
    choices = [(layer["path"], choice["variant"]) for layer in data["layers"] for choice in layer["choices"]]
    rows = list(csv.DictReader(io.StringIO(run("separability", path, "--format", "csv").out)))
    assert [(row["path"], row["variant"]) for row in rows] == choices
    assert [float(row["energy"]) for row in rows][:9] == [one["energy"] for one in data["layers"][0]["choices"]][:9]
    assert (data["entangled"], data["left_out"]) == (["a", "b"], {})
    assert "| a " in run("separability", path, "--format", "markdown").out
    only = json.loads(run("separability", path, "--only", "b", "--format", "json").out)["separability"]
    assert [layer["path"] for layer in only["layers"]] == ["b"]
    assert run("separability", path, "--only", "c").code == 2
    assert "--fits: got 'svd', allowed: spatial, channel or all" in run("separability", path, "--fits", "svd").err


def test_layers_of_nested_and_shared_models(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 4))
    block = keras.Sequential([keras.Input((8, 8, 4)), layers.Conv2D(4, 3, padding="same", name="inner")], name="block")
    model = keras.Model(inputs, block(block(inputs)))
    model.save(tmp_path / "nested.keras")
    (layer,) = api.separability(tmp_path / "nested.keras").layers
    assert layer.path == "block/inner"
    kernel = block.layers[0].get_weights()[0]
    grams = np.linalg.svd(kernel.reshape(9, 4, 4).transpose(1, 0, 2), compute_uv=False) ** 2
    assert layer.at_one.energy == pytest.approx(grams[:, 0].sum() / grams.sum(), rel=1e-5)


def test_samples_measure_the_output_of_the_stand_in(tmp_path: Path) -> None:
    """The error is that of Keras's own SeparableConv2D with the fitted weights, bias corrected."""
    from convcost.kernels import fits

    conv = layers.Conv2D(6, 3, padding="same", strides=2, activation="relu", name="conv")
    path = saved(tmp_path, layers.ReLU(), conv)
    images = np.random.default_rng(0).standard_normal((40, 8, 8, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", images)
    result = api.separability(path, samples=tmp_path / "x.npy")
    assert result.samples == 40
    score = result.layers[0].scores[1]
    depthwise, pointwise = fits.depthwise_first(conv.get_weights()[0], 2)
    twin = layers.SeparableConv2D(6, 3, strides=2, padding="same", depth_multiplier=2, use_bias=False)
    twin.build((None, 8, 8, 4))
    twin.set_weights([depthwise, pointwise])
    seen = np.maximum(images, 0)
    true = np.asarray(conv.convolution_op(seen, conv.kernel)).reshape(-1, 6)
    error = np.asarray(twin(seen)).reshape(-1, 6) - true
    assert score.variant == "separable(m=2)"
    assert score.error == pytest.approx(error.var(axis=0).sum() / true.var(axis=0).sum(), rel=1e-4)
    assert result.layers[0].scores[5].error == pytest.approx(0, abs=1e-9)  # m = N: exact


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros((3, 8, 8, 5), np.float32), "samples of (8, 8, 5), the model takes (8, 8, 4)"),
        (np.full((3, 8, 8, 4), np.nan, np.float32), "holds NaN or infinity"),
        (np.zeros((0, 8, 8, 4), np.float32), "has no samples"),
    ],
)
def test_samples_that_do_not_fit_are_refused(samples: Any, said: str, tmp_path: Path) -> None:
    path = saved(tmp_path, layers.Conv2D(6, 3))
    np.save(tmp_path / "x.npy", samples)
    with pytest.raises(ConvcostError, match=r"x\.npy") as refused:
        api.separability(path, samples=tmp_path / "x.npy")
    assert said in str(refused.value)


def test_samples_by_name_for_several_inputs(tmp_path: Path) -> None:
    left, right = keras.Input((8, 8, 4), name="left"), keras.Input((8, 8, 4), name="right")
    merged = layers.Add()([layers.Conv2D(6, 3, name="a")(left), layers.Conv2D(6, 3, name="b")(right)])
    path = tmp_path / "two.keras"
    keras.Model([left, right], merged).save(path)
    images = np.random.default_rng(0).standard_normal((5, 8, 8, 4)).astype(np.float32)
    np.savez(tmp_path / "x.npz", left=images, right=0 * images)
    found = api.separability(path, samples=tmp_path / "x.npz")
    assert [layer.scores[0].error == 0 for layer in found.layers] == [False, True]  # zeros in, nothing out
    np.savez(tmp_path / "y.npz", left=images)
    with pytest.raises(ConvcostError, match="the model's inputs are left, right"):
        api.separability(path, samples=tmp_path / "y.npz")


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ConvcostError, match=r"no \.npy or \.npz file of arrays"):
        api.separability(saved(tmp_path, layers.Conv2D(6, 3)), samples=tmp_path / "x.npy")
