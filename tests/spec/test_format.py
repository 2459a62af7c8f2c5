"""What a spec says and what comes of it: names, reads, defaults, blocks, repeats, parameters."""

from __future__ import annotations

import inspect
import time
from pathlib import Path

import keras
import msgspec
import pytest
from keras.src.utils.naming import to_snake_case

from convcost.errors import ConvcostError
from convcost.layers import every_kind
from convcost.layers.base import IGNORED, IGNORED_ENDINGS
from convcost.layers.convolution import Conv2D
from convcost.layers.passing import InputLayer
from convcost.model import Model, Policy, Ref
from convcost.naming import snake_case
from convcost.profile import profile
from convcost.readers import read, yaml_spec
from convcost.report import Report
from tests.spec.conftest import Spec


def macs(model: Model) -> dict[str, int]:
    """MACs by path, of the layers that have any."""
    return {row.path: row.cost.macs for row in profile(model).rows if row.cost and row.cost.macs}


def paths(model: Model) -> list[str]:
    return [row.path for row in profile(model).rows]


def test_a_spec_becomes_a_model_that_knows_its_lines(spec: Spec) -> None:
    model = spec("convcost: 1\nname: net\ninput: [8, 8, 3]\nlayers:\n  - ReLU\n  - Flatten:\n  - Dense: {units: 5}\n")
    assert (model.name, model.format, Path(model.source).name) == ("net", "spec", "spec.yaml")
    assert [(layer.name, layer.kind, layer.line) for layer in model.layers] == [
        ("input", "InputLayer", 3),
        ("re_lu", "ReLU", 5),
        ("flatten", "Flatten", 6),
        ("dense", "Dense", 7),
    ]
    assert (model.inputs, model.outputs) == ((Ref("input"),), (Ref("dense"),))
    assert macs(model) == {"dense": 8 * 8 * 3 * 5}


def test_the_file_s_name_stands_in_for_a_missing_one(layers: Spec) -> None:
    assert layers("  - ReLU").name == "spec"


def test_unnamed_layers_are_named_as_keras_does(layers: Spec) -> None:
    model = layers("  - Conv2D: {filters: 1, kernel_size: 1}\n" * 3 + "  - {ReLU: , name: conv2d_3}\n  - PReLU\n")
    keras.backend.clear_session()
    ours = [layer.name for layer in model.layers[1:]]
    theirs = [keras.layers.Conv2D(1, 1).name for _ in range(3)]
    assert ours == [*theirs, "conv2d_3", keras.layers.PReLU().name]


def test_a_counted_name_steps_aside_for_a_given_one(layers: Spec) -> None:
    model = layers("  - ReLU\n  - ReLU\n  - {Flatten: , name: re_lu}\n  - {Flatten: , name: re_lu_2}\n")
    assert [layer.name for layer in model.layers[1:]] == ["re_lu_1", "re_lu_3", "re_lu", "re_lu_2"]


def test_every_kind_is_named_as_keras_does() -> None:
    assert {kind: snake_case(kind) for kind in every_kind()} == {kind: to_snake_case(kind) for kind in every_kind()}


def test_from_names_what_a_layer_reads(layers: Spec) -> None:
    model = layers(
        "  - {Conv2D: {filters: 3, kernel_size: 1}, name: a}\n"
        "  - {Conv2D: {filters: 3, kernel_size: 1}, name: b, from: input}\n"
        "  - {Add: , from: [a, b, input]}\n"
    )
    reads = {layer.name: [ref.layer for ref in layer.calls[0].inputs] for layer in model.layers}
    assert reads == {"input": [], "a": ["input"], "b": ["input"], "add": ["a", "b", "input"]}


def test_a_layer_is_called_again(spec: Spec) -> None:
    model = spec(
        "convcost: 1\ninputs: {left: [8, 8, 3], right: [4, 4, 3]}\nblocks: {b: {layers: [ReLU, Softmax]}}\nlayers:\n"
        "  - {Conv2D: {filters: 5, kernel_size: 1}, name: twin, from: left}\n"
        "  - {block: b}\n"
        "  - {call: twin, from: right}\n"
        "  - {call: b, name: again}\n"
        "outputs: [b, again]\n"
    )
    assert [(layer.name, [call.inputs for call in layer.calls]) for layer in model.layers[2:]] == [
        ("twin", [(Ref("left"),), (Ref("right"),)]),
        ("b", [(Ref("twin"),), (Ref("twin", 1),)]),
    ]
    assert model.outputs == (Ref("b"), Ref("b", 1))
    assert macs(model) == {"twin": (8 * 8 + 4 * 4) * 3 * 5}
    assert profile(model).totals.params == 3 * 5 + 5


def test_layers_and_blocks_with_several_outputs(spec: Spec) -> None:
    model = spec(
        "convcost: 1\ninput: [6, 4]\n"
        "blocks: {b: {layers: [ReLU, {Dense: {units: 3}, name: d}, {Softmax: , from: re_lu}], outputs: [d, softmax]}}\n"
        "layers:\n"
        "  - LSTM: {units: 5, return_state: true}\n"
        "  - {Concatenate: , from: [lstm, 'lstm:2', \"lstm:1\"]}\n"
        "  - {block: b, from: input}\n"
        "outputs: [concatenate, b, 'b:1']\n"
    )
    rows = {row.path: row.calls[0] for row in profile(model).rows}
    assert rows["concatenate"].inputs == ((1, 5), (1, 5), (1, 5))
    assert model.layers[2].calls[0].inputs == (Ref("lstm"), Ref("lstm", 0, 2), Ref("lstm", 0, 1))
    assert model.outputs == (Ref("concatenate"), Ref("b"), Ref("b", 0, 1))
    assert (rows["b/d"].outputs, rows["b/softmax"].outputs) == (((1, 6, 3),), ((1, 6, 4),))


def test_calls_of_a_large_block_are_capped_too(spec: Spec) -> None:
    blocks = "blocks: {b: {layers: [{repeat: 1000, layers: [ReLU]}]}}\n"
    text = f"convcost: 1\ninput: [3]\n{blocks}layers: [{{block: b}}, {{repeat: 1000, layers: [{{call: b}}]}}]\n"
    with pytest.raises(ConvcostError, match="allowed: 30,000"):
        spec(text)


def test_an_operation_is_an_item(layers: Spec) -> None:
    model = layers(
        "  - {ops.Mean: {axis: [1, 2], keepdims: true}}\n  - {ops.Multiply: {x2: 0.5}}\n"
        "  - {ops.Add: , from: [input, multiply]}\n"
    )
    assert [(layer.name, layer.kind) for layer in model.layers[1:]] == [
        ("mean", "ops.Mean"),
        ("multiply", "ops.Multiply"),
        ("add", "ops.Add"),
    ]
    assert [row.calls[0].outputs[0] for row in profile(model).rows[1:]] == [(1, 1, 1, 3), (1, 1, 1, 3), (1, 8, 8, 3)]


def test_several_inputs_and_outputs(spec: Spec) -> None:
    model = spec(
        "convcost: 1\ninputs:\n  image: [8, 8, 3]\n  tokens: {shape: [6], dtype: int32}\nlayers:\n"
        "  - {Flatten: , from: image}\n  - {Dense: {units: 4}, name: scores}\n  - {Dense: {units: 2}, from: tokens}\n"
        "outputs: [scores, dense]\n"
    )
    assert model.inputs == (Ref("image"), Ref("tokens"))
    assert model.outputs == (Ref("scores"), Ref("dense"))
    assert model.layers[1].policy == Policy("int32", "int32")
    assert macs(model) == {"scores": 8 * 8 * 3 * 4, "dense": 6 * 2}


def test_one_output_needs_no_list(spec: Spec) -> None:
    text = "convcost: 1\ninput: [3]\nlayers:\n  - {ReLU: , name: a}\n  - ReLU\noutputs: re_lu\n"
    assert spec(text).outputs == (Ref("re_lu"),)


def test_an_open_size_is_given_later(spec: Spec) -> None:
    model = spec("convcost: 1\ninput: [null, ~, 3]\nlayers: [{Conv2D: {filters: 4, kernel_size: 1}}]\n")
    assert model.layers[0].rule == InputLayer(batch_shape=(None, None, None, 3))
    assert profile(model, {"": (5, 7, 3)}).totals.macs == 5 * 7 * 3 * 4


def test_defaults_are_under_a_layer_s_own_settings(spec: Spec) -> None:
    model = spec(
        "convcost: 1\nparameters: {k: 5}\ninput: [8, 8, 3]\n"
        "defaults: {Conv2D: {kernel_size: k, padding: same, trainable: false, dtype: float16}}\n"
        "layers:\n  - Conv2D: {filters: 4}\n  - Conv2D: {filters: 4, kernel_size: 1, trainable: true}\n"
    )
    first, second = model.layers[1:]
    assert first.rule == Conv2D(filters=4, kernel_size=5, padding="same")
    assert second.rule == Conv2D(filters=4, kernel_size=1, padding="same")
    assert (first.trainable, second.trainable) == (False, True)
    assert first.policy == Policy("float16", "float16")


def test_settings_are_computed_as_their_type_wants_them(layers: Spec) -> None:
    model = layers(
        "  - Conv2D: {filters: 32 * alpha, kernel_size: [k, k - 2], padding: pad, activation: act, use_bias: bias}\n"
        "  - Resizing: {height: 1e1, width: 7.9, interpolation: nearest}\n"
        "  - ReLU: {max_value: 12 * 0.5}\n"
        "  - Rescaling: {scale: 1/4, offset: -1}\n",
        alpha=0.35,
        k=5,
        pad="same",
        act="relu",
        bias=False,
    )
    conv, resizing, relu, rescaling = (layer.rule for layer in model.layers[1:])
    assert conv == Conv2D(filters=11, kernel_size=(5, 3), padding="same", activation="relu", use_bias=False)
    assert (resizing.height, resizing.width, resizing.interpolation) == (10, 7, "nearest")
    assert relu.max_value == 6.0
    assert (rescaling.scale, rescaling.offset) == (0.25, -1)


def test_parameters_may_use_those_above_them(spec: Spec) -> None:
    text = "convcost: 1\nparameters: {alpha: 0.5, units: 64 * alpha, kind: relu}\ninput: [3]\n"
    text += "layers: [{Dense: {units: units + 0.9, activation: kind}}]\n"
    assert macs(spec(text)) == {"dense": 3 * 32}
    assert macs(spec(text, alpha=2)) == {"dense": 3 * 128}
    assert macs(spec(text, units=7)) == {"dense": 3 * 7}
    assert macs(spec(text, units="4 * 4")) == {"dense": 3 * 16}


def test_a_parameter_may_be_a_list(spec: Spec) -> None:
    text = "convcost: 1\nparameters: {kernel: [3, 1]}\ninput: [8, 8, 1]\n"
    text += "layers: [{Conv2D: {filters: 2, kernel_size: kernel, padding: same}}]\n"
    assert macs(spec(text)) == {"conv2d": 3 * 2 * 64}
    for kernel in ("[5, 1]", [5, 1], (5, 1)):
        assert macs(spec(text, kernel=kernel)) == {"conv2d": 5 * 2 * 64}


BLOCK = """
convcost: 1
parameters: {alpha: 0.5}
input: [8, 8, 4]
blocks:
  narrow:
    parameters: {filters: null, size: 3, wide: filters * 2}
    layers:
      - Conv2D: {filters: filters * alpha, kernel_size: size, padding: same}
      - Conv2D: {filters: 4, kernel_size: 1}
      - {Add: , from: [conv2d_1, input]}
layers:
"""


def test_a_block_is_a_nested_model_with_names_of_its_own(spec: Spec) -> None:
    model = spec(
        BLOCK + "  - {block: narrow, with: {filters: 2 * 8}, name: one}\n  - {block: narrow, with: {filters: 4}}\n"
    )
    assert paths(model) == [
        "input",
        *("one/conv2d", "one/conv2d_1", "one/add"),
        *("narrow/conv2d", "narrow/conv2d_1", "narrow/add"),
    ]
    assert macs(model) == {
        "one/conv2d": 9 * 4 * 8 * 64,
        "one/conv2d_1": 8 * 4 * 64,
        "narrow/conv2d": 9 * 4 * 2 * 64,
        "narrow/conv2d_1": 2 * 4 * 64,
    }
    assert [layer.kind for layer in model.layers] == ["InputLayer", "narrow", "narrow"]


def test_a_block_does_not_see_its_user_s_parameters(spec: Spec) -> None:
    text = "convcost: 1\nparameters: {n: 3}\ninput: [2]\nblocks:\n"
    text += "  inner: {layers: [{Dense: {units: n}}]}\n"
    text += "  outer: {parameters: {n: null}, layers: [{Dense: {units: n}}, {block: inner}]}\n"
    text += "layers: [{block: outer, with: {n: 5}}]\n"
    assert macs(spec(text)) == {"outer/dense": 2 * 5, "outer/inner/dense": 5 * 3}


def test_uses_of_a_block_that_differ_in_type_alone_are_told_apart(spec: Spec) -> None:
    text = "convcost: 1\ninput: [2]\nblocks:\n  b: {parameters: {x: null}, layers: [{Rescaling: {scale: x}}]}\n"
    text += "layers: [{block: b, with: {x: 1}}, {block: b, with: {x: true}}, {block: b, with: {x: 1.0}}]\n"
    scales = [layer.rule.layers[1].rule.scale for layer in spec(text).layers[1:]]
    assert [type(scale) for scale in scales] == [int, bool, float]


def test_a_block_with_several_inputs(spec: Spec) -> None:
    text = "convcost: 1\ninput: [8, 8, 4]\nblocks:\n"
    text += "  join:\n    inputs: [below, skip]\n    layers:\n"
    text += "      - {UpSampling2D: , from: below}\n      - {Concatenate: , from: [up_sampling2d, skip]}\n"
    text += "layers:\n  - {MaxPooling2D: , name: pool}\n  - {block: join, from: [pool, input]}\n"
    report = profile(spec(text))
    assert report.rows[-1].path == "join/concatenate"
    assert report.rows[-1].calls[0].outputs == ((1, 8, 8, 4 + 4),)


def test_a_repeat_without_a_name_writes_its_layers_in_a_row(layers: Spec) -> None:
    model = layers(
        "  - repeat: times\n    layers: [{Conv2D: {filters: 3, kernel_size: 1}}, ReLU]\n  - Flatten\n", times=2.7
    )
    assert paths(model) == ["input", "conv2d", "re_lu", "conv2d_1", "re_lu_1", "flatten"]


def test_a_repeat_without_a_name_reads_what_its_from_names(layers: Spec) -> None:
    model = layers(
        "  - {ReLU: , name: a}\n  - {Flatten: , name: b, from: input}\n"
        "  - {repeat: 2, from: a, layers: [Softmax]}\n  - {Flatten: , name: c}\n  - {Concatenate: , from: [b, c]}\n"
    )
    reads = {layer.name: [ref.layer for ref in layer.calls[0].inputs] for layer in model.layers}
    assert (reads["softmax"], reads["softmax_1"], reads["c"]) == (["a"], ["softmax"], ["softmax_1"])


def test_rounds_of_a_named_repeat_are_models_of_their_own(layers: Spec) -> None:
    model = layers(
        "  - {ReLU: , name: first}\n"
        "  - repeat: times\n    name: round\n    layers:\n"
        "      - {Conv2D: {filters: 3, kernel_size: 1}, name: a}\n      - {Add: , from: [a, input]}\n"
        "  - {Add: , from: [round, first]}\n",
        times=3,
    )
    assert paths(model) == [
        *("input", "first", "round1/a", "round1/add", "round2/a", "round2/add", "round3/a", "round3/add"),
        "add",
    ]
    reads = {layer.name: [ref.layer for ref in layer.calls[0].inputs] for layer in model.layers}
    assert reads["round1"] == ["first"] and reads["round2"] == ["round1"] and reads["add"] == ["round3", "first"]


@pytest.mark.parametrize("name", ["", ", name: round"])
def test_a_repeat_of_nothing_is_left_out(layers: Spec, name: str) -> None:
    model = layers(f"  - ReLU\n  - {{repeat: 0, layers: [Flatten]{name}}}\n  - Softmax\n")
    assert paths(model) == ["input", "re_lu", "softmax"]
    assert model.layers[2].calls[0].inputs == (Ref("re_lu"),)


def test_trainable_and_dtype_reach_into_blocks(spec: Spec) -> None:
    text = "convcost: 1\ndtype: mixed_float16\ninput: [4]\nblocks:\n"
    text += "  b: {layers: [{Dense: {units: 2, dtype: float64}}, {Dense: {units: 2, trainable: true}}]}\n"
    text += "layers: [{block: b}, {block: b, trainable: false, dtype: bfloat16}, {block: b, trainable: false}]\n"
    rows = profile(spec(text)).rows[1:]
    assert [(row.path, row.layer.policy.compute, row.trainable_params) for row in rows] == [
        ("b/dense", "float64", 4 * 2 + 2),
        ("b/dense_1", "float16", 2 * 2 + 2),
        ("b_1/dense", "float64", 0),
        ("b_1/dense_1", "bfloat16", 0),
        ("b_2/dense", "float64", 0),
        ("b_2/dense_1", "float16", 0),
    ]
    assert rows[1].layer.policy.variable == "float32"


def test_what_keras_takes_as_settings_may_stand_among_them(layers: Spec) -> None:
    model = layers("  - Dense: {units: 2, name: scores, trainable: false, dtype: float16, kernel_initializer: zeros}\n")
    assert (model.layers[1].name, model.layers[1].trainable) == ("scores", False)
    assert model.layers[1].policy == Policy("float16", "float16")


def test_a_layer_inside_another_is_an_item(layers: Spec) -> None:
    model = layers(
        "  - TimeDistributed: {layer: {Dense: {units: units}}}\n  - TimeDistributed: {layer: Flatten}\n", units=4
    )
    assert macs(model) == {"time_distributed": 8 * 8 * 3 * 4}


def test_every_setting_of_keras_is_known_or_ignored() -> None:
    """Where the kind has it under Keras's name, or it changes no cost; else a spec would refuse a correct layer."""
    unknown = {}
    for name, kind in every_kind().items():
        layer = getattr(keras.layers, name, None)
        if layer is None or name == "InputLayer":
            continue
        known = {field.encode_name for field in msgspec.structs.fields(kind)} | IGNORED
        arguments = inspect.signature(layer.__init__).parameters.values()
        missing = [
            argument.name
            for argument in list(arguments)[1:]
            if argument.kind not in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL)
            and argument.name not in known
            and not argument.name.endswith(IGNORED_ENDINGS)
        ]
        if missing:
            unknown[name] = missing
    assert unknown == {}


def test_json_is_a_spec_too(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"convcost": 1, "input": [3], "layers": [{"Dense": {"units": "2 * 2"}}]}')
    assert macs(read(path, {})) == {"dense": 3 * 4}


@pytest.mark.parametrize(
    ("name", "head", "ours"),
    [
        ("net.yaml", b"", True),
        ("net.yml", b"anything", True),
        ("net", b"# a comment\nconvcost: 1\n", True),
        ("net.json", b'{ "convcost": 1}', True),
        ("net.json", b'{"class_name": "Functional"}', False),
        ("net.keras", b"PK\x03\x04", False),
    ],
)
def test_which_files_are_specs(name: str, head: bytes, ours: bool) -> None:
    assert yaml_spec.accepts(Path(name), head) is ours


def test_ten_thousand_layers_take_seconds(layers: Spec) -> None:
    conv = (
        "  - Conv2D: {filters: 8 * alpha, kernel_size: 3, padding: same}\n    name: conv_%d\n  - BatchNormalization\n"
    )
    start = time.process_time()
    report: Report = profile(layers("".join(conv % number for number in range(5000)), alpha=1))
    assert len(report.rows) == 1 + 10_000
    assert time.process_time() - start < 3
