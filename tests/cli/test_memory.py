"""`convcost memory` as people use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from convcost.formats._timeline import WRITTEN
from tests.building import archive, entry, sequential
from tests.conftest import Result

Run = Callable[..., Result]


def conv(name: str, filters: int) -> dict[str, object]:
    return entry("Conv2D", name, filters=filters, kernel_size=[1, 1])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Steps of 8·8·(3 + 4) and 8·8·(4 + 2) elements, the first the peak; 16 + 10 params."""
    return archive(tmp_path / "net.keras", sequential(conv("wide", 4), conv("slim", 2)))


def test_the_picture_marks_the_peak(run: Run, model: Path) -> None:
    shown = run("memory", model, "--dtype", "int8", "--raw")
    assert shown.code == 0
    wide, slim = shown.out.splitlines()[2:4]
    assert "448 B" in wide and wide.endswith("◀ peak")
    assert "384 B" in slim and "peak" not in slim
    assert wide.count(WRITTEN) == round(40 * 4 / 7)


@pytest.mark.parametrize(
    ("ram", "flash", "code", "told"),
    [
        ("448", "26", 0, "0 B to spare"),
        ("447 B", "26", 1, "does not fit  1 B over"),
        ("1KiB", "25", 1, "does not fit   1 B over"),
        ("1e6", "1MiB", 0, "fits"),
    ],
)
def test_limits_decide_the_exit_code(run: Run, model: Path, ram: str, flash: str, code: int, told: str) -> None:
    shown = run("memory", model, "--dtype", "int8", "--ram", ram, "--flash", flash, "--raw")
    assert shown.code == code
    assert told.replace(" ", "") in shown.out.replace(" ", "")


def test_what_cannot_be_told_ends_with_3(run: Run, tmp_path: Path) -> None:
    strange = entry("Mystery", "mystery", module="elsewhere")
    path = archive(tmp_path / "net.keras", sequential(conv("wide", 4), strange, conv("slim", 2)))
    shown = run("memory", path, "--ram", "1GiB")
    assert shown.code == 3
    assert "cannot be told" in shown.out
    assert run("memory", path, "--ram", "1B").code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ram", "320k"], "--ram is '320k', allowed: bytes with their unit"),
        (["--flash", "much"], "--flash is 'much', allowed: an integer of bytes"),
        (["--ram", "-1"], "--ram is '-1', allowed"),
        (["--dtype", "int9"], "dtype: got 'int9', allowed: bool, int4"),
        (
            ["-f", "junit"],
            "format 'junit' cannot show a footprint, allowed: csv, html, json, markdown, png, svg, table",
        ),
    ],
)
def test_wrong_usage_is_one_line(run: Run, model: Path, arguments: list[str], message: str) -> None:
    shown = run("memory", model, *arguments)
    assert shown.code == 2
    assert not shown.out
    assert message in shown.err and shown.err.count("\n") == 1


def test_files_are_written_beside_what_is_shown(run: Run, model: Path, tmp_path: Path) -> None:
    shown = run("memory", model, "--batch", 2, "-f", "json", "-o", str(tmp_path / "steps.csv"))
    memory = json.loads(shown.out)["memory"]
    assert memory["peak_activation_bytes"] == 2 * 4 * 448
    assert [step["layer"] for step in memory["steps"]] == ["wide", "slim"]
    assert (tmp_path / "steps.csv").read_text().splitlines()[1] == "1,wide,3584,2048,1536,0,True"


def test_a_terminal_gets_colours_and_the_picture_keeps_to_its_width(
    run: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convcost.cli import output

    monkeypatch.setattr(output, "terminal", lambda: (True, True, 50))
    assert "\x1b[36m█" in run("memory", model).out
    monkeypatch.setattr(output, "terminal", lambda: (True, False, 50))
    shown = run("memory", model).out
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines()[2:4])) <= 50
