"""The separable what-if as laws, in integers."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost import api
from convcost.errors import ConvcostError
from convcost.layers.convolution import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    SeparableConv2D,
)
from convcost.layers.dense import Dense
from convcost.model import Model, Rule
from convcost.profile import profile
from convcost.separability import judged
from convcost.variants import apply, parse
from tests.building import chain

CONVOLUTIONS = {1: Conv1D, 2: Conv2D, 3: Conv3D}


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Rule, tuple[int, ...]]:
    """An ordinary or grouped convolution without bias, and an input that it takes."""
    rank = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 4))
    channels, filters = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 20))
    kernel = tuple(draw(st.integers(1, 5)) for _ in range(rank))
    strided = draw(st.booleans())
    rule = CONVOLUTIONS[rank](
        filters=filters,
        kernel_size=kernel,
        strides=draw(st.integers(1, 3)) if strided else 1,
        dilation_rate=1 if strided else draw(st.integers(1, 2)),
        padding=draw(st.sampled_from(["same", "valid"])),
        groups=groups,
        use_bias=False,
        data_format="channels_last",
    )
    spatial = tuple(draw(st.integers(10, 14)) for _ in range(rank))
    return rule, (*spatial, channels)


@given(convolutions())
def test_separable_by_standard_is_the_bound_exactly(case: tuple[Rule, tuple[int, ...]]) -> None:
    rule, shape = case
    assert isinstance(rule, Conv1D | Conv2D | Conv3D)
    row = judged(profile(chain(rule, shape=shape))).rows[1]
    assert row.cost and row.separable
    if row.separable.macs is None:
        assert prod(rule.kernel) == 1 or rule.groups == shape[-1]
        return
    law = rule.groups * (Fraction(1, rule.filters) + Fraction(1, prod(rule.kernel)))
    assert Fraction(row.separable.macs, row.cost.macs) == law
    assert row.separable.bound == pytest.approx(float(law))
    if rule.groups == 1:
        expected = "convertible" if law < 1 else "costs_same" if law == 1 else "costs_more"
        assert row.separable.verdict == expected
    else:
        assert row.separable.verdict == "grouped"


def converted(model: Model) -> Model:
    return apply(model, profile(model), [parse("separable")]).model


@given(st.lists(convolutions(), min_size=1, max_size=1))
def test_separable_of_separable_is_separable(cases: list[tuple[Rule, tuple[int, ...]]]) -> None:
    ((rule, shape),) = cases
    once = converted(chain(rule, shape=shape))
    assert converted(once) == once


@given(convolutions())
def test_what_if_totals_are_the_sum_of_what_the_rows_say(case: tuple[Rule, tuple[int, ...]]) -> None:
    rule, shape = case
    more = [Conv2D(filters=7, kernel_size=3, padding="same")] if len(shape) == 3 else []
    report = api.analyze(chain(rule, *more, shape=shape))
    assert report.what_if
    saved = sum(
        row.cost.macs - row.separable.macs
        for row in report.rows
        if row.cost and row.separable and row.separable.macs is not None and row.path in report.what_if.converted
    )
    assert report.totals.macs - report.what_if.report.totals.macs == saved
    for row in report.what_if.report.rows:
        assert row.path.split("/")[0] in {row.path for row in report.rows}


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (Conv2D(filters=128, kernel_size=3), "convertible"),
        (Conv2D(filters=1, kernel_size=3), "costs_more"),
        (Conv2D(filters=2, kernel_size=(1, 2)), "costs_same"),  # 1/2 + 1/2
        (Conv2D(filters=128, kernel_size=1), "pointwise"),
        (Conv2D(filters=8, kernel_size=3, groups=4), "already_separable"),  # 4 groups of 4 channels: depthwise
        (Conv2D(filters=8, kernel_size=3, groups=2), "grouped"),
        (DepthwiseConv2D(kernel_size=3), "already_separable"),
        (SeparableConv2D(filters=8, kernel_size=3), "already_separable"),
        (Conv2DTranspose(filters=8, kernel_size=3), "transposed"),
    ],
)
def test_verdicts(rule: Rule, verdict: str) -> None:
    row = api.analyze(chain(rule, shape=(8, 8, 4))).rows[1]
    assert row.separable and row.separable.verdict == verdict
    has_numbers = verdict in ("convertible", "costs_more", "costs_same", "grouped")
    assert (row.separable.macs is not None) == has_numbers


def test_what_is_no_convolution_has_no_verdict() -> None:
    assert api.analyze(chain(Dense(units=3), shape=(4,))).rows[1].separable is None


def test_only_convertible_layers_enter_the_what_if() -> None:
    report = api.analyze(
        chain(
            Conv2D(filters=64, kernel_size=3, padding="same"),
            Conv2D(filters=64, kernel_size=3, padding="same", groups=2),
            Conv2D(filters=1, kernel_size=3, padding="same"),
        )
    )
    assert report.what_if and report.what_if.converted == ("conv2d_1",)
    kinds = [row.kind for row in report.what_if.report.rows]
    assert kinds == ["InputLayer", "SeparableConv2D", "Conv2D", "Conv2D"]


def test_three_dimensions_and_causal_padding_become_two_layers() -> None:
    volume = api.analyze(chain(Conv3D(filters=16, kernel_size=3, padding="same", use_bias=False), shape=(4, 4, 4, 3)))
    assert volume.what_if
    assert [row.path for row in volume.what_if.report.rows] == ["input", "conv3d_1/conv3d", "conv3d_1/conv3d_1"]
    assert volume.what_if.report.totals.macs == 64 * (27 * 3 + 3 * 16)
    causal = api.analyze(chain(Conv1D(filters=16, kernel_size=5, padding="causal"), shape=(20, 3)))
    assert causal.what_if and causal.what_if.report.totals.macs == 20 * (5 * 3 + 3 * 16)


def test_the_worked_example() -> None:
    comparison = api.compare(3, 128, 3, 5)
    assert comparison.standard.macs == 3 * 3 * 3 * 128 * 5 * 5 == 86_400
    assert comparison.depthwise.macs == 3 * 3 * 3 * 1 * 5 * 5 == 675
    assert comparison.pointwise.macs == 1 * 1 * 3 * 128 * 5 * 5 == 9_600
    assert comparison.separable.macs == 675 + 9_600 == 10_275
    assert [part.output_shape for part in (comparison.standard, comparison.depthwise, comparison.pointwise)] == [
        (5, 5, 128),
        (5, 5, 3),
        (5, 5, 128),
    ]
    assert comparison.standard.params == 3 * 3 * 3 * 128 + 128 == 3_584
    assert comparison.depthwise.params == 3 * 3 * 3 + 3 == 30
    assert comparison.pointwise.params == 3 * 128 + 128 == 512
    assert comparison.fused_params == 27 + 3 * 128 + 128 == 539
    assert round(comparison.reduction_factor, 2) == 8.41
    assert round(comparison.bound, 4) == 0.1189
    assert comparison.bound_is_met
    assert comparison.ceiling == 9
    assert comparison.iso_cost_filters == 9 * (128 - 1) == 1_143
    assert comparison.verdict == "convertible"
    unbiased = api.compare(3, 128, 3, 5, use_bias=False)
    assert (unbiased.standard.params, unbiased.separable_params) == (3_456, 27 + 384)


@given(
    st.integers(1, 12),
    st.integers(1, 64),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["same", "valid"]),
)
def test_iso_cost_filters_are_the_most_that_the_price_buys(
    channels: int, filters: int, kernel: tuple[int, int], stride: int, m: int, padding: str
) -> None:
    options = {"strides": stride, "padding": padding, "depth_multiplier": m}
    comparison = api.compare(channels, filters, kernel, 16, **options)
    assert comparison.bound_is_met
    most = comparison.iso_cost_filters
    if most:
        assert api.compare(channels, most, kernel, 16, **options).separable.macs <= comparison.standard.macs
    assert api.compare(channels, most + 1, kernel, 16, **options).separable.macs > comparison.standard.macs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"padding": "causal"}, "padding"),
        ({"padding": "full"}, "padding"),
        ({"groups": 2}, "groups is 2, which does not divide the input's 3 channels"),
        ({"groups": 3, "filters": 128}, "groups is 3, which does not divide filters"),
        ({"strides": 2, "dilation_rate": 2}, "both above 1"),
        ({"kernel_size": 7, "padding": "valid"}, "a window of 7"),
        ({"kernel_size": (3, 3, 3)}, "kernel_size"),
        ({"strides": 0}, "strides"),
    ],
)
def test_refusals(settings: dict[str, object], message: str) -> None:
    arguments = {"in_channels": 3, "filters": 128, "kernel_size": 3, "size": 5} | settings
    with pytest.raises(ConvcostError, match=message):
        api.compare(**arguments)  # type: ignore[arg-type]
