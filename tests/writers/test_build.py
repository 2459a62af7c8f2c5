"""Keras makes a model of what a spec says: with the MACs, params and shapes that were counted, for every variant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import pytest
from keras import layers

from convcost import api, variants
from convcost.engine.trace import trace
from convcost.errors import ConvcostError
from convcost.model import Shape
from convcost.profile import profile
from tests.conftest import ROOT, Result
from tests.layers.cases import CASES
from tests.layers.cases.case import Case
from tests.writers.networks import everything

TRIED = {name: f"{name}:**" for name in variants.names()} | {
    "separable": "separable(m=2):**",
    "grouped": "grouped:last",
    "standard": "standard",
}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with nested and shared layers and, for the reverse, separable ones."""
    keras.utils.clear_session()
    inputs = keras.Input((20, 18, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
    entry = keras.Input((20, 18, 16))
    y = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same", use_bias=False)(entry))
    x = keras.Model(entry, layers.Add()([entry, y]), name="inner")(x)
    shared = layers.Conv2D(16, 3, padding="same", name="shared")
    x = layers.Concatenate()([shared(x), shared(layers.ReLU()(x))])
    x = layers.Conv2D(24, (3, 5), strides=2, name="strided")(x)
    x = layers.SeparableConv2D(12, 3, name="fused")(x)
    x = layers.Conv2D(6, 1, name="pointwise")(layers.ReLU()(layers.DepthwiseConv2D(3, name="depthwise")(x)))
    model = keras.Model(inputs, layers.Conv2D(8, 2, name="last")(x), name="net")
    path = tmp_path_factory.mktemp("spec") / "net.yaml"
    path.write_text(api.export(model), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", variants.names())
def test_every_variant_costs_what_keras_counts(name: str, spec: Path, tmp_path: Path) -> None:
    """The network that is built from the rewritten spec, layer by layer."""
    target = tmp_path / "out.yaml"
    result = api.rewrite(spec, target, variants=[TRIED[name]])
    assert len(result.layers) == {"grouped": 1, "standard": 2}.get(name, 5)
    report, model = api.analyze(target, what_if=False), api.build(target)
    assert report.totals == result.after.totals
    assert model.count_params() == report.totals.params
    assert sum(weight.shape.num_elements() for weight in model.trainable_weights) == report.totals.trainable_params
    traced = trace(model)
    assert {row.path: row.cost.macs for row in report.rows if row.cost} == {
        row.path: traced.under(row.path) for row in report.rows
    }
    for row in report.rows:
        layer: keras.Model = model
        for part in row.path.split("/"):
            layer = layer.get_layer(part)
        assert layer.count_params() == row.params, row.path
        assert (
            tuple(layer.output.shape[1:] if len(row.calls) == 1 else row.calls[0].outputs[0][1:])
            == (row.calls[0].outputs[0][1:])
        )


@pytest.mark.parametrize("name", ["mobilenet_v1", "resnet50"])
def test_configs(name: str) -> None:
    path = ROOT / "configs" / f"{name}.yaml"
    report = api.analyze(path, what_if=False)
    with keras.StatelessScope(initialize_variables=False):
        model = api.build(path)
    assert model.count_params() == report.totals.params
    assert model.output_shape == (None, 1000)


NO_WORDS = ("return_attention_scores", "reverse", "has no words in a spec")
"""Arguments of a call, which Keras does not take among the settings; and what a spec cannot say."""
NOT_BUILT = ("TextVectorization", "Pipeline", "RandomShear", "Cell", "TimeDistributed", "MaxNumBoundingBoxes")
"""Kinds of which a spec tells too little, since the rest costs nothing: some of their cases cannot be made."""


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_kind_of_layer(case: Case, tmp_path: Path) -> None:
    if any(kind in type(case.layer).__name__ for kind in NOT_BUILT):
        return
    path = tmp_path / "spec.yaml"
    try:
        path.write_text(api.export(api.load(case.model)), encoding="utf-8")
        built = api.build(path)
    except ConvcostError as error:
        if any(why in str(error) for why in NO_WORDS):
            return
        raise
    assert built.count_params() == case.model.count_params()
    assert [tensor.shape for tensor in built.outputs] == [tensor.shape for tensor in case.model.outputs]


def test_open_sizes_stay_open(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "convcost: 1\ninput: [null, null, 3]\nblocks: {b: {layers: [{Conv2D: {filters: 4, kernel_size: 3}}, ReLU]}}\n"
        "layers: [{block: b}, {block: b, name: again}]\n"
    )
    model = api.build(path)
    assert model.output_shape == (None, None, None, 4)
    assert model.get_layer("again").input_shape == (None, None, None, 4)


def test_what_keras_refuses_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("convcost: 1\ninput: [8]\nlayers: [{RandomShear: {x_factor: 3.0}}]\n")
    with pytest.raises(ConvcostError) as refused:
        api.build(path)
    assert "\n" not in str(refused.value)


def test_the_command(tmp_path: Path, run: Callable[..., Result]) -> None:
    path, target = tmp_path / "spec.yaml", tmp_path / "out.keras"
    path.write_text("convcost: 1\nparameters: {n: 3}\ninput: [8]\nlayers: [{Dense: {units: n}}]\n")
    result = run("build", path, "--set", "n=5", "-o", target)
    assert (result.code, result.out) == (0, "")
    assert keras.models.load_model(target).output_shape == (None, 5)
    shape: Shape = profile(api.load(target)).rows[-1].calls[0].outputs[0]
    assert shape == (1, 5)
    assert "allowed: a name that ends in .keras" in run("build", path, "-o", tmp_path / "out.h5").err


def test_an_archive_can_be_built_again() -> None:
    model = everything()
    with pytest.raises(ConvcostError, match="layer 'gain'"):
        api.build(model)
