"""Following the shapes through a graph: nesting, sharing, what is not known, and what cannot be."""

from __future__ import annotations

import msgspec
import pytest

from convcost.errors import ConvcostError
from convcost.layers.activations import Activation, ReLU
from convcost.layers.convolution import Conv2D
from convcost.layers.dense import Dense
from convcost.layers.merging import Add, Concatenate, Dot
from convcost.layers.passing import InputLayer
from convcost.layers.reshaping import Flatten
from convcost.model import Layer, Model, Policy, Recorded, Ref, Unknown, Weight
from convcost.profile import profile
from convcost.report import Report
from tests.building import chain, graph


def conv(filters: int, **settings: object) -> Conv2D:
    return Conv2D(filters=filters, kernel_size=3, padding="same", **settings)


def macs(report: Report) -> dict[str, int | None]:
    return {row.path: row.cost.macs if row.cost else None for row in report.rows}


def test_rows_come_in_execution_order_with_their_products() -> None:
    report = profile(chain(conv(16), Flatten(), Dense(units=10), shape=(8, 8, 3)))
    assert macs(report) == {
        "input": 0,
        "conv2d_1": 3 * 3 * 3 * 16 * 8 * 8,
        "flatten_2": 0,
        "dense_3": 8 * 8 * 16 * 10,
    }
    assert report.totals.params == (3 * 3 * 3 * 16 + 16) + (8 * 8 * 16 * 10 + 10)


def test_a_shared_layer_is_one_row_with_the_macs_of_all_calls() -> None:
    nodes = {
        "shared": (conv(4), [["left"], ["right"]]),
        "cat": (Concatenate(axis=1), [["shared", "shared:1"]]),
    }
    report = profile(graph(nodes, ["cat"], {"left": (8, 8, 3), "right": (2, 8, 3)}))
    row = next(row for row in report.rows if row.path == "shared")
    assert row.cost and row.cost.macs == 3 * 3 * 3 * 4 * (8 * 8 + 2 * 8)
    assert row.params == 3 * 3 * 3 * 4 + 4
    assert [call.outputs for call in row.calls] == [((1, 8, 8, 4),), ((1, 2, 8, 4),)]
    assert report.totals.params == row.params


def test_nested_models_run_inline_and_show_in_paths() -> None:
    inner = chain(conv(5), ReLU(), shape=(None, None, 3), name="inner")
    report = profile(graph({"encoder": (inner, [["input"]]), "head": (conv(2), [["encoder"]])}, ["head"]))
    assert [row.path for row in report.rows] == ["input", "encoder/conv2d_1", "encoder/relu_2", "head"]
    assert report.totals.macs == 3 * 3 * 3 * 5 * 64 + 3 * 3 * 5 * 2 * 64


def test_a_nested_model_called_twice_counts_its_macs_twice_and_its_params_once() -> None:
    inner = chain(conv(5), name="inner")
    once = profile(graph({"m": (inner, [["input"]])}, ["m"])).totals
    twice = profile(graph({"m": (inner, [["input"], ["input"]]), "s": (Add(), [["m", "m:1"]])}, ["s"])).totals
    assert twice.macs == 2 * once.macs
    assert twice.params == once.params


def test_batch_multiplies_arithmetic_and_activations_never_weights() -> None:
    model = chain(conv(16), Flatten(), Dense(units=10, activation="relu"))
    one, seven = profile(model).totals, profile(model, batch=7).totals
    assert seven.macs == 7 * one.macs
    assert seven.flops == 7 * one.flops
    assert seven.cost.other == {category: 7 * flops for category, flops in one.cost.other.items()}
    assert seven.peak_activation_bytes == 7 * one.peak_activation_bytes
    assert (seven.params, seven.weight_bytes) == (one.params, one.weight_bytes)


def test_an_unknown_layer_is_a_row_and_totals_are_lower_bounds() -> None:
    unknown = Unknown("no rule for Secret of secrets", (Weight("kernel", (3, 7)),))
    report = profile(chain(conv(4), unknown, conv(2)))
    row = report.rows[2]
    assert (row.cost, row.params, row.reason) == (None, 21, "no rule for Secret of secrets")
    assert report.rows[3].cost is None
    assert "not known" in report.rows[3].reason
    assert not report.totals.complete
    assert report.totals.macs == 3 * 3 * 3 * 4 * 64
    assert [row.path for row in report.uncounted] == ["unknown_2", "conv2d_3"]


def test_the_shape_behind_an_unknown_layer_comes_from_the_file() -> None:
    model = chain(conv(4), Unknown("custom"), conv(2))
    told = msgspec.structs.replace(model, recorded={Ref("unknown_2"): Recorded((None, 4, 4, 6))})
    report = profile(told)
    assert macs(report)["conv2d_3"] == 3 * 3 * 6 * 2 * 4 * 4
    assert [row.path for row in report.uncounted] == ["unknown_2"]
    elsewhere = profile(told, {"": (16, 16, 3)})
    assert [row.path for row in elsewhere.uncounted] == ["unknown_2", "conv2d_3"]


def test_a_shape_in_the_file_that_the_rule_contradicts_is_a_warning_that_names_the_layer() -> None:
    model = msgspec.structs.replace(chain(conv(4)), recorded={Ref("conv2d_1"): Recorded((None, 8, 8, 5))})
    (warning,) = profile(model).warnings
    assert "'conv2d_1' (Conv2D)" in warning
    assert "(8, 8, 5)" in warning
    agreeing = msgspec.structs.replace(chain(conv(4)), recorded={Ref("conv2d_1"): Recorded((None, None, 8, 4))})
    assert profile(agreeing).warnings == ()


def test_an_open_input_names_the_first_layer_that_needs_it() -> None:
    model = chain(conv(4), shape=(None, None, 3))
    with pytest.raises(ConvcostError, match=r"'input' has the open shape .*'conv2d_1' \(Conv2D\).*--input-shape"):
        profile(model)
    assert profile(model, {"": (8, 8, 3)}).totals.macs == profile(chain(conv(4))).totals.macs


def test_input_shapes_go_by_name_where_there_are_several() -> None:
    model = graph({"sum": (Add(), [["a", "b"]])}, ["sum"], {"a": (None,), "b": (3,)})
    with pytest.raises(ConvcostError, match="2 inputs; give each its shape by name"):
        profile(model, {"": (3,)})
    with pytest.raises(ConvcostError, match="no input is named 'c'; the inputs are a, b"):
        profile(model, {"c": (3,)})
    assert profile(model, {"a": (3,)}).input_shapes == {"a": (3,), "b": (3,)}
    with pytest.raises(ConvcostError, match="'b' has 1 dimensions"):
        profile(model, {"a": (3,), "b": (3, 3)})


def test_a_layer_that_cannot_take_its_input_is_named() -> None:
    with pytest.raises(ConvcostError, match=r"chain: layer 'conv2d_1' \(Conv2D\): a window of 9 .* input's 8"):
        profile(chain(Conv2D(filters=1, kernel_size=9)))
    with pytest.raises(ConvcostError, match=r"groups is 2, which does not divide the input's 3 channels"):
        profile(chain(Conv2D(filters=2, kernel_size=1, groups=2)))


def test_inputs_that_a_rule_does_not_foresee_are_an_error_that_names_the_layer() -> None:
    with pytest.raises(ConvcostError, match=r"chain: layer 'dot_1' \(Dot\): it cannot take these inputs: \(8, 8, 3\)"):
        profile(chain(Dot(axes=1)))


def test_sizes_that_explode_are_refused() -> None:
    with pytest.raises(ConvcostError, match=r"input 'input' has more than 1e\+18 elements"):
        profile(chain(ReLU(), shape=(2,) * 20_000))
    with pytest.raises(ConvcostError, match=r"'conv2d_1' \(Conv2D\): it puts out a tensor of more than 1e\+18"):
        profile(chain(conv(10**18)))


def test_circles_and_dangling_references_are_errors() -> None:
    circle = graph({"a": (Add(), [["input", "b"]]), "b": (ReLU(), [["a"]])}, ["b"])
    with pytest.raises(ConvcostError, match="reads its own output"):
        profile(circle)
    with pytest.raises(ConvcostError, match="reads from 'ghost'"):
        profile(graph({"a": (ReLU(), [["ghost"]])}, ["a"]))


def test_layers_may_stand_in_any_order_in_the_file() -> None:
    nodes = {"last": (conv(2), [["first"]]), "first": (conv(4), [["input"]])}
    assert [row.path for row in profile(graph(nodes, ["last"])).rows] == ["input", "first", "last"]


def test_a_chain_of_ten_thousand_layers_does_not_recurse() -> None:
    report = profile(chain(*[Dense(units=3)] * 10_000, shape=(3,)))
    assert report.totals.macs == 10_000 * 3 * 3


def test_trainable_and_dtype_policy() -> None:
    model = chain(conv(4), conv(4))
    frozen = msgspec.structs.replace(model.layers[1], trainable=False, policy=Policy("float32", "float16"))
    model = msgspec.structs.replace(model, layers=(model.layers[0], frozen, model.layers[2]))
    report = profile(model)
    first, second = 3 * 3 * 3 * 4 + 4, 3 * 3 * 4 * 4 + 4
    assert report.totals.params == first + second
    assert report.totals.trainable_params == second
    assert report.totals.non_trainable_params == first
    assert report.rows[1].weight_bytes == 4 * first
    assert report.rows[1].activation_bytes == 2 * 8 * 8 * 4


def test_renaming_changes_nothing_but_names() -> None:
    nodes = {"a": (conv(4), [["input"]]), "b": (conv(4), [["a"]]), "c": (Add(), [["a", "b"]])}
    renamed = {"x/y": (conv(4), [["input"]]), "[/red]": (conv(4), [["x/y"]]), "": (Add(), [["x/y", "[/red]"]])}
    one, other = profile(graph(nodes, ["c"])), profile(graph(renamed, [""]))
    assert one.totals == other.totals
    assert [row.cost for row in one.rows] == [row.cost for row in other.rows]


def test_fused_activation_costs_what_the_layer_costs() -> None:
    for function in ("relu", "relu6", "silu", "softmax", "gelu"):
        fused = profile(chain(conv(4, activation=function))).totals.cost
        apart = profile(chain(conv(4), Activation(activation=function))).totals.cost
        assert fused == apart
        assert fused.other["activation"] > 0


def test_wrong_number_of_tensors_into_a_nested_model() -> None:
    inner = chain(ReLU())
    with pytest.raises(ConvcostError, match="is called with 2 tensors, it takes 1"):
        profile(graph({"m": (inner, [["input", "input"]])}, ["m"]))


def test_an_input_layer_without_a_shape_asks_for_one() -> None:
    layers = (Layer("input", "InputLayer", InputLayer(), chain().layers[0].calls),)
    model = Model("bare", layers, (Ref("input"),), (Ref("input"),), source="bare")
    with pytest.raises(ConvcostError, match="has no shape"):
        profile(model)
    assert profile(model, {"": (4, 4, 1)}).totals.macs == 0
