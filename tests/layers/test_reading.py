"""How layers that hold layers, and calls with settings of their own, come out of the JSON that Keras writes."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest

from convcost.errors import ConvcostError
from convcost.model import Unknown
from convcost.profile import profile
from convcost.readers.keras_config import model_of
from convcost.report import Report, Row


def dense(name: str = "dense", **settings: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "module": "keras.layers", "config": {"name": name, "units": 4, **settings}}


def wrapped(kind: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": kind, "module": "keras.layers", "config": {"name": "wrapper", **settings}}


def chain(*entries: dict[str, Any], shape: tuple[int, ...] = (5, 3)) -> Report:
    config = {"name": "chain", "layers": list(entries), "build_input_shape": [None, *shape]}
    return profile(model_of({"class_name": "Sequential", "config": config}, "model.keras"))


def last(*entries: dict[str, Any], shape: tuple[int, ...] = (5, 3)) -> Row:
    return chain(*entries, shape=shape).rows[-1]


def test_the_inner_layer_says_whether_it_is_trainable() -> None:
    """Keras ignores the wrapper's own flag."""
    frozen = last(wrapped("TimeDistributed", layer=dense(trainable=False), trainable=True))
    assert (frozen.params, frozen.trainable_params) == (3 * 4 + 4, 0)
    free = last(wrapped("TimeDistributed", layer=dense(trainable=True), trainable=False))
    assert (free.params, free.trainable_params) == (3 * 4 + 4, 3 * 4 + 4)


def test_the_leaves_of_an_inner_model_say_whether_they_are_trainable() -> None:
    frozen, free = dense("frozen", trainable=False), dense("free", trainable=True)
    stack = {"class_name": "Sequential", "config": {"name": "stack", "trainable": False, "layers": [frozen, free]}}
    row = last(wrapped("TimeDistributed", layer=stack))
    assert (row.params, row.trainable_params) == (3 * 4 + 4 + 4 * 4 + 4, 4 * 4 + 4)


def test_the_inner_layer_has_its_own_dtype() -> None:
    row = last(wrapped("TimeDistributed", layer=dense(dtype="float16"), dtype="float32"))
    assert row.weight_bytes == 2 * (3 * 4 + 4)


def test_a_bidirectional_of_keras_2_names_one_layer() -> None:
    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 4, "time_major": False, "implementation": 2}}
    row = last({"class_name": "Bidirectional", "config": {"name": "both", "layer": lstm, "merge_mode": "concat"}})
    assert row.calls[0].outputs == ((1, 8),)
    assert row.params == 2 * 4 * (3 * 4 + 4 * 4 + 4)


def test_time_major_is_refused() -> None:
    lstm = {"class_name": "LSTM", "config": {"name": "lstm", "units": 4, "time_major": True}}
    with pytest.raises(ConvcostError, match=r"model.keras: layer 'lstm' \(LSTM\): time_major is true, allowed: false"):
        last(lstm)


@pytest.mark.parametrize(
    "inner",
    [
        {"class_name": "Lambda", "module": "keras.layers", "config": {"name": "inside"}},
        {"class_name": "Mine", "module": "my_package", "config": {"name": "inside"}},
        {
            "class_name": "Sequential",
            "module": "keras",
            "config": {"name": "stack", "layers": [dense(), {"class_name": "Mine", "config": {"name": "inside"}}]},
        },
    ],
)
def test_what_holds_an_unknown_layer_is_unknown(inner: dict[str, Any]) -> None:
    report = chain(wrapped("TimeDistributed", layer=wrapped("TimeDistributed", layer=inner)), shape=(5, 6, 3))
    row = report.rows[-1]
    assert isinstance(row.layer.rule, Unknown)
    assert row.cost is None
    assert not report.totals.complete


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"layer": 5}, "Expected `object`, got `int` - at `$.layer`"),
        ({"layer": None}, "Expected `object`, got `null` - at `$.layer`"),
        ({"layer": [dense()]}, "Expected `object`, got `array` - at `$.layer`"),
        ({"layer": {"class_name": "Dense", "config": 5}}, "a layer is dict, allowed: an object with class_name"),
        ({}, "Expected `object`, got `null` - at `$.layer`"),
    ],
)
def test_a_wrapper_without_a_layer_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConvcostError) as refusal:
        last(wrapped("TimeDistributed", **settings))
    assert complaint in str(refusal.value)


def test_layers_nested_too_deep_are_refused() -> None:
    entry = dense()
    for _ in range(400):
        entry = wrapped("TimeDistributed", layer=entry)
    with pytest.raises(ConvcostError, match="layers are nested more than 32 deep"):
        last(entry)


def test_models_in_wrappers_in_models_take_no_time() -> None:
    """The work grows with the depth, not with its power."""
    entry = dense()
    for level in range(14):
        stack = {"class_name": "Sequential", "config": {"name": f"stack{level}", "layers": [entry]}}
        entry = {"class_name": "TimeDistributed", "config": {"name": f"wrapper{level}", "layer": stack}}
    started = perf_counter()
    row = last(entry, shape=(*(2,) * 14, 3))
    assert perf_counter() - started < 5
    assert row.cost is not None and row.cost.macs == 2**14 * 3 * 4


@pytest.mark.parametrize(
    ("entry", "shape", "complaint"),
    [
        (wrapped("TimeDistributed", layer=dense()), (3,), "allowed: 2 or more (steps first)"),
        (wrapped("SpectralNormalization", layer={"class_name": "ReLU", "config": {}}), (3,), "has no kernel"),
        (wrapped("Bidirectional", layer=dense()), (5, 3), "it holds layer 'dense' (Dense), allowed: a recurrent layer"),
        (wrapped("StackedRNNCells", cells=[]), (3,), "cells is empty"),
        (wrapped("GroupNormalization", groups=4), (5, 6), "groups is 4, which does not divide the input's 6 channels"),
        (wrapped("EinsumDense", equation="a,b", output_shape=3), (3,), "equation is 'a,b', allowed: ab,bc->ac"),
        (wrapped("EinsumDense", equation="ab,bc->ac", output_shape=3), (3, 3), "its input has 3 dimensions"),
        (wrapped("EinsumDense", equation="ab,bc->ac", output_shape=[None]), (3,), "does not tell the size of 'c'"),
        (wrapped("EinsumDense", equation="ab,bc->ac", output_shape=3, bias_axes="z"), (3,), "bias_axes is 'z'"),
        (wrapped("EinsumDense", equation="abc,cd->abd", output_shape=[4, 3]), (5, 3), "'b' of 'abc,cd->abd' is 5 in"),
        (wrapped("MultiHeadAttention", num_heads=2, key_dim=4), (5, 3), "it takes 1 tensors, allowed: query and"),
        (wrapped("Discretization"), (3,), "neither bin_boundaries nor num_bins is given"),
    ],
)
def test_shapes_and_settings_that_do_not_fit(entry: dict[str, Any], shape: tuple[int, ...], complaint: str) -> None:
    with pytest.raises(ConvcostError) as refusal:
        last(entry, shape=shape)
    assert complaint in str(refusal.value)
    assert "layer 'wrapper'" in str(refusal.value)


def test_text_of_any_length_is_no_refusal_but_an_unknown_row() -> None:
    embedding = {"class_name": "Embedding", "config": {"name": "table", "input_dim": 10, "output_dim": 4}}
    report = chain(wrapped("TextVectorization"), embedding, shape=(1,))
    text, table = report.rows[-2:]
    assert text.reason.startswith("output_sequence_length is not set")
    assert table.cost is None
    assert not report.totals.complete


def test_a_call_may_have_settings_of_its_own() -> None:
    """One layer embeds, and called with reverse=True projects back."""

    def tensor(layer: str, call: int, shape: list[int | None]) -> dict[str, Any]:
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": shape, "dtype": "float32", "keras_history": [layer, call, 0]},
        }

    table = {
        "class_name": "ReversibleEmbedding",
        "module": "keras.layers",
        "config": {"name": "table", "input_dim": 10, "output_dim": 4},
        "inbound_nodes": [
            {"args": [tensor("tokens", 0, [None, 7])], "kwargs": {}},
            {"args": [tensor("table", 0, [None, 7, 4])], "kwargs": {"reverse": True}},
        ],
    }
    tokens = {
        "class_name": "InputLayer",
        "module": "keras.layers",
        "config": {"name": "tokens", "batch_shape": [None, 7]},
    }
    config = {
        "name": "tied",
        "layers": [{**tokens, "inbound_nodes": []}, table],
        "input_layers": [["tokens", 0, 0]],
        "output_layers": [["table", 1, 0]],
    }
    row = profile(model_of({"class_name": "Functional", "config": config}, "tied.keras")).rows[-1]
    assert [call.outputs for call in row.calls] == [((1, 7, 4),), ((1, 7, 10),)]
    assert row.cost is not None and row.cost.macs == 7 * 4 * 10
    assert row.params == 10 * 4


@pytest.mark.parametrize(
    ("dtype", "weight_bytes"),
    [
        ("float32", 4 * (3 * 6 + 6)),
        ("mixed_float16", 4 * (3 * 6 + 6)),
        ("bfloat16", 2 * (3 * 6 + 6)),
        ("int8_from_float32", 3 * 6 + 4 * 6 + 4 * 6),
        ("int4/-1_from_bfloat16", 3 * 3 + 2 * 6 + 2 * 6),
        ({"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}, 18 + 24 + 24),
        (
            {"class_name": "Int4DTypePolicy", "config": {"mode": "int4/2", "source_name": "float32"}},
            3 * 3 + 4 * 6 + 4 * 2 * 6 + 2 * 6 + 4 * 3,  # packed kernel, bias, scales, zero points, group indices
        ),
        (
            {
                "class_name": "QuantizedFloat8DTypePolicy",
                "config": {"mode": "float8", "source_name": "float32", "amax_history_length": 16},
            },
            4 * (3 * 6 + 6) + 3 * 4 * (1 + 16),
        ),
        ({"class_name": "DTypePolicyMap", "config": {"default_policy": "float16", "policy_map": {}}}, 2 * (3 * 6 + 6)),
        ("nonsense_from_float32", 4 * (3 * 6 + 6)),
    ],
)
def test_a_dtype_policy_says_what_is_kept_of_a_kernel(dtype: Any, weight_bytes: int) -> None:
    row = last(dense(units=6, dtype=dtype), shape=(3,))
    assert row.weight_bytes == weight_bytes
    assert row.cost is not None and row.cost.macs == 3 * 6
