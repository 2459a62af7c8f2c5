"""`analyze --convention` and `explain` on the command line, in every format that shows them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from convcost.conventions.tools import CONVENTIONS
from tests.building import archive, entry, sequential
from tests.conftest import Result

Run = Callable[..., Result]

CONV = 9 * 3 * 4 * 64
DENSE = 8 * 8 * 4 * 10
ELEMENTS = 8 * 8 * 4


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A convolution with a batch normalization, a ReLU, and a dense layer."""
    entries = (
        entry("Conv2D", "conv", filters=4, kernel_size=[3, 3], padding="same"),
        entry("BatchNormalization", "normal"),
        entry("ReLU", "relu"),
        entry("Flatten", "flat"),
        entry("Dense", "head", units=10),
    )
    return archive(tmp_path / "net.keras", sequential(*entries, shape=[8, 8, 3]))


def test_the_table_is_named_as_the_tool_names_it(run: Run, model: Path) -> None:
    shown = run("analyze", model, "--convention", "fvcore", "--raw", "--flops").out.splitlines()
    assert shown[0].endswith(f"counted as by {CONVENTIONS['fvcore'].source}")
    assert "fvcore flops  share of fvcore flops" in shown[2]
    assert not any("MACs" in line or "separable" in line for line in shown)
    (conv,) = (line for line in shown if line.startswith("conv "))
    (normal,) = (line for line in shown if line.startswith("normal "))
    assert f"  {CONV:,}  " in conv
    assert f"  {2 * ELEMENTS:,}  " in normal
    assert shown[-3:] == ["How fvcore counts:", *(f"  {note}" for note in CONVENTIONS["fvcore"].notes)]
    totals = [line.split() for line in shown if line.startswith(("fvcore flops", "FLOPs"))]
    assert totals == [["fvcore", "flops", f"{CONV + 2 * ELEMENTS + DENSE:,}"], ["FLOPs", "—"]]


def test_a_tool_with_two_figures_has_both(run: Run, model: Path) -> None:
    data = json.loads(run("analyze", model, "--convention", "calflops", "--format", "json").out)
    assert (data["totals"]["macs"], data["what_if"]) == (CONV + DENSE, None)
    assert data["totals"]["flops"] == 2 * (CONV + DENSE) + ELEMENTS + 2 * ELEMENTS + ELEMENTS
    assert data["convention"] == {
        "name": "calflops",
        "source": "calflops 0.3.2",
        "figures": ["MACs", "FLOPs"],
        "notes": list(CONVENTIONS["calflops"].notes),
    }
    assert "calflops FLOPs" in run("analyze", model, "--convention", "calflops").out


def test_json_and_csv_have_no_flops_of_a_tool_that_prints_none(run: Run, model: Path) -> None:
    data = json.loads(run("analyze", model, "--convention", "thop", "--format", "json").out)
    assert data["convention"]["figures"] == ["MACs"]
    assert data["totals"]["macs"] == CONV + 4 * ELEMENTS + DENSE
    assert data["totals"]["flops"] is None
    assert {layer["flops"] for layer in data["layers"]} == {None}
    rows = list(csv.DictReader(io.StringIO(run("analyze", model, "--convention", "thop", "-f", "csv", "--flops").out)))
    assert [(row["macs"], row["flops"]) for row in rows[1:3]] == [(str(CONV), ""), (str(4 * ELEMENTS), "")]
    (one, _) = csv.DictReader(io.StringIO(run("analyze", model, model, "--convention", "thop", "-f", "csv").out))
    assert (one["macs"], one["flops"]) == (str(CONV + 4 * ELEMENTS + DENSE), "")


def test_several_models_and_markdown(run: Run, model: Path) -> None:
    for format_ in ("table", "markdown"):
        shown = run("analyze", model, model, "--convention", "thop", "--format", format_).out
        assert "thop MACs" in shown
        assert "separable" not in shown
    paper = run("analyze", model, "--convention", "paper", "--format", "markdown").out
    assert "Counted as by arXiv 1704.04861, section 3.1." in paper


def test_without_a_convention_nothing_tells_of_one(run: Run, model: Path) -> None:
    assert "convention" not in json.loads(run("analyze", model, "--format", "json").out)
    assert "counted as" not in run("analyze", model).out


def test_an_unknown_convention_is_refused(run: Run, model: Path) -> None:
    refused = run("analyze", model, "--convention", "torch-info")
    assert (refused.code, refused.out) == (2, "")
    assert "did you mean 'torchinfo'?" in refused.err


def test_explain_tells_every_difference(run: Run, model: Path) -> None:
    data = json.loads(run("explain", model, "--format", "json").out)
    assert data["model"]["input_shapes"] == {"input": [8, 8, 3]}
    assert data["coverage"]["uncounted_layers"] == []
    figures = {(one["tool"], one["figure"]): one for one in data["explanation"]}
    assert {tool for tool, _ in figures} == {"convcost", *CONVENTIONS} - {"paper"}
    for one in figures.values():
        assert one["count"] == CONV + DENSE + one["difference"]
        assert one["difference"] == sum(reason["amount"] for reason in one["reasons"])
    assert figures["ptflops", "MACs"]["reasons"] == [
        {"what": "batch normalization", "rule": "2 an element", "amount": 2 * ELEMENTS},
        {"what": "relu", "rule": "2 an element", "amount": 2 * ELEMENTS},
        {"what": "bias", "rule": "1 an output element", "amount": ELEMENTS},
        {"what": "dense bias", "rule": "1 an output element", "amount": 10},
    ]


def test_explain_in_rows(run: Run, model: Path) -> None:
    table = run("explain", model).out
    assert [line.split()[0] for line in table.splitlines() if line[:1].isalpha()] == [
        "net", "counted", "convcost", "convcost", "fvcore", "ptflops", "thop", "torchinfo", "calflops", "calflops",
        "flop-counter", "tf-profiler", "Counted",
    ]  # fmt: skip
    assert f"{CONV + DENSE:,}" in table
    markdown = run("explain", model, "--format", "markdown").out
    assert f"| thop MACs | {CONV + DENSE + 4 * ELEMENTS:,} | +{4 * ELEMENTS:,} |" in markdown
    rows = list(csv.DictReader(io.StringIO(run("explain", model, "--format", "csv").out)))
    assert rows[0] == {
        "tool": "convcost", "source": "", "figure": "MACs", "count": str(CONV + DENSE), "difference": "0",
        "what": "", "rule": "", "amount": "0",
    }  # fmt: skip
    assert sum(int(row["amount"]) for row in rows if row["tool"] == "torchinfo") == 4 * 64 + 8 + 10


def test_explain_takes_shapes_batches_and_parameters(run: Run, tmp_path: Path, configs: Path) -> None:
    path = archive(tmp_path / "open.keras", sequential(entry("Dense", "head", units=5), shape=[None]))
    assert run("explain", path).code == 2
    data = json.loads(run("explain", path, "--input-shape", "7", "--batch", 3, "--format", "json").out)
    assert data["explanation"][0]["count"] == 3 * 7 * 5
    half = json.loads(run("explain", configs / "mobilenet_v2.yaml", "--set", "alpha=0.5", "-f", "json").out)
    assert half["explanation"][0]["count"] < 300_774_272 // 2
    assert run("explain", path, "--input-shape", "7", "-o", tmp_path / "why.md").code == 0
    assert (tmp_path / "why.md").read_text().startswith("| counted by |")


def test_what_is_not_counted_is_said(run: Run, tmp_path: Path) -> None:
    layers = (entry("Dense", "known", units=5), entry("Secret", "odd", module="my.package"))
    path = archive(tmp_path / "custom.keras", sequential(*layers, shape=[7]))
    shown = run("explain", path).out
    assert "≥ 35" in shown
    assert "no rule for Secret of my.package" in shown
    assert json.loads(run("explain", path, "--format", "json").out)["coverage"]["uncounted_layers"] == ["odd"]


def test_the_name_of_an_activation_is_data(run: Run, tmp_path: Path) -> None:
    activation = entry("Activation", "act", activation="\x1b[31m|<b>")
    path = archive(tmp_path / "named.keras", sequential(activation, shape=[7]))
    for format_ in ("table", "markdown", "csv", "json"):
        shown = run("explain", path, "--format", format_).out
        assert "\x1b" not in shown
    assert "<b>" not in run("explain", path, "--format", "markdown").out


def test_a_narrow_terminal_folds_the_reasons(model: Path) -> None:
    from convcost.api import explain
    from convcost.formats import named, render
    from convcost.table import View

    shown = render(named("table"), "explanation", explain(model), View(width=80, terminal=True))
    drawn = shown[: shown.index("Counted as")]
    assert max(map(len, drawn.splitlines())) <= 80
    assert f"+{2 * ELEMENTS:,}" in drawn


def test_the_help_names_every_convention(run: Run) -> None:
    told = "".join(run("analyze", "--help").out.split())
    assert all(name in told for name in CONVENTIONS)
