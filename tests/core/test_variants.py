"""Variants: each published ratio as a law in integers, whole models, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from convcost import api, variants
from convcost.errors import ConvcostError
from convcost.layers.convolution import Conv1D, Conv2D, Conv3D
from convcost.model import Model
from convcost.profile import profile
from convcost.variants.base import totals
from tests.building import chain, graph


def conv(filters: int = 16, **settings: object) -> Conv2D:
    return Conv2D(**{"filters": filters, "kernel_size": 3, "padding": "same"} | settings)


Sizes = tuple[int, int, int, int, int, int, int]
"""C, N, kh, kw, input positions, output positions, and positions after the rows alone (a k×1 window)."""


def _rank(c: int, n: int) -> int:
    return min(c, max(4, -(-c // 4)))


MACS: dict[str, Callable[..., int]] = {
    "separable": lambda c, n, kh, kw, pi, po, pr: po * c * (kh * kw + n),
    "separable(m=3)": lambda c, n, kh, kw, pi, po, pr: po * 3 * c * (kh * kw + n),
    "mobilenet": lambda c, n, kh, kw, pi, po, pr: po * c * (kh * kw + n),
    "bsconv_u": lambda c, n, kh, kw, pi, po, pr: pi * c * n + po * kh * kw * n,
    "bsconv_s": lambda c, n, kh, kw, pi, po, pr: pi * _rank(c, n) * (c + n) + po * kh * kw * n,
    "inverted_residual(t=2)": lambda c, n, kh, kw, pi, po, pr: pi * c * 2 * c + po * 2 * c * (kh * kw + n),
    "low_rank(r=5)": lambda c, n, kh, kw, pi, po, pr: po * 5 * (kh * kw * c + n),
    "spatial(r=4)": lambda c, n, kh, kw, pi, po, pr: pr * kh * c * 4 + po * kw * 4 * n,
    "grouped(g=2)": lambda c, n, kh, kw, pi, po, pr: po * kh * kw * c * n // 2,
    "ghost": lambda c, n, kh, kw, pi, po, pr: po * (kh * kw * c * n // 2 + 9 * n // 2),
    "ghost(s=4,d=5)": lambda c, n, kh, kw, pi, po, pr: po * (kh * kw * c * n // 4 + 25 * n // 4 * 3),
}

PARAMS: dict[str, Callable[..., int]] = {
    "separable": lambda c, n, kh, kw: c * (kh * kw + n),
    "separable(m=3)": lambda c, n, kh, kw: 3 * c * (kh * kw + n),
    "mobilenet": lambda c, n, kh, kw: c * (kh * kw + n) + 4 * c,  # and a BatchNormalization
    "bsconv_u": lambda c, n, kh, kw: n * (c + kh * kw),
    "bsconv_s": lambda c, n, kh, kw: _rank(c, n) * (c + n) + kh * kw * n,
    "inverted_residual(t=2)": lambda c, n, kh, kw: 2 * c * (c + kh * kw + n) + 2 * 4 * 2 * c,
    "low_rank(r=5)": lambda c, n, kh, kw: 5 * (kh * kw * c + n),
    "spatial(r=4)": lambda c, n, kh, kw: 4 * (kh * c + kw * n),
    "grouped(g=2)": lambda c, n, kh, kw: kh * kw * c * n // 2,
    "ghost": lambda c, n, kh, kw: kh * kw * c * n // 2 + 9 * n // 2,
    "ghost(s=4,d=5)": lambda c, n, kh, kw: kh * kw * c * n // 4 + 25 * n // 4 * 3,
}


@pytest.mark.parametrize("written", MACS)
@given(
    channels=st.integers(1, 6).map(lambda half: 2 * half),
    filters=st.integers(1, 6).map(lambda quarter: 4 * quarter),
    kernel=st.tuples(st.integers(2, 5), st.integers(2, 5)),
    stride=st.integers(1, 2),
    padding=st.sampled_from(["same", "valid"]),
    layout=st.sampled_from(["channels_last", "channels_first"]),
)
def test_macs_and_params_are_the_published_formula(
    written: str, channels: int, filters: int, kernel: tuple[int, int], stride: int, padding: str, layout: str
) -> None:
    rule = conv(filters, kernel_size=kernel, strides=stride, padding=padding, data_format=layout, use_bias=False)
    shape = (1, 9, 11, channels) if layout == "channels_last" else (1, channels, 9, 11)
    stand_in = variants.parse(written).variant.stand_in(rule, shape)
    output = rule.output_shape(shape)
    height, width = output[1:3] if layout == "channels_last" else output[2:4]
    assume(padding == "same" or not written.startswith(("bsconv", "inverted")) or min(height, width) > 0)
    rows = height * 11  # a k×1 window with strides (s, 1) keeps the width
    macs, params = totals(stand_in, shape)
    assert macs == MACS[written](channels, filters, *kernel, 9 * 11, height * width, rows)
    assert params == PARAMS[written](channels, filters, *kernel)
    model = stand_in if isinstance(stand_in, Model) else chain(stand_in, shape=shape[1:])
    assert profile(model, {"": shape[1:]}).rows[-1].calls[0].outputs == (output,)


@pytest.mark.parametrize(("written", "ratio"), [("separable(m=2)", 2), ("separable", 1)])
def test_the_ratio_is_the_bound_in_one_and_three_dimensions(written: str, ratio: int) -> None:
    for kind, rank in ((Conv1D, 1), (Conv3D, 3)):
        rule = kind(filters=12, kernel_size=3, padding="same", use_bias=False)
        shape = (1, *(5,) * rank, 4)
        macs, _ = totals(variants.parse(written).variant.stand_in(rule, shape), shape)
        assert Fraction(macs, rule.cost(shape).macs) == ratio * (Fraction(1, 12) + Fraction(1, 3**rank))


def test_mobilenet_becomes_conv_mobilenet_and_back(configs: object) -> None:
    """arXiv 1704.04861, table 4: 4866 M (without the last dense layer's 1 M) against 569 M."""
    model = api.load(f"{configs}/mobilenet_v1.yaml")
    report = profile(model)
    assert report.totals.macs == 568_740_352
    standard = variants.apply(model, report, [variants.parse("standard")])
    assert len(standard.converted) == 13
    whole = profile(standard.model)
    assert whole.totals.macs == 4_867_293_184
    assert whole.totals.macs == profile(api.load(f"{configs}/conv_mobilenet.yaml")).totals.macs
    back = variants.apply(standard.model, whole, [variants.parse("mobilenet")], keep=["stem"])
    assert profile(back.model).totals.macs == 568_740_352
    assert profile(back.model).totals.params == report.totals.params
    stem_too = variants.apply(standard.model, whole, [variants.parse("mobilenet")])
    assert profile(stem_too.model).totals.macs == 559_445_248
    again = variants.apply(stem_too.model, profile(stem_too.model), [variants.parse("mobilenet")])
    assert (again.converted, again.model) == ((), stem_too.model)
    once_more = variants.apply(standard.model, whole, [variants.parse("standard")])
    assert (once_more.converted, once_more.model) == ((), standard.model)


def test_standard_leaves_pairs_alone_that_others_read() -> None:
    from convcost.layers.convolution import DepthwiseConv2D
    from convcost.layers.merging import Concatenate

    pair = {
        "depthwise": (DepthwiseConv2D(kernel_size=3, padding="same"), [["input"]]),
        "pointwise": (Conv2D(filters=8, kernel_size=1), [["depthwise"]]),
    }
    alone = graph(pair, ["pointwise"])
    done = variants.apply(alone, profile(alone), [variants.parse("standard")])
    assert [layer.name for layer in done.model.layers] == ["input", "pointwise"]
    assert profile(done.model).totals.macs == 3 * 3 * 3 * 8 * 64
    read = graph(pair | {"cat": (Concatenate(), [["pointwise", "depthwise"]])}, ["cat"])
    assert variants.apply(read, profile(read), [variants.parse("standard")]).converted == ()


def test_choices_go_by_glob_and_the_last_one_wins() -> None:
    model = chain(conv(8), conv(8), conv(8), conv(8))
    report = api.analyze(model, variants=["separable", "bsconv_u:*_2", "low_rank(r=1):conv2d_3"], keep=["*_4"])
    assert report.what_if
    rows = {row.path: row.kind for row in report.what_if.report.rows}
    assert rows["conv2d_1"] == "SeparableConv2D"
    assert [path for path in rows if path.startswith("conv2d_2/")] == ["conv2d_2/conv2d", "conv2d_2/depthwise_conv2d"]
    assert rows["conv2d_3/conv2d_1"] == "Conv2D"
    assert rows["conv2d_4"] == "Conv2D"
    assert report.what_if.variant == "separable bsconv_u:*_2 low_rank(r=1):conv2d_3"
    assert set(report.what_if.converted) == {"conv2d_1", "conv2d_2", "conv2d_3"}


def test_a_glob_converts_what_costs_more_as_well() -> None:
    model = chain(conv(1))
    assert api.analyze(model).what_if.converted == ()  # type: ignore[union-attr]
    named = api.analyze(model, variants=["separable:conv2d_1"]).what_if
    assert named
    assert named.report.totals.macs > profile(model).totals.macs


def test_what_cannot_be_is_refused_with_the_reason() -> None:
    report = api.analyze(chain(conv(9), conv(8)), variants=["grouped(g=4)"])
    assert report.what_if
    assert report.what_if.converted == ()
    assert report.what_if.refused["conv2d_1"] == "4 groups do not divide 3 channels and 9 filters"


def test_shared_layers_keep_their_calls() -> None:
    nodes = {"shared": (conv(8), [["a"], ["b"]])}
    model = graph(nodes, ["shared", "shared:1"], {"a": (8, 8, 4), "b": (6, 6, 4)})
    report = api.analyze(model, variants=["mobilenet"])
    assert report.what_if
    assert report.what_if.report.totals.macs == (64 + 36) * 4 * (9 + 8)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("seperable", "no variant 'seperable'; did you mean 'separable'?"),
        ("separable(m=0)", "Expected `int` >= 1"),
        ("separable(m=many)", "separable(m=many)"),
        ("separable(k=2)", "its settings: m"),
        ("standard(m=2)", "its settings: none"),
        ("grouped(g=1)", ">= 2"),
        ("separable(", "NAME[(key=value,…)][:GLOB]"),
        ("", "NAME[(key=value,…)][:GLOB]"),
        ("base", "no variant 'base'"),
        ("separable:nothing*", "'nothing*' names no layer"),
    ],
)
def test_refusals(written: str, said: str) -> None:
    with pytest.raises(ConvcostError) as refused:
        api.analyze(chain(conv()), variants=[written])
    assert said in str(refused.value)


def test_every_variant_says_its_formula_source_and_what_becomes_of_weights() -> None:
    assert set(variants.names()) == {
        "bsconv_s", "bsconv_u", "ghost", "grouped", "inverted_residual",
        "low_rank", "mobilenet", "separable", "spatial", "standard",
    }  # fmt: skip
    for name in variants.names():
        kind = variants.kind(name)
        assert kind.name == name
        assert kind.source.startswith("arXiv ")
        assert kind.weights in ("fitted", "initialised")
        assert kind.formula
