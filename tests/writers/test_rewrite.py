"""Rewritten archives: Keras loads them, they cost what was predicted, and all that was not replaced is as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml
from keras import layers

from convcost import api, variants
from convcost.engine.trace import trace
from convcost.kernels import fits
from tests.conftest import Result
from tests.random_graphs import random_graph
from tests.trained import Trained, accuracy
from tests.writers import networks
from tests.writers.networks import by_name, config, everything, images, saved, stored

CONVOLUTIONS = ("stem", "inner/conv2d", "shared", "chain/conv2d_1", "last")
VARIANTS = {
    "separable": "separable",
    "mobilenet": "mobilenet",
    "bsconv_u": "bsconv_u:**",
    "bsconv_s": "bsconv_s:**",
    "spatial": "spatial",
    "low_rank": "low_rank",
    "inverted_residual": "inverted_residual:**",
    "ghost": "ghost:**",
    "grouped": "grouped:last",
}
EXACT = {"separable(m=15):**", "spatial(r=96):**", "low_rank(r=24):**"}
"""Ranks at which the fits are exact for every kernel of the network, or above."""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The network in both data formats, compiled."""
    folder = tmp_path_factory.mktemp("archives")
    paths = {}
    for data_format in ("channels_last", "channels_first"):
        model = everything(data_format)
        model.compile("adam", "mse", metrics=["mae"])
        paths[data_format] = saved(model, folder, f"{data_format}.keras")
    return paths


@cache
def weights_of(data_format: str) -> dict[str, list[bytes]]:
    """The weights of the network, by layer."""
    return by_name(everything(data_format))


def test_every_variant_is_tried() -> None:
    assert {*VARIANTS, "standard"} == set(variants.names())


@pytest.mark.parametrize(
    ("variant", "data_format"),
    [(variant, "channels_last") for variant in VARIANTS.values()]
    + [(VARIANTS[name], "channels_first") for name in ("separable", "mobilenet", "grouped")],
)
def test_keras_loads_what_was_predicted(
    archives: dict[str, Path], variant: str, data_format: str, tmp_path: Path
) -> None:
    target = tmp_path / "out.keras"
    result = api.rewrite(archives[data_format], target, variants=[variant])
    model = keras.models.load_model(target, compile=False)
    assert model.count_params() == result.after.totals.params
    assert api.analyze(target, what_if=False).totals == result.after.totals
    assert model.output_shape == ((None, 8, 6, 8) if data_format == "channels_last" else (None, 8, 8, 6))
    replaced = {one.path for one in result.layers}
    assert replaced == (set(CONVOLUTIONS) if variant != "grouped:last" else {"last"})
    kept = {name: data for name, data in weights_of(data_format).items() if name not in replaced}
    assert len(kept) == 7 - len(replaced)
    assert {name: by_name(model)[name] for name in kept} == kept


@pytest.mark.parametrize("variant", ["separable", "mobilenet", "ghost:**"])
def test_what_is_not_replaced_is_the_same_to_the_bit(archives: dict[str, Path], variant: str, tmp_path: Path) -> None:
    path, target = archives["channels_last"], tmp_path / "out.keras"
    replaced = {one.path for one in api.rewrite(path, target, variants=[variant]).layers}
    before, after = stored(path), stored(target)
    kept = {name: data for name, data in before.items() if name.split(":")[0] not in replaced}
    assert len(kept) >= 4 + 1  # a normalization and a layer of one's own
    assert {name: after[name] for name in kept} == kept


def test_a_fitted_layer_keeps_its_bias_to_the_bit(archives: dict[str, Path], tmp_path: Path) -> None:
    path, target = archives["channels_last"], tmp_path / "out.keras"
    api.rewrite(path, target, variants=["separable", "bsconv_u:last", "spatial:stem", "low_rank:chain/**"])
    before, after = stored(path), stored(target)
    assert after["shared:2"] == before["shared:1"]  # depthwise kernel, pointwise kernel, bias
    assert after["last/depthwise_conv2d:1"] == before["last:1"]
    assert after["stem/conv2d_1:1"] == before["stem:1"]
    assert after["chain/conv2d_1/conv2d_1:1"] == before["chain/conv2d_1:1"]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("variant", sorted(EXACT))
def test_at_full_rank_the_outputs_are_the_same(
    archives: dict[str, Path], variant: str, data_format: str, tmp_path: Path
) -> None:
    path, target = archives[data_format], tmp_path / "out.keras"
    result = api.rewrite(path, target, variants=[variant])
    assert [one.energy for one in result.layers] == [pytest.approx(1.0, abs=1e-12)] * len(CONVOLUTIONS)
    assert not any("architecture" in note for note in result.notes)
    before, after = keras.models.load_model(path), keras.models.load_model(target)
    wanted = np.asarray(before(images(before)))
    assert np.abs(np.asarray(after(images(after))) - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("dtype", "error"), [("mixed_float16", 1e-2), ("float16", 1e-2), ("bfloat16", 5e-2), ("mixed_bfloat16", 5e-2)]
)
def test_half_precision(dtype: str, error: float, tmp_path: Path) -> None:
    path, target = saved(everything(dtype=dtype), tmp_path), tmp_path / "out.keras"
    result = api.rewrite(path, target, variants=["separable(m=15):**", "spatial(r=96):last"])
    before, after = keras.models.load_model(path), keras.models.load_model(target)
    assert after.count_params() == result.after.totals.params
    assert {weight.dtype for weight in after.weights} == {weight.dtype for weight in before.weights}
    assert after.get_layer("stem").compute_dtype == before.get_layer("stem").compute_dtype
    wanted = np.asarray(before(images(before))).astype(np.float32)
    assert np.abs(np.asarray(after(images(after))) - wanted).max() < error * np.abs(wanted).max()
    assert api.analyze(target, what_if=False).peak == result.after.peak


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("variant", "fit"),
    [("separable(m={})", "depthwise_first"), ("spatial(r={})", "spatial"), ("low_rank(r={})", "channel")],
)
def test_two_steps_are_the_best_kernel_of_their_rank(variant: str, fit: str, rank: int, tmp_path: Path) -> None:
    """Against a convolution whose kernel is numpy's truncated SVD."""
    model = networks.scattered(keras.Sequential([keras.Input((9, 11, 4)), layers.Conv2D(6, (3, 2), name="conv")]))
    path, target = saved(model, tmp_path), tmp_path / "out.keras"
    result = api.rewrite(path, target, variants=[variant.format(rank) + ":conv"])
    kernel, bias = model.get_weights()
    (best,) = fits.approximations(kernel, fit, [rank])
    assert result.layers[0].energy == pytest.approx(1 - np.square(kernel - best).sum() / np.square(kernel).sum())
    model.set_weights([best, bias])
    after = keras.models.load_model(target)
    assert np.allclose(after(images(model)), model(images(model)), atol=1e-5)


def test_a_blueprint_kernel_is_found_again(tmp_path: Path) -> None:
    """Filters of one window each, scaled channel by channel, are a pointwise step and a depthwise one."""
    generator = np.random.default_rng(0)
    windows, mix = generator.normal(size=(3, 3, 1, 6)), generator.normal(size=(1, 1, 4, 6))
    model = keras.Sequential([keras.Input((9, 11, 4)), layers.Conv2D(6, 3, strides=2, padding="same", name="conv")])
    model.set_weights([windows * mix, generator.normal(size=6)])
    target = tmp_path / "out.keras"
    result = api.rewrite(saved(model, tmp_path), target, variants=["bsconv_u:conv"])
    assert result.layers[0].energy == pytest.approx(1.0)
    assert np.allclose(keras.models.load_model(target)(images(model)), model(images(model)), atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_one_dimension(padding: str, tmp_path: Path) -> None:
    conv = layers.Conv1D(6, 3, padding=padding, name="conv")
    model = networks.scattered(keras.Sequential([keras.Input((12, 4)), conv]))
    path, target = saved(model, tmp_path), tmp_path / "out.keras"
    for variant in ("separable(m=3):conv", "low_rank(r=6):conv"):
        api.rewrite(path, target, variants=[variant])
        assert np.allclose(keras.models.load_model(target)(images(model)), model(images(model)), atol=1e-5)
    api.rewrite(path, target, variants=["bsconv_u:conv"])
    assert keras.models.load_model(target).output_shape == model.output_shape


def test_three_dimensions(tmp_path: Path) -> None:
    model = networks.scattered(keras.Sequential([keras.Input((5, 6, 7, 2)), layers.Conv3D(4, (2, 3, 2), name="conv")]))
    path, target = saved(model, tmp_path), tmp_path / "out.keras"
    api.rewrite(path, target, variants=["low_rank(r=4):conv"])
    assert np.allclose(keras.models.load_model(target)(images(model)), model(images(model)), atol=1e-5)
    api.rewrite(path, target, variants=["separable(m=4):conv"])
    after = keras.models.load_model(target)
    grouped, pointwise = (layer.get_weights()[0] for layer in after.get_layer("conv").layers[1:])
    depthwise = grouped.reshape(2, 3, 2, 2, 4)
    whole = np.einsum("xyzcm,cmn->xyzcn", depthwise, pointwise.reshape(2, 4, 4))
    assert np.allclose(whole, model.get_weights()[0], atol=1e-6)


def test_a_compiled_model_loses_its_optimizer_and_says_so(archives: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "out.keras"
    result = api.rewrite(archives["channels_last"], target, variants=["separable"])
    assert any("optimizer" in note for note in result.notes)
    told = config(target)["compile_config"]
    assert "optimizer" not in told
    assert told["loss"] == "mse"
    model = keras.models.load_model(target)
    loss, error = model.evaluate(images(model), np.zeros((2, 8, 6, 8), np.float32), verbose=0)
    assert loss > 0
    assert error > 0


def test_settings_go_along(archives: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "out.keras"
    model = everything()
    model.get_layer("shared").trainable = False
    path = saved(model, tmp_path)
    api.rewrite(path, target, variants=["separable", "mobilenet:inner/*"])
    after = keras.models.load_model(target)
    assert not after.get_layer("shared").trainable
    depthwise, _, _, pointwise = after.get_layer("inner").get_layer("conv2d").layers[1:]
    for regularizer in (depthwise.depthwise_regularizer, pointwise.kernel_regularizer):
        assert isinstance(regularizer, keras.regularizers.L2)
    assert after.get_layer("stem").activation is keras.activations.relu


def test_a_constraint_has_no_place_and_is_named(tmp_path: Path) -> None:
    conv = layers.Conv2D(8, 3, kernel_constraint="non_neg", name="conv")
    path = saved(keras.Sequential([keras.Input((8, 8, 8)), conv]), tmp_path)
    notes = api.rewrite(path, tmp_path / "out.keras", variants=["separable"]).notes
    assert "layer 'conv': its kernel_constraint is dropped" in notes


def branched() -> keras.Model:
    """Pairs of depthwise and pointwise steps on branches; as they become one layer, `first` comes after `a`."""
    keras.utils.clear_session()
    inputs = keras.Input((10, 10, 4))
    long = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    long = layers.DepthwiseConv2D(3, padding="same", name="dw1")(long)
    long = layers.ReLU()(layers.BatchNormalization()(long))
    long = layers.Conv2D(6, 1, name="pw1")(long)
    short = inputs
    for name in "abcd":
        short = layers.Conv2D(4, 3, padding="same", name=name)(short)
    fused = layers.SeparableConv2D(6, 3, padding="same", name="fused")(inputs)
    x = layers.Concatenate()([long, short, fused])
    x = layers.Conv2D(5, 1, name="pw2")(layers.DepthwiseConv2D(3, name="dw2")(x))
    return networks.scattered(keras.Model(inputs, layers.Dense(3, name="head")(layers.Flatten()(x))))


def test_the_reverse(tmp_path: Path) -> None:
    path, target = saved(branched(), tmp_path), tmp_path / "out.keras"
    result = api.rewrite(path, target, variants=["standard"])
    assert {one.path for one in result.layers} == {"pw1", "pw2", "fused"}
    before, after = keras.models.load_model(path), keras.models.load_model(target)
    assert after.count_params() == result.after.totals.params
    assert {layer.name for layer in after.layers} & {"dw1", "dw2"} == set()
    assert after.get_layer("pw1").kernel.shape == (3, 3, 4, 6)
    for name in ("first", "a", "b", "c", "d", "head"):
        assert by_name(after)[name] == by_name(before)[name]
    orders = [[layer.name for layer in model.layers if layer.name in ("first", "a")] for model in (before, after)]
    assert orders == [["first", "a"], ["a", "first"]]
    names = [entry["name"] for entry in config(target)["config"]["layers"]]
    assert names == [operation.name for operation in after.operations]


def test_there_and_back_again(tmp_path: Path) -> None:
    """What was separable becomes standard, and separable again: the graph is what it was."""
    path, there, back = saved(branched(), tmp_path), tmp_path / "there.keras", tmp_path / "back.keras"
    api.rewrite(path, there, variants=["standard"])
    result = api.rewrite(there, back, variants=["separable"], keep=["a", "b", "c", "d", "first"])
    fused = api.analyze(path, variants=["standard"], what_if=True).what_if
    assert fused
    assert result.before.totals == fused.report.totals
    assert keras.models.load_model(back).count_params() == result.after.totals.params


def test_assets_follow_the_layer_that_has_them(tmp_path: Path) -> None:
    """A vocabulary lies under the number of its model's group, which a new nested model shifts."""
    keras.utils.clear_session()
    words = keras.Input((1,), dtype="string", name="words")
    look_up = layers.StringLookup()
    look_up.adapt(np.array(["red"] * 3 + ["green"] * 2 + ["blue"]))  # given by hand it would be in the config
    codes = keras.Model(words, look_up(words), name="codes")
    image, text = keras.Input((8, 8, 8), name="image"), keras.Input((1,), dtype="string", name="text")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, name="conv")(layers.Conv2D(8, 3, name="first")(image)))
    y = layers.Flatten()(layers.Embedding(5, 3)(codes(text)))
    path = saved(keras.Model([image, text], layers.Concatenate()([x, y])), tmp_path)
    target = tmp_path / "out.keras"
    api.rewrite(path, target, variants=["mobilenet"])
    after = keras.models.load_model(target)
    assert after.get_layer("codes").layers[-1].get_vocabulary() == ["[UNK]", "red", "green", "blue"]


def test_a_folder_becomes_an_archive(archives: dict[str, Path], tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(archives["channels_last"]) as archive:
        archive.extractall(tmp_path / "folder")
    api.rewrite(tmp_path / "folder", tmp_path / "out.keras", variants=["separable"])
    api.rewrite(archives["channels_last"], tmp_path / "same.keras", variants=["separable"])
    assert (tmp_path / "out.keras").read_bytes() == (tmp_path / "same.keras").read_bytes()


def test_the_same_model_gives_the_same_bytes(archives: dict[str, Path], tmp_path: Path) -> None:
    for name in ("a.keras", "b.keras"):
        api.rewrite(archives["channels_last"], tmp_path / name, variants=["mobilenet", "separable:stem"])
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_new_weights_are_as_keras_initialises_them(archives: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / "out.keras"
    result = api.rewrite(archives["channels_last"], target, variants=["mobilenet:shared"])
    assert "the weights of 'shared' (mobilenet) are initialised anew: to be trained" in result.notes
    depthwise, norm, _, pointwise = keras.models.load_model(target).get_layer("shared").layers[1:]
    for kernel, fans in ((depthwise.kernel, 3 * 3 * 16 + 3 * 3 * 1), (pointwise.kernel, 16 + 14)):
        limit = np.sqrt(6 / fans)
        assert 0.9 * limit < np.abs(np.asarray(kernel)).max() <= limit
    gamma, beta, mean, variance = norm.get_weights()
    assert np.array_equal(np.stack([gamma, beta, mean, variance]), np.stack([[1] * 16, [0] * 16, [0] * 16, [1] * 16]))
    assert not np.asarray(pointwise.bias).any()


def test_a_zero_kernel_is_named(archives: dict[str, Path], tmp_path: Path) -> None:
    model = everything()
    conv = model.get_layer("last")
    conv.set_weights([np.zeros_like(conv.get_weights()[0]), conv.get_weights()[1]])
    target = tmp_path / "out.keras"
    result = api.rewrite(saved(model, tmp_path), target, variants=["separable:last"])
    assert "layer 'last': its kernel is zero, and so is what takes its place" in result.notes
    after = keras.models.load_model(target)
    assert np.allclose(after(images(after)), model(images(model)), atol=1e-6)


def test_a_plan_is_carried_out(archives: dict[str, Path], tmp_path: Path) -> None:
    plan, target = tmp_path / "plan.yaml", tmp_path / "out.keras"
    plan.write_text(
        "convcost_plan: 1\nlayers:\n  stem: {variant: separable(m=2)}\n  inner/conv2d: {variant: bsconv_u}\n", "utf-8"
    )
    result = api.rewrite(archives["channels_last"], target, plan=plan)
    assert [(one.path, one.variant) for one in result.layers] == [
        ("stem", "separable(m=2)"),
        ("inner/conv2d", "bsconv_u"),
    ]
    assert keras.models.load_model(target).count_params() == result.after.totals.params


def test_a_plan_of_the_planner_comes_out_as_predicted(
    trained: Trained, tmp_path: Path, run: Callable[..., Result]
) -> None:
    plan, target = tmp_path / "plan.yaml", tmp_path / "out.keras"
    assert run("plan", trained.path, "--max", "macs=500k", "-o", plan).code == 0
    assert run("rewrite", trained.path, "--plan", plan, "-o", target).code == 0
    told, totals = yaml.safe_load(plan.read_text()), api.analyze(target, what_if=False).totals
    assert told["predicted"] == {metric: getattr(totals, metric) for metric in told["predicted"]}
    assert totals.macs <= 500_000
    model = keras.models.load_model(target)
    assert model.count_params() == totals.params
    assert trace(model).macs == totals.macs


def test_a_trained_network_keeps_its_outputs_at_m_9(trained: Trained, tmp_path: Path) -> None:
    target = tmp_path / "out.keras"
    wanted = np.asarray(keras.models.load_model(trained.path, compile=False)(trained.test[0]))
    for variant in ("separable(m=9)", "low_rank(r=48)", "spatial(r=144)"):
        api.rewrite(trained.path, target, variants=[f"{variant}:conv*"])
        outputs = np.asarray(keras.models.load_model(target, compile=False)(trained.test[0]))
        assert np.abs(outputs - wanted).max() < 1e-4
        assert (outputs.argmax(axis=1) == trained.test[1]).mean() == trained.accuracy


def test_a_trained_network_is_another_one_at_m_1(trained: Trained, tmp_path: Path) -> None:
    target = tmp_path / "out.keras"
    result = api.rewrite(trained.path, target, variants=["separable:conv*"])
    assert any("a new architecture, to be trained" in note for note in result.notes)
    assert accuracy(keras.models.load_model(target), trained.test) < trained.accuracy - 0.1


@pytest.mark.parametrize("seed", [1, 2, 3, 18, 20, 37])
def test_random_graphs_are_rewritten(seed: int, tmp_path: Path) -> None:
    """Of any shape: Keras loads them, with the weights that were not replaced where they were."""
    keras.utils.clear_session()
    before = random_graph(seed)
    path, target = saved(before, tmp_path), tmp_path / "out.keras"
    result = api.rewrite(path, target, variants=["low_rank(r=1)"])
    assert len(result.layers) >= 2
    after = keras.models.load_model(target)
    assert after.count_params() == result.after.totals.params
    replaced = {one.path for one in result.layers}
    kept: dict[str, Any] = {name: data for name, data in by_name(before).items() if name not in replaced}
    assert {name: by_name(after)[name] for name in kept} == kept


@pytest.mark.parametrize(("version", "ends"), [("3.3.3", [["input", 0, 0]]), ("3.4.0", ["input", 0, 0])])
def test_models_are_written_as_the_version_of_the_file_reads_them(
    archives: dict[str, Path], version: str, ends: Any, tmp_path: Path
) -> None:
    """Keras before 3.4 has one input in a list of one, and can read nothing else."""
    metadata = f'{{"keras_version": "{version}"}}'.encode()
    path = networks.edited(archives["channels_last"], tmp_path / "older.keras", {"metadata.json": metadata})
    api.rewrite(path, tmp_path / "out.keras", variants=["mobilenet:stem"])
    (stem,) = (entry for entry in config(tmp_path / "out.keras")["config"]["layers"] if entry["name"] == "stem")
    assert stem["config"]["input_layers"] == ends
