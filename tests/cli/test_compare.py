"""`convcost compare`: what it says, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result

Run = Callable[..., Result]
SEED = ("--in", 3, "--out", 128, "--k", 3, "--hw", 5)


def test_the_worked_example_is_explained_with_its_numbers(run: Run) -> None:
    result = run("compare", *SEED)
    assert (result.code, result.err) == (0, "")
    for said in (
        "3·3·3·128·5·5 = 86,400",
        "3·3·3·1·5·5 = 675",
        "1·1·3·128·5·5 = 9,600",
        "675 + 9,600 = 10,275",
        "(5,5,128)",
        "(5,5,3)",
        "3,584 against 30 + 512 = 542",
        "SeparableConv2D: 539",
        "86,400 / 10,275 = 8.41×",
        "1/128 + 1/9 = 0.1189, met exactly",
        "Ceiling: 9×",
        "1,143 filters",
        "saves 88.1 %",
    ):
        assert said in result.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--in", 16, "--out", 1, "--k", 3, "--hw", 8), "costs 1.11× as many MACs: 1 filter is too few"),
        (("--in", 16, "--out", 32, "--k", 1, "--hw", 8), "with k = 1 there is no window to separate"),
        (("--in", 16, "--out", 2, "--k", "1x2", "--hw", 8), "separable costs the same"),
        (("--in", 16, "--out", 16, "--k", 3, "--hw", 8, "--groups", 16), "depthwise already"),
        (("--in", 16, "--out", 16, "--k", 3, "--hw", 8, "--depth-multiplier", 8), "depth multiplier = 8"),
    ],
)
def test_it_says_when_separable_does_not_pay_and_why(run: Run, options: tuple[object, ...], said: str) -> None:
    assert said in run("compare", *options).out


def test_options_reach_the_layers(run: Run) -> None:
    options = ("--in", 64, "--out", 128, "--k", "3x5", "--hw", "56x28", "--stride", 2, "--no-bias", "--format", "json")
    data = json.loads(run("compare", *options).out)["comparison"]
    assert data["standard"]["output_shape"] == [28, 14, 128]
    assert data["standard"]["macs"] == 3 * 5 * 64 * 128 * 28 * 14
    assert data["standard"]["params"] == 3 * 5 * 64 * 128
    assert data["separable"]["macs"] == 3 * 5 * 64 * 28 * 14 + 64 * 128 * 28 * 14
    assert data["bound_is_met"] is True
    valid = json.loads(run("compare", *SEED, "--padding", "valid", "--format", "json").out)["comparison"]
    assert valid["standard"]["output_shape"] == [3, 3, 128]
    dilated = run("compare", *SEED, "--padding", "valid", "--dilation", 2, "--format", "json")
    assert json.loads(dilated.out)["comparison"]["standard"]["output_shape"] == [1, 1, 128]


def test_formats_and_files(run: Run, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(run("compare", *SEED, "--format", "csv").out)))
    assert ["standard", "Conv2D", "5x5x128", "3584", "86400"] in rows
    assert ["separable", "", "5x5x128", "542", "10275"] in rows
    assert "| separable |" in run("compare", *SEED, "--format", "markdown").out
    result = run("compare", *SEED, "-o", tmp_path / "a.json", "-o", f"csv:{tmp_path / 'b'}")
    assert "Verdict" in result.out
    assert json.loads((tmp_path / "a.json").read_text())["comparison"]["iso_cost_filters"] == 1143
    assert (tmp_path / "b").read_text().startswith("step,kind,")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*SEED, "--k", "0"), "--k: got '0'"),
        ((*SEED, "--k", "3x3x3"), "--k: got '3x3x3', allowed: one size such as 3, or two"),
        ((*SEED, "--hw", "five"), "--hw: got 'five'"),
        ((*SEED, "--padding", "full"), "padding"),
        ((*SEED, "--groups", 2), "does not divide"),
        ((*SEED, "--stride", 2, "--dilation", 2), "both above 1"),
        ((*SEED, "--padding", "valid", "--k", 7), "larger than the input's 5"),
        ((*SEED, "--format", "xml"), "format 'xml' is not known, allowed: csv, json, markdown, table"),
        ((*SEED, "-o", "x.xml"), "x.xml: no format has this suffix"),
        (("--in", 0, "--out", 1), "--in"),
        (("--in", 3), "--out"),
        ((*SEED, "--bogus"), "--bogus"),
    ],
)
def test_refusals(run: Run, options: tuple[object, ...], said: str) -> None:
    result = run("compare", *options)
    assert result.code == 2
    assert result.out == ""
    assert said in result.err
    assert "Traceback" not in result.err


def test_the_layer_as_every_variant(run: Run) -> None:
    """C = 32, N = 64, 3×3 on 10×10, no bias: MACs and params by the formula of each."""
    result = run("compare", "--in", 32, "--out", 64, "--k", 3, "--hw", 10, "--no-bias", "--format", "json")
    found = {one["variant"]: one for one in json.loads(result.out)["comparison"]["variants"]}
    assert found["separable"]["macs"] == 100 * 32 * (9 + 64)
    assert found["bsconv_u"]["macs"] == 100 * (32 * 64 + 9 * 64)
    assert found["bsconv_s"]["params"] == 8 * (32 + 64) + 9 * 64
    assert found["ghost"]["macs"] == 100 * (9 * 32 * 32 + 9 * 32)
    assert found["grouped"]["params"] == 9 * 32 * 64 // 2
    assert found["low_rank"]["params"] == 6 * (9 * 32 + 64)  # 32·73 // 352 = 6
    assert found["spatial"]["macs"] == 100 * 8 * (3 * 32 + 3 * 64)  # 32·73 // 288 = 8
    assert {one["weights"] for one in found.values()} == {"fitted", "initialised"}
    assert all(found[name]["weights"] == "fitted" for name in ("separable", "bsconv_u", "low_rank", "spatial"))
    pointwise = run("compare", "--in", 32, "--out", 64, "--k", 1, "--format", "json")
    assert json.loads(pointwise.out)["comparison"]["variants"] == []
