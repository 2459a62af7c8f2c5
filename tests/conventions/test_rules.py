"""Each tool's rule for each kind of layer, as products. All but tf-profiler's were printed by the tools themselves."""

from __future__ import annotations

from typing import Any

import pytest

from convcost.api import analyze
from convcost.conventions.tools import CONVENTIONS, under
from convcost.errors import ConvcostError
from convcost.layers import LAYERS
from convcost.model import Layer, Rule
from tests.building import chain, graph


def record(kind: str, **settings: Any) -> Rule:
    return LAYERS[kind](**settings)


def counted(name: str, rule: Rule, shape: tuple[int, ...]) -> int:
    """The figure that takes the place of MACs; "calflops FLOPs" is the second one."""
    tool, _, second = name.partition(" ")
    report = analyze(chain(rule, shape=shape), convention=tool)
    return report.totals.flops if second else report.totals.macs


IMAGE = (8, 10, 6)
N = 8 * 10 * 6
CONV = 9 * 6 * 4 * 80
CONV_BIAS = 80 * 4
OUTPUTS = 17 * 21  # of a 3×3 transposed convolution with strides 2
STEP = 4 * 7 * (5 + 7)  # an LSTM's

TOOLS = ("fvcore", "ptflops", "thop", "torchinfo", "calflops", "calflops FLOPs", "flop-counter", "tf-profiler")

#  kind, settings, input, what each of TOOLS counts
ROWS: list[tuple[str, dict[str, Any], tuple[int, ...], tuple[int, ...]]] = [
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same"},
        IMAGE,
        (CONV, CONV + CONV_BIAS, CONV, CONV + CONV_BIAS, CONV, 2 * CONV + CONV_BIAS, 2 * CONV, 2 * CONV + CONV_BIAS),
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "groups": 2, "use_bias": False},
        IMAGE,
        (*[CONV // 2] * 5, CONV, CONV, 0),
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 3, "padding": "same", "use_bias": False},
        IMAGE,
        (*[9 * N] * 5, 2 * 9 * N, 2 * 9 * N, 2 * 9 * N),
    ),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "use_bias": False},
        IMAGE,
        (*[9 * N + 4 * N] * 5, *[2 * (9 * N + 4 * N)] * 3),
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2},
        IMAGE,
        (
            CONV,
            CONV + OUTPUTS * 4,
            9 * 6 * 4 * OUTPUTS,
            (9 * 6 * 4 + 4) * OUTPUTS,
            CONV,
            2 * CONV + OUTPUTS * 4,
            2 * CONV,
            2 * 9 * 6 * 4 * OUTPUTS // 4 + OUTPUTS * 4,
        ),
    ),
    (
        "Conv3DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "use_bias": False},
        (4, 4, 4, 6),
        (
            27 * 6 * 4 * 64,
            27 * 6 * 4 * 64,
            27 * 6 * 4 * 9**3,
            27 * 6 * 4 * 9**3,
            27 * 6 * 4 * 64,
            2 * 27 * 6 * 4 * 64,
            2 * 27 * 6 * 4 * 64,
            0,
        ),
    ),
    (
        "Dense",
        {"units": 4},
        (5, 6),
        (5 * 24, 5 * (24 + 4), 5 * 24, 24 + 4, 5 * 24, 2 * 5 * 24, 2 * 5 * 24, 2 * 5 * 24 + 5 * 4),
    ),
    ("BatchNormalization", {}, IMAGE, (2 * N, 2 * N, 4 * N, 12, 0, 2 * N, 0, 2 * N + 6 * 6)),
    ("BatchNormalization", {"scale": False}, IMAGE, (2 * N, 2 * N, 4 * N, 12, 0, 2 * N, 0, 2 * N + 5 * 6)),
    ("BatchNormalization", {"scale": False, "center": False}, IMAGE, (N, N, 2 * N, 0, 0, N, 0, 2 * N + 6 * 6)),
    ("LayerNormalization", {"axis": 2}, IMAGE, (5 * N, N, 4 * N, 20, 0, 5 * N, 0, 9 * N + 4 * 48)),
    (
        "LayerNormalization",
        {"axis": 2, "scale": False, "center": False},
        IMAGE,
        (4 * N, N, 2 * N, 0, 0, 4 * N, 0, 6 * N + 5 * 48),
    ),
    ("GroupNormalization", {"groups": 2}, IMAGE, (5 * N, 2 * N, 0, 12, 0, 5 * N, 0, 6 * N + 3 * 6 + 4 * 2)),
    ("RMSNormalization", {"axis": 2}, IMAGE, (0, 0, 0, 10, 0, 0, 0, 4 * N + 3 * 48)),
    ("UnitNormalization", {}, IMAGE, (0, 0, 0, 0, 0, 0, 0, 3 * N + 2 * 80)),
    ("ReLU", {}, IMAGE, (0, 2 * N, 0, 0, 0, N, 0, 0)),
    ("ReLU", {"max_value": 6.0}, IMAGE, (0, N, 0, 0, 0, 0, 0, 0)),
    ("LeakyReLU", {}, IMAGE, (0, N, 0, 0, 0, N, 0, 0)),
    ("ELU", {}, IMAGE, (0, 2 * N, 0, 0, 0, N, 0, 0)),
    ("PReLU", {"shared_axes": (1, 2, 3)}, IMAGE, (0, 2 * N, N, 1, 0, N, 0, 4 * N)),
    ("Softmax", {}, (8, 6, 10), (0, N, 3 * N - 48, 0, 0, N, 0, 5 * N)),
    ("Activation", {"activation": "silu"}, IMAGE, (0, N, 0, 0, 0, N, 0, 2 * N)),
    ("Activation", {"activation": "swish"}, IMAGE, (0, N, 0, 0, 0, N, 0, 2 * N)),
    ("Activation", {"activation": "gelu"}, IMAGE, (0, 2 * N, 0, 0, 0, N, 0, 4 * N)),
    ("Activation", {"activation": "sigmoid"}, IMAGE, (0,) * 8),
    ("Activation", {"activation": "hard_swish"}, IMAGE, (0, 0, 0, 0, 0, 0, 0, 3 * N)),
    ("MaxPooling2D", {}, IMAGE, (0, 2 * N, 0, 0, 0, N, 0, N)),
    (
        "MaxPooling2D",
        {"pool_size": 3, "strides": 2, "padding": "same"},
        IMAGE,
        (0, 2 * N, 0, 0, 0, N, 0, 9 * 4 * 5 * 6),
    ),
    ("AveragePooling2D", {"pool_size": 2}, IMAGE, (0, 2 * N, N // 4, 0, 0, N, 0, N)),
    ("MaxPooling3D", {}, (4, 4, 4, 6), (0, 2 * 384, 0, 0, 0, 384, 0, 0)),
    ("GlobalAveragePooling2D", {}, IMAGE, (N, 2 * N, N + 6, 0, 0, N, 0, N)),
    ("GlobalAveragePooling1D", {}, (8, 6), (0, 2 * 48, 48 + 6, 0, 0, 48, 0, 48)),
    ("GlobalMaxPooling2D", {}, IMAGE, (0, 2 * N, 0, 0, 0, N, 0, 0)),
    ("UpSampling2D", {}, IMAGE, (4 * N, 2 * 4 * N, 4 * N, 0, 0, N, 0, 0)),
    ("UpSampling2D", {"interpolation": "bilinear"}, IMAGE, (4 * 4 * N, 2 * 4 * N, 11 * 4 * N, 0, 0, N, 0, 0)),
    ("UpSampling2D", {"interpolation": "bicubic"}, IMAGE, (0, 2 * 4 * N, 259 * 4 * N, 0, 0, N, 0, 0)),
    (
        "LSTM",
        {"units": 7},
        (11, 5),
        (
            0,
            11 * (STEP + 10 * 7 + 8 * 7),
            11 * (STEP + 8 * 7 + 8 * 7),
            11 * (STEP + 8 * 7),
            0,
            11 * (2 * STEP + 2 * 7 + 8 * 7),
            0,
            2 * STEP + 8 * 7 + 4 * 7,
        ),
    ),
    (
        "GRU",
        {"units": 7, "use_bias": False},
        (11, 5),
        (0, 11 * (252 + 49), 11 * (252 + 49), 11 * 252, 0, 11 * (2 * 252 + 7), 2 * 11 * 252, 2 * 252 + 8 * 7),
    ),
    (
        "SimpleRNN",
        {"units": 7},
        (11, 5),
        (
            0,
            11 * (84 + 7 + 14),
            11 * (84 + 7 + 14),
            11 * (84 + 14),
            0,
            11 * (2 * 84 - 7 + 14),
            2 * 11 * 84,
            2 * 84 + 7 + 7,
        ),
    ),
    ("Embedding", {"input_dim": 20, "output_dim": 7}, (11,), (0, 0, 0, 20 * 7, 0, 0, 0, 0)),
    ("Rescaling", {"scale": 2.0}, IMAGE, (0, 0, 0, 0, 0, 0, 0, 2 * N)),
    ("Dropout", {"rate": 0.5}, IMAGE, (0,) * 8),
]


@pytest.mark.parametrize(
    ("kind", "settings", "shape", "expected"), ROWS, ids=[f"{kind}{settings}" for kind, settings, *_ in ROWS]
)
def test_rule(kind: str, settings: dict[str, Any], shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    rule = record(kind, **settings)
    assert {tool: counted(tool, rule, shape) for tool in TOOLS} == dict(zip(TOOLS, expected, strict=True))


def test_a_fused_activation_counts_like_a_layer() -> None:
    fused = chain(record("Conv2D", filters=4, kernel_size=1, activation="relu"), shape=IMAGE)
    apart = chain(record("Conv2D", filters=4, kernel_size=1), record("ReLU"), shape=IMAGE)
    for name in CONVENTIONS:
        assert analyze(fused, convention=name).totals.cost == analyze(apart, convention=name).totals.cost


def test_wrappers_count_what_they_hold() -> None:
    lstm = record("LSTM", units=7)
    both = record("Bidirectional", layer=Layer("lstm", "LSTM", lstm, ()))
    dense = record("TimeDistributed", layer=Layer("dense", "Dense", record("Dense", units=7), ()))
    for tool in TOOLS:
        assert counted(tool, both, (11, 5)) == 2 * counted(tool, lstm, (11, 5))
        assert counted(tool, dense, (11, 5)) == 11 * counted(tool, record("Dense", units=7), (5,))


def test_attention() -> None:
    """The projections are dense layers; tf.profiler sees no product with the scores, and adds 5 FLOPs a softmax."""
    heads = record("MultiHeadAttention", num_heads=2, key_dim=4)
    projections, products, scores = 4 * 11 * 8 * 8, 2 * 11 * 11 * 8, 2 * 11 * 11
    model = graph({"heads": (heads, [["input", "input"]])}, ["heads"], {"input": (11, 8)})
    assert analyze(model, what_if=False).totals.macs == projections + products
    assert analyze(model, convention="paper").totals.macs == projections + products
    assert analyze(model, convention="fvcore").totals.macs == projections
    biases = 4 * 11 * 8
    assert analyze(model, convention="tf-profiler").totals.macs == 2 * projections + biases + (5 + 1) * scores


def test_an_unknown_convention() -> None:
    with pytest.raises(ConvcostError, match=r"'fvcor' is not known; did you mean 'fvcore'.*tf-profiler"):
        analyze(chain(record("Dense", units=1), shape=(3,)), convention="fvcor")


def test_under_names_the_tool() -> None:
    report = under(analyze(chain(record("Dense", units=1), shape=(3,))), CONVENTIONS["calflops"])
    assert report.figures == ("calflops MACs", "calflops FLOPs")
    assert report.what_if is None
