"""Device files: those that come with convcost, and those that are refused, each with its line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest

from convcost.api import analyze
from convcost.device import ORIGINS
from convcost.errors import ConvcostError
from convcost.readers.device_yaml import device, known, read_device
from tests.conftest import ROOT, Result
from tests.converting import converted

Run = Callable[..., Result]

GOOD = """\
convcost_device: 1
name: board
title: A board
date: 2026-11-24
macs_per_second:
  int8:
    all: {value: 1.0e9, origin: vendor, source: its data sheet}
    depthwise: {value: 2, origin: measured, source: a stopwatch}
bytes_per_second:
  all: {value: 1.0e6, origin: derived, source: clock · lanes}
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.yaml"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize("name", known())
def test_a_profile_of_ours_loads_and_every_figure_tells_where_it_is_from(name: str) -> None:
    found = device(name)
    assert found.name == name
    assert found.macs_per_second
    for key, figure in found.figures.items():
        assert figure.origin in ORIGINS, key
        assert len(figure.source) > 20, key
        assert figure.value > 0, key


def test_derived_figures_are_the_product_that_their_source_writes() -> None:
    """A source that starts with a product (`4 cores · 1.8 GHz · 4 float32 MACs`) is recomputed."""
    scale = {"GHz": 1e9, "MHz": 1e6, "GB/s": 1e9, "MT/s": 1e6}
    checked = 0
    for name in known():
        for key, figure in device(name).figures.items():
            head = re.split(r"[,(]", figure.source)[0]
            terms = [re.match(r"(one|[\d.]+) ?(\S*)", term.strip()) for term in head.split(" · ")]
            if figure.origin != "derived" or len(terms) < 2 or None in terms:
                continue
            product = 1.0
            for term in terms:
                assert term is not None
                number = 1.0 if term[1] == "one" else float(term[1])
                product *= number * scale.get(term[2], 1)
                if term[2] == "bits":
                    product /= 8
            assert figure.value == pytest.approx(product, rel=0.005), f"{name} {key}"
            checked += 1
    assert checked == 15


def test_published_and_compiled_figures_are_the_quotients_that_their_sources_write() -> None:
    checked = 0
    for name in known():
        for key, figure in device(name).figures.items():
            source = figure.source.replace(",", "")
            if found := re.search(r"([\d.]+) inferences a second .* \((\d+) MACs each\)", source):
                rate = float(found[1]) * int(found[2])
            elif found := re.search(r": (\d+) MACs in (\d+) cycles .* at (\d+) MHz", source):
                rate = int(found[1]) / int(found[2]) * int(found[3]) * 1e6
            else:
                continue
            assert figure.value == pytest.approx(rate, rel=0.001), f"{name} {key}"
            checked += 1
    assert checked == 2 * 3 + 4 * 4


@pytest.mark.parametrize("name", ["ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512"])
def test_figures_of_ethos_are_those_of_arm(name: str) -> None:
    """`vela.ini` of Arm's compiler tells clock, and bandwidths as parts of what the two ports move at it."""
    arm = pytest.importorskip("ethosu.config_files")
    ini = ConfigParser()
    ini.read(Path(next(iter(arm.__path__))) / "Arm" / "vela.ini")
    found = device(name)
    small = name.startswith("ethos-u55")
    system = ini["System_Config.Ethos_U55_High_End_Embedded" if small else "System_Config.Ethos_U65_High_End"]
    clock, port = float(system["core_clock"]), 8 if small else 16
    other = "OffChipFlash" if small else "Dram"
    assert found.macs_per_second["int8"].all.value == clock * int(name.rpartition("-")[2])
    assert found.bytes_per_second is not None and found.weight_bytes_per_second is not None
    assert found.bytes_per_second.all.value == clock * port * float(system["Sram_clock_scale"])
    assert found.weight_bytes_per_second.all.value == clock * port * float(system[f"{other}_clock_scale"])


def test_estimates_for_ethos_are_near_those_of_vela(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    pytest.importorskip("ethosu.vela")
    model = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), alpha=0.5, classes=10)
    file = converted(model, tmp_path / "net.tflite", int8=True)
    options = [
        "--config",
        "Arm/vela.ini",
        "--system-config",
        "Ethos_U55_High_End_Embedded",
        "--memory-mode",
        "Shared_Sram",
    ]
    command = [sys.executable, "-m", "ethosu.vela", str(file), "--output-dir", str(tmp_path), *options]
    subprocess.run([*command, "--accelerator-config", "ethos-u55-128"], check=True, capture_output=True, timeout=120)
    header, row = next(tmp_path.glob("net_summary_*.csv")).read_text().splitlines()[:2]
    theirs = float(dict(zip(header.split(","), row.split(","), strict=True))["inference_time"])
    ours = analyze(file, device="ethos-u55-128", what_if=False).estimate
    assert ours is not None
    assert 0.6 < ours.seconds / theirs < 1.1


def test_a_file_is_a_device_too(board: Path) -> None:
    found = device(str(board))
    assert found.macs_per_second["int8"].of("depthwise").value == 2
    assert found.macs_per_second["int8"].of("dense").value == 1e9
    assert found == read_device(board)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("value: 2,", "value: -3,", 8, "macs_per_second.int8.depthwise.value is -3, allowed: a number from 0 to 1e18"),
        ("value: 2,", "value: 0,", 8, "macs_per_second.int8.depthwise.value is 0.0, allowed: 1 or more"),
        ("value: 2,", "value: 1e-320,", 8, "allowed: 1 or more"),
        ("value: 2,", "value: fast,", 8, "value is 'fast', allowed: a number"),
        ("value: 2,", "value: 1e300,", 8, "allowed: a number from 0 to 1e18"),
        ("value: 2,", "value: .nan,", 8, "value is '.nan', allowed: a number"),
        ("value: 2,", "value: true,", 8, "value is true, allowed: a number"),
        ("origin: measured", "origin: guessed", 8, "origin is 'guessed', allowed: one of vendor, derived, published"),
        (", source: a stopwatch", "", 8, "macs_per_second.int8.depthwise has no 'source', which it needs: a text"),
        ("source: a stopwatch", 'source: ""', 8, "source is '', allowed: a text"),
        ("    depthwise:", "    depthwize:", 8, "has no 'depthwize'; did you mean 'depthwise'?"),
        ("  int8:", "  int9:", 6, "macs_per_second has no 'int9'; did you mean 'int8'?"),
        ("  int8:", '  "int8.all":', 6, "macs_per_second has no 'int8.all'; did you mean 'int8'?"),
        ("name: board", "nam: board", 2, "no key 'nam'; did you mean 'name'?"),
        ("name: board\n", "", 1, "has no 'name'"),
        ("title: A board", "title: [A, board]", 3, "title is ['A', 'board'], allowed: a text"),
        ("date: 2026-11-24", "date: yesterday", 4, "date is 'yesterday', allowed: a date such as 2026-11-24"),
        ("convcost_device: 1", "convcost_device: 2", 1, "convcost_device is 2, allowed: 1"),
        ("convcost_device: 1\n", "", 1, "no device profile: it has no line `convcost_device: 1`"),
        (
            "    all: {value: 1.0e9, origin: vendor, source: its data sheet}\n",
            "",
            6,
            "int8 has no 'all', which it needs",
        ),
        ("name: board", "name: !!python/name:os.system board", 2, "tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("name: board", "name: board\nname: other", 3, "'name' is given twice, first in line 2"),
        ("name: board", "name: [", 2, "no YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    old: str, new: str, line: int, said: str, board: Path, run: Run, configs: Path
) -> None:
    text = GOOD.replace(old, new)
    assert text != GOOD
    board.write_text(text)
    result = run("analyze", configs / "mobilenet_v1.yaml", "--device", board)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    if said != "no YAML":
        assert f"board.yaml:{line}:" in result.err
    with pytest.raises(ConvcostError):
        read_device(board)


def test_files_that_are_huge_missing_or_empty_are_refused(board: Path) -> None:
    board.write_text(GOOD + "# and so on\n" * 100_000)
    with pytest.raises(ConvcostError, match="bytes, allowed: 1,000,000"):
        read_device(board)
    board.write_text("")
    with pytest.raises(ConvcostError, match="the file is empty"):
        read_device(board)
    with pytest.raises(ConvcostError, match=r"(?i)no such file"):
        device(str(board.parent / "elsewhere.yaml"))


def test_a_name_that_is_none_gets_a_hint_and_the_list(run: Run, configs: Path) -> None:
    result = run("analyze", configs / "mobilenet_v1.yaml", "--device", "rasberry-pi-4")
    assert (result.code, result.out) == (2, "")
    assert "no device is named 'rasberry-pi-4'; did you mean 'raspberry-pi-4'?; allowed: coral-edge-tpu" in result.err


def test_the_profile_on_the_page_is_one(tmp_path: Path) -> None:
    """docs/roofline.md shows a whole profile; its list of ours is run by the test of all pages."""
    page = (ROOT / "docs" / "roofline.md").read_text()
    path = tmp_path / "my-board.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0])
    found = read_device(path)
    assert found.name == "my-board"
    assert set(found.figures) == {
        "macs_per_second.int8.all",
        "macs_per_second.int8.depthwise",
        "bytes_per_second.all",
        "weight_bytes_per_second.all",
        "seconds_per_call.all",
    }
    assert all(f"{name} " in page for name in known())
