"""`convcost sweep` from the command line: what is shown, cut, sorted and refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result

Run = Callable[..., Result]
GRID = ("--set", "alpha=0.25,0.5,1.0", "--set", "resolution=32:96:32")


@pytest.fixture
def spec(configs: Path) -> str:
    return str(configs / "mobilenet_v1.yaml")


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.out)))


def test_every_format_has_the_same_figures(run: Run, spec: str) -> None:
    shown = rows(run("sweep", spec, *GRID, "-f", "csv"))
    data = json.loads(run("sweep", spec, *GRID, "-f", "json").out)["sweep"]
    assert data["count"] == len(shown) == 9
    assert data["axes"][1] == {"of": "parameter", "name": "resolution", "values": [32, 64, 96]}
    table = run("sweep", spec, *GRID, "--raw").out
    for row, one in zip(shown, data["configurations"], strict=True):
        assert one["values"] == {"alpha": float(row["alpha"]), "resolution": int(row["resolution"])}
        assert {name: str(value) for name, value in one["totals"].items()}.items() <= row.items()
        line = next(line for line in table.splitlines() if line.split()[:2] == [row["alpha"], row["resolution"]])
        assert f" {int(row['macs']):,} " in line


def test_sorted_and_cut(run: Run, spec: str) -> None:
    shown = rows(run("sweep", spec, *GRID, "-f", "csv", "--sort", "macs:max", "--top", 4))
    figures = [int(row["macs"]) for row in shown]
    assert len(figures) == 4
    assert figures == sorted(figures, reverse=True)
    least = rows(run("sweep", spec, *GRID, "-f", "csv", "--sort", "resolution"))
    assert [row["resolution"] for row in least] == ["32"] * 3 + ["64"] * 3 + ["96"] * 3


def test_the_front(run: Run, spec: str) -> None:
    """At one resolution less width is less of both; wider is better only where the width is what is wanted."""
    front = ("-f", "csv", "--pareto", "macs,resolution:max", "--front")
    assert [(row["alpha"], row["resolution"]) for row in rows(run("sweep", spec, *GRID, *front))] == [
        ("0.25", "32"),
        ("0.25", "64"),
        ("0.25", "96"),
    ]
    marked = rows(run("sweep", spec, *GRID, "-f", "csv", "--pareto", "macs,params"))
    assert [row["alpha"] for row in marked if row["front"] == "True"] == ["0.25"]
    drawn = run("sweep", spec, *GRID, "--pareto", "macs,resolution:max").out
    assert drawn.count("●") == 3 + 3  # in the table and in the picture
    assert "9 configurations · 1 structure · 3 on the front" in drawn


def test_limits(run: Run, spec: str) -> None:
    shown = rows(run("sweep", spec, *GRID, "-f", "csv", "--max", "macs=5M", "--max", "params=500k"))
    assert {row["alpha"] for row in shown} == {"0.25"}
    assert all(int(row["macs"]) <= 5_000_000 for row in shown)


def test_what_is_not_valid_says_why(run: Run, configs: Path) -> None:
    result = run("sweep", configs / "vgg16.yaml", "--set", "resolution=16,32")
    assert result.code == 0
    assert "2 configurations · 1 structure · 1 not valid" in result.out
    assert "1  " in result.out.split("Not valid:")[1]
    assert "layer 'block5/max_pooling2d' (MaxPooling2D): a window of 2" in result.out


def test_saved_models(run: Run) -> None:
    """Sizes stand for images in the model's own channels."""
    sizes = rows(run("sweep", "docs/digits.keras", "--input-shape", "8:16:4", "-f", "csv"))
    shapes = rows(run("sweep", "docs/digits.keras", "--input-shape", "8x8x1,12x12x1,16x16x1", "-f", "csv"))
    assert [row["input"] for row in sizes] == ["8", "12", "16"]
    assert [row["input"] for row in shapes] == ["8x8x1", "12x12x1", "16x16x1"]
    assert [row["macs"] for row in sizes] == [row["macs"] for row in shapes]


def test_a_saved_model_has_no_parameters(run: Run) -> None:
    result = run("sweep", "docs/digits.keras", "--set", "alpha=1,2")
    assert result.code == 2
    assert result.err == "error: docs/digits.keras: it is no spec, and has no parameters; its input shapes can vary\n"


def test_no_what_if(run: Run, spec: str) -> None:
    assert "separable_macs" not in rows(run("sweep", spec, *GRID, "-f", "csv", "--no-separable"))[0]


def test_a_terminal_gets_at_most_so_many_rows(run: Run, spec: str) -> None:
    result = run("sweep", spec, "--set", "resolution=1:1200:1", "--set", "depth=0", "--no-separable")
    assert "1,200 configurations · 1 structure · 1,000 shown" in result.out
    assert len(rows(run("sweep", spec, "--set", "resolution=1:1200:1", "--no-separable", "-f", "csv"))) == 1200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "alpha"], "--set: got 'alpha', allowed: NAME=VALUES such as alpha=0.25,0.5"),
        (["--set", "alpha=1", "--set", "alpha=2"], "--set: alpha is given twice"),
        (["--set", "alhpa=1,2"], "no parameter is named 'alhpa'; did you mean 'alpha'?"),
        (["--set", "alpha=0:1"], "alpha: got '0:1', allowed: FIRST:LAST:STEP"),
        ([*GRID, "--pareto", "macs"], "--pareto: got 'macs', allowed: two metrics, such as macs,params"),
        ([*GRID, "--pareto", "macs,parms"], "--pareto: got 'parms'; did you mean 'params'?; allowed: macs, flops"),
        ([*GRID, "--pareto", "macs,alpha:most"], "--pareto: got 'alpha:most', allowed: alpha:min or alpha:max"),
        ([*GRID, "--front"], "--front goes with --pareto"),
        ([*GRID, "--sort", "size"], "--sort: got 'size'"),
        ([*GRID, "--max", "macs"], "--max: got 'macs'"),
        (["--input-shape", "a"], "--input-shape: got 'a', allowed: shapes such as 128x128x3,160x160x3"),
        (["--input-shape", "img=8x8x3"], "no input is named 'img'"),
    ],
    ids=str,
)
def test_refusals(run: Run, spec: str, options: list[str], message: str) -> None:
    result = run("sweep", spec, *options)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
