"""Times in every command and format that shows them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convcost import api, formats, units
from convcost.layers.convolution import Conv2D
from convcost.model import Unknown
from convcost.readers.device_yaml import known
from convcost.table import View
from tests.building import archive, chain, entry, sequential
from tests.conftest import Result

Run = Callable[..., Result]

MACS = 3 * 3 * 4 * 32 * 16 * 16
BYTES = 4 * (16 * 16 * 4 + 3 * 3 * 4 * 32 + 32 + 16 * 16 * 32)
SECONDS = BYTES / 1e6

BOARD = """\
convcost_device: 1
name: board
title: A board
date: 2026-11-24
notes: Made for tests.
macs_per_second:
  float32:
    all: {value: 1.0e9, origin: derived, source: a product}
bytes_per_second:
  all: {value: 1.0e6, origin: vendor, source: a sheet}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    layers = [
        entry("Conv2D", "conv", filters=32, kernel_size=[3, 3], padding="same"),
        entry("BatchNormalization", "norm", axis=-1),
        entry("MaxPooling2D", "pool"),
        entry("Flatten", "flat"),
        entry("Dense", "head", units=2),
    ]
    return archive(tmp_path / "net.keras", sequential(*layers, shape=[16, 16, 4]))


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.yaml"
    path.write_text(BOARD)
    return path


def test_json_has_the_device_and_an_estimate_of_everything(run: Run, model: Path, board: Path) -> None:
    result = run("analyze", model, "--device", board, "--format", "json")
    assert result.code == 0
    data = json.loads(result.out)
    assert data["device"]["name"] == "board"
    assert data["device"]["dtypes"] == ["float32"]
    assert data["device"]["figures"]["macs_per_second.float32.all"] == {
        "value": 1e9,
        "origin": "derived",
        "source": "a product",
    }
    layers = {layer["name"]: layer["estimate"] for layer in data["layers"]}
    conv = layers["conv"]
    assert conv["seconds"] == pytest.approx(SECONDS)
    assert (conv["bytes_moved"], conv["limited_by"], conv["fused_into"]) == (BYTES, "memory", None)
    assert conv["intensity"] == pytest.approx(2 * MACS / BYTES)
    (operation,) = conv["operations"]
    assert (operation["kind"], operation["dtype"], operation["macs"]) == ("convolution", "float32", MACS)
    assert (operation["macs_per_second"], operation["origin"]) == (1e9, "derived")
    assert layers["norm"]["fused_into"] == "conv" and layers["norm"]["operations"] == []
    assert layers["norm"]["seconds"] == 0
    assert sum(one["seconds"] for one in layers.values()) == pytest.approx(data["totals"]["estimate"]["seconds"])
    assert sum(one["share"] for one in layers.values()) == pytest.approx(1)
    assert data["totals"]["estimate"]["complete"] is True
    gained = data["what_if"]["estimate"]
    assert gained["speed_up"] == pytest.approx(data["totals"]["estimate"]["seconds"] / gained["seconds"])
    assert gained["parts"] is True and gained["no_faster"] == ["conv"]
    assert "the estimated speed-up on board is" in result.err and "than the" in result.err


def test_without_a_device_nothing_is_added(run: Run, model: Path) -> None:
    data = json.loads(run("analyze", model, "--format", "json").out)
    assert "device" not in data
    assert all("estimate" not in one for one in (data["totals"], data["what_if"], *data["layers"]))
    header = next(csv.reader(io.StringIO(run("analyze", model, "--format", "csv").out)))
    assert "estimated_seconds" not in header


def test_csv_has_raw_seconds(run: Run, model: Path, board: Path) -> None:
    rows = {
        row["path"]: row
        for row in csv.DictReader(io.StringIO(run("analyze", model, "--device", board, "-f", "csv").out))
    }
    conv = rows["conv"]
    assert float(conv["estimated_seconds"]) == pytest.approx(SECONDS)
    assert int(conv["bytes_moved"]) == BYTES
    assert conv["limited_by"] == "memory"
    assert float(conv["estimated_speed_up"]) < 1
    assert conv["bound"] and conv["verdict"] == "convertible"  # those of the separable twin stay
    assert rows["norm"]["estimated_seconds"] == ""


def test_the_table_names_its_basis(run: Run, model: Path, board: Path) -> None:
    out = run("analyze", model, "--device", board).out
    for said in (
        "est. time",
        "share of time",
        "FLOP/B",
        "fused",
        "estimated time",
        "Estimate, not a measurement, for board (A board), profile of 2026-11-24.",
        "1.00 GMAC/s (derived) for convolution, dense; the profile has one ceiling for all kinds.",
        "Memory: 1.00 MB/s (vendor).",
        "Made for tests.",
        "Estimated to be no faster:\n  conv: ",
    ):
        assert said in out


def test_markdown_has_the_times(run: Run, model: Path, board: Path) -> None:
    out = run("analyze", model, "--device", board, "--format", "markdown").out
    assert "| estimated time |" in out
    assert "est. time |" in out
    assert "\n- Made for tests.\n" in out
    assert "\n- Estimated to be no faster:\n- conv: " in out
    assert "\\n" not in out


def test_sums_of_nested_models_have_the_time_of_what_they_hold(run: Run, board: Path, configs: Path) -> None:
    options = ("--device", board, "--set", "resolution=64", "--format", "csv", "--no-separable")
    whole = csv.DictReader(io.StringIO(run("analyze", configs / "mobilenet_v1.yaml", *options, "--depth", 1).out))
    leaves = csv.DictReader(io.StringIO(run("analyze", configs / "mobilenet_v1.yaml", *options).out))
    seconds = [[float(row["estimated_seconds"] or 0) for row in rows] for rows in (whole, leaves)]
    assert sum(seconds[0]) == pytest.approx(sum(seconds[1]))
    assert len(seconds[0]) < len(seconds[1])


def test_the_slowest_come_first(run: Run, model: Path, board: Path) -> None:
    options = ("--device", board, "--sort", "seconds", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(run("analyze", model, *options).out)))
    seconds = [float(row["estimated_seconds"] or 0) for row in rows]
    assert seconds == sorted(seconds, reverse=True) and seconds[0] > 0
    refused = run("analyze", model, "--sort", "seconds")
    assert refused.code == 2 and "--sort seconds goes with --device" in refused.err


def test_several_models_have_a_time_each(run: Run, model: Path, board: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("analyze", model, model, "--device", board, "-f", "csv").out)))
    assert len({row["estimated_seconds"] for row in rows}) == 1
    assert float(rows[0]["estimated_seconds"]) > SECONDS
    for shown in ("table", "markdown"):
        out = run("analyze", model, model, "--device", board, "--format", shown).out
        assert "estimated time" in out and "Estimate, not a measurement, for board" in out


@pytest.mark.parametrize("shown", ["table", "markdown"])
def test_variants_have_a_time_and_a_speed_up(run: Run, model: Path, board: Path, shown: str) -> None:
    out = run("variants", model, "--device", board, "--variant", "separable", "--format", shown).out
    assert "est. speed-up" in out.replace("\\", "")
    assert "0.9" in out


def test_variants_in_json_and_csv(run: Run, model: Path, board: Path) -> None:
    data = json.loads(run("variants", model, "--device", board, "--variant", "separable", "-f", "json").out)
    (variant,) = data["variants"]
    assert variant["estimate"]["speed_up"] == pytest.approx(
        data["totals"]["estimate"]["seconds"] / variant["estimate"]["seconds"]
    )
    rows = list(csv.DictReader(io.StringIO(run("variants", model, "--device", board, "-f", "csv").out)))
    assert float(rows[0]["estimated_seconds"]) == pytest.approx(data["totals"]["estimate"]["seconds"])


def test_a_layer_without_an_estimate_makes_the_total_a_lower_bound(board: Path) -> None:
    model = chain(Conv2D(filters=4, kernel_size=3), Unknown("no rule for it"))
    report = api.analyze(model, device=str(board))
    shown = {
        name: formats.render(formats.named(name), "report", report, View(device=True)) for name in ("table", "json")
    }
    (layer,) = [line for line in str(shown["table"]).splitlines() if line.startswith("unknown_2")]
    assert layer.split()[-1] == "?"
    (total,) = [line for line in str(shown["table"]).splitlines() if line.startswith("estimated time")]
    assert total.count("≥ ") == 2
    data = json.loads(shown["json"])
    assert data["totals"]["estimate"]["complete"] is False
    assert data["layers"][-1]["estimate"]["seconds"] is None


@pytest.mark.parametrize("shown", ["table", "markdown"])
def test_a_plan_has_a_time_as_it_is_and_planned(run: Run, board: Path, configs: Path, shown: str) -> None:
    model = (configs / "mobilenet_v1.yaml", "--set", "resolution=32", "--device", board)
    options = ("--max", "macs=12.5M", "--variants", "separable", "--format")
    data = json.loads(run("plan", *model, *options, "json").out)["planning"]
    whole = json.loads(run("analyze", *model, "-f", "json").out)["totals"]
    (replacement,) = data["plan"]["replacements"]
    assert replacement["path"] == "stem"
    assert data["device"]["name"] == "board"
    assert data["estimate"]["speed_up"] == pytest.approx(whole["estimate"]["seconds"] / data["estimate"]["seconds"])
    out = run("plan", *model, *options, shown).out
    assert "estimated time" in out and "Estimate, not a measurement" in out


def cells(page: str, row: str) -> list[str]:
    """The texts of the row of a page's tables that begins with this one."""
    (found,) = (one for one in re.findall(r"<tr>(.*?)</tr>", page, re.S) if f">{row}<" in one)
    return re.findall(r"<td[^>]*>(.*?)</td>", found)


def test_a_page_of_several_models_has_times_and_what_separable_makes_of_them(run: Run, board: Path) -> None:
    page = run("analyze", "vgg16", "mobilenet_v1", "--device", board, "-f", "html").out
    data = json.loads(run("analyze", "vgg16", "--device", board, "-f", "json").out)
    seconds, then = data["totals"]["estimate"]["seconds"], data["what_if"]["totals"]["macs"]
    now = data["totals"]["macs"]
    shown = cells(page, "vgg16")
    assert shown[-3:] == [units.duration(seconds), units.count(then), units.factor(now / then)]
    assert "profile of 2026-11-24" in page
    assert "separable MACs" not in run("analyze", "vgg16", "vgg16", "--no-separable", "-f", "html").out


def test_the_figures_of_a_page_tell_the_time_planned(run: Run, board: Path) -> None:
    options = ("mobilenet_v1", "--device", board, "--max", "macs=560M", "--variants", "separable")
    estimate = json.loads(run("plan", *options, "-f", "json").out)["planning"]["estimate"]
    planned = f"planned: {units.duration(estimate['seconds'])}, {units.factor(estimate['speed_up'])}; estimated for"
    assert f">{planned} A board<" in run("plan", *options, "-f", "html").out


def test_of_several_models_a_warning_names_the_one(run: Run, board: Path, configs: Path) -> None:
    vgg, mobile = configs / "vgg16.yaml", configs / "mobilenet_v1.yaml"
    said = run("analyze", vgg, mobile, "--device", board).err
    assert said.startswith(f"warning: {vgg}: separable: the estimated speed-up on board is ")
    assert run("analyze", vgg, "--device", board).err == said.splitlines(keepends=True)[0].replace(f"{vgg}: ", "")


def test_compare_writes_the_numbers_out(run: Run, board: Path) -> None:
    result = run("compare", "--in", 4, "--out", 32, "--hw", 16, "--device", board)
    read, weights, written = 4 * 16 * 16 * 4, 4 * (3 * 3 * 4 * 32 + 32), 4 * 16 * 16 * 32
    assert f"standard   {MACS:,} MACs / 1.00 GMAC/s (derived) = 295 µs" in result.out
    assert f"{read:,} + {weights:,} + {written:,} = {BYTES:,} bytes / 1.00 MB/s (vendor) = 41.6 ms" in result.out
    assert "the longest: 41.6 ms; memory-bound" in result.out
    data = json.loads(run("compare", "--in", 4, "--out", 32, "--hw", 16, "--device", board, "-f", "json").out)
    estimate = data["comparison"]["estimate"]
    depthwise = 4 * (16 * 16 * 4 + 9 * 4 + 4 + 16 * 16 * 4)
    pointwise = 4 * (16 * 16 * 4 + 4 * 32 + 32 + 16 * 16 * 32)
    assert estimate["depthwise"]["seconds"] == pytest.approx(depthwise / 1e6)
    assert estimate["speed_up"] == pytest.approx(BYTES / (depthwise + pointwise))
    rows = list(csv.DictReader(io.StringIO(run("compare", "--in", 4, "--out", 32, "--device", board, "-f", "csv").out)))
    assert float(rows[0]["estimated_seconds"]) > 0
    assert "memory-bound" in run("compare", "--in", 4, "--out", 32, "--device", board, "-f", "markdown").out


def test_compare_knows_what_a_layer_is(run: Run, configs: Path) -> None:
    options = ("--in", 16, "--out", 16, "--hw", 8, "--device", "ethos-u55-128", "--dtype", "int8", "-f", "json")
    for more, kind in ((("--groups", 16), "depthwise"), (("--k", 1), "pointwise"), ((), "convolution")):
        data = json.loads(run("compare", *options, *more).out)
        assert data["comparison"]["estimate"]["standard"]["kind"] == kind
    refused = run("compare", "--in", 16, "--out", 16, "--device", "ethos-u55-128")
    assert refused.code == 2 and "no ceiling for float32, allowed: --dtype int8" in refused.err


@pytest.mark.parametrize("shown", ["table", "json", "csv", "markdown"])
def test_devices_are_listed_and_shown(run: Run, board: Path, shown: str) -> None:
    listed = run("devices", "--format", shown)
    assert listed.code == 0
    assert all(name in listed.out for name in known())
    one = run("devices", board, "--format", shown)
    assert one.code == 0
    for said in ("macs_per_second.float32.all", "derived", "a product", "2026-11-24"):
        assert said in one.out.replace("\\", "")
    assert run("devices", "no-such-board").code == 2


def test_a_name_or_a_source_from_a_file_cannot_reach_the_terminal(run: Run, board: Path, model: Path) -> None:
    text = BOARD.replace("title: A board", 'title: "A \\e[31mboard"').replace("a product", '"=cmd|\\e[0m"')
    board.write_text(text)
    for command in (("devices", board), ("analyze", model, "--device", board), ("devices", board, "-f", "csv")):
        out = run(*command).out
        assert "\x1b" not in out
    assert "'=cmd" in run("devices", board, "-f", "csv").out


def test_dtype_alone_changes_bytes_and_no_counts(run: Run, model: Path) -> None:
    floats = json.loads(run("analyze", model, "--format", "json").out)["totals"]
    ints = json.loads(run("analyze", model, "--dtype", "int8", "--format", "json").out)["totals"]
    assert ints["macs"] == floats["macs"]
    assert 4 * ints["weight_bytes"] == floats["weight_bytes"]
    refused = run("analyze", model, "--dtype", "int7")
    assert refused.code == 2 and "int7" in refused.err


def test_without_a_device_nothing_of_it_is_imported(model: Path) -> None:
    code = (
        "import sys; sys.argv = ['convcost', 'analyze', sys.argv[1]]\n"
        "from convcost.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "names = 'device estimate roofline speedups conventions.parts'.split()\n"
        "names += 'formats._estimating formats._estimate_json'.split()\n"
        "print([name for name in names if f'convcost.{name}' in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
