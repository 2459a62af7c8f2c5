"""As wide as costs the same: one step more would cost more, and what forbids it is named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost import api
from convcost.errors import ConvcostError
from convcost.layers.activations import ReLU
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.dense import Dense
from convcost.layers.merging import Add
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.layers.reshaping import Reshape
from convcost.model import Unknown
from convcost.profile import profile
from convcost.widening import ForbiddenError, widened, widest
from tests.building import chain, graph
from tests.conftest import Result


def conv(filters: int = 16, **others: object) -> Conv2D:
    return Conv2D(**{"filters": filters, "kernel_size": 3, "padding": "same"} | others)


@given(st.integers(1, 6000), st.integers(0, 3))
def test_widest_is_the_last_step_within(limit: int, offset: int) -> None:
    def cost(width: Fraction) -> int:
        return int(100 * width) + offset

    if cost(Fraction(1, 100)) > limit:
        with pytest.raises(ConvcostError, match="even a hundredth"):
            widest(cost, limit)
        return
    found = widest(cost, limit)
    assert cost(found) <= limit < cost(found + Fraction(1, 100))


def test_filters_are_multiplied_and_rounded_and_all_else_follows() -> None:
    model = chain(conv(20), DepthwiseConv2D(kernel_size=3), conv(24), ReLU(), GlobalAveragePooling2D(), Dense(units=10))
    wide = widened(model, profile(model), Fraction(3, 2))
    assert [row.calls[0].outputs[0][-1] for row in wide.rows] == [3, 32, 32, 40, 40, 40, 10]  # 30 -> 32, 36 -> 40


@pytest.mark.parametrize("name", ["conv_mobilenet", "vgg16", "resnet50"])
def test_a_step_more_costs_more(name: str, configs: Path) -> None:
    found = api.widen(configs / f"{name}.yaml")
    assert found.wide.totals.macs <= found.report.totals.macs
    assert found.narrow.totals.macs < found.wide.totals.macs
    model = api.load(configs / f"{name}.yaml")
    report = api.analyze(model)
    assert report.what_if is not None
    from convcost.variants import apply, parse

    narrow = apply(model, report, [parse("separable")])
    more = widened(narrow.model, report.what_if.report, Fraction(round(100 * found.value) + 1, 100))
    assert more.totals.macs > report.totals.macs


def test_the_parameter_of_a_spec(configs: Path) -> None:
    """MobileNet as wide as costs what "Conv MobileNet" does: alpha by the spec's own rounding."""
    path = configs / "conv_mobilenet.yaml"
    found = api.widen(path, parameter="alpha", variants=["mobilenet"], keep=["stem"])
    assert found.report.totals.macs == 4_867_293_184
    assert found.narrow.totals.macs == 568_740_352
    own = api.analyze(configs / "mobilenet_v1.yaml", parameters={"alpha": found.value}, what_if=False)
    assert found.wide.totals == own.totals
    more = api.analyze(configs / "mobilenet_v1.yaml", parameters={"alpha": found.value + 0.01}, what_if=False)
    assert own.totals.macs <= 4_867_293_184 < more.totals.macs


def test_heads_keep_their_filters() -> None:
    """Through the sum, both convolutions make the image that comes out."""
    nodes = {
        "body": (conv(16), [["input"]]),
        "left": (conv(3), [["body"]]),
        "right": (conv(3), [["body"]]),
        "sum": (Add(), [["left", "right"]]),
    }
    model = graph(nodes, ["sum"])
    rows = {row.path: row for row in widened(model, profile(model), Fraction(2)).rows}
    assert {path: row.calls[0].outputs[0][-1] for path, row in rows.items()} == {
        "input": 3, "body": 32, "left": 3, "right": 3, "sum": 3
    }  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            {"a": (conv(3), [["input"]]), "sum": (Add(), [["a", "input"]]), "b": (conv(), [["sum"]])},
            "'sum'",
        ),
        (
            {
                "a": (conv(8), [["input"]]),
                "fold": (Reshape(target_shape=(-1, 8)), [["a"]]),
                "b": (Dense(units=3), [["fold"]]),
            },
            "layer 'fold' reshapes to a fixed -1×8",
        ),
        (
            {"a": (conv(8), [["input"]]), "mystery": (Unknown("no rule"), [["a"]]), "b": (conv(), [["mystery"]])},
            "no rule knows layer 'mystery'",
        ),
        (
            {"first": (conv(8), [["input"]]), "a": (conv(8, groups=2), [["first"]]), "b": (conv(), [["a"]])},
            "layer 'a' has groups",
        ),
    ],
)
def test_fixed_sizes_are_refused_by_name(nodes: dict[str, object], said: str) -> None:
    model = graph(nodes, ["b"])
    with pytest.raises(ForbiddenError, match="cannot be widened") as refused:
        widened(model, profile(model), Fraction(2))
    assert said in str(refused.value)


def test_formats_agree(configs: Path, run: Callable[..., Result]) -> None:
    path = configs / "vgg16.yaml"
    data = json.loads(run("widen", path, "--metric", "params", "--format", "json").out)["widening"]
    assert data["wide"]["params"] <= data["totals"]["params"]
    rows = list(csv.DictReader(io.StringIO(run("widen", path, "--metric", "params", "--format", "csv").out)))
    assert [int(row["params"]) for row in rows] == [data[name]["params"] for name in ("totals", "narrow", "wide")]
    assert f"{data['value']:g} times as wide" in run("widen", path, "--metric", "params").out
    assert "| as it is |" in run("widen", path, "--format", "markdown").out
    assert "allowed: macs, flops, params, weight_bytes" in run("widen", path, "--metric", "time").err
    assert run("widen", path, "--parameter", "resolutoin").code == 2
