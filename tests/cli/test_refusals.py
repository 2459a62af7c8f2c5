"""What a command cannot do it refuses before the work, and says what it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from convcost.api import analyze
from convcost.api.loading import load
from convcost.errors import ConvcostError
from tests.building import archive, entry, sequential
from tests.conftest import Result

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.keras", "b.keras"):
        archive(Path(name), sequential(entry("Conv2D", "conv", filters=64, kernel_size=[3, 3])))


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (("explain", "a.keras", "-o", "page.html"), "page.html: no format has this suffix, allowed: "),
        (("explain", "a.keras", "-f", "svg"), "format 'svg' cannot show an explanation, allowed: csv, "),
        (("analyze", "a.keras", "b.keras", "-f", "svg"), "format 'svg' cannot show several reports, allowed: csv, "),
        (("variants", "a.keras", "-o", "svg.roofline:x"), "svg.roofline: there is no such chart, allowed: variants, "),
    ],
)
def test_a_format_that_cannot_show_a_result(run: Run, arguments: Sequence[str], refused: str) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {refused}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "a.keras"),
        ("variants", "a.keras"),
        ("memory", "a.keras"),
        ("explain", "a.keras"),
        ("plan", "a.keras", "--max", "macs=1"),
        ("diff", "a.keras", "b.keras"),
        ("check", "a.keras", "--max", "macs=1"),
        ("init", "a.keras"),
    ],
)
def test_a_saved_model_has_no_parameters_to_set(run: Run, arguments: Sequence[str]) -> None:
    result = run(*arguments, "--set", "alpha=0.5")
    assert "a.keras: it is no spec, and has no parameters; its input shapes can vary" in result.err + result.out
    assert result.code == 2


def test_neither_has_a_model_in_memory() -> None:
    model = load("mobilenet_v1", {"alpha": 0.5})
    for source in (model, load("a.keras")):
        with pytest.raises(ConvcostError, match="has no parameters"):
            analyze(source, parameters={"alpha": 0.25})


def test_compare_takes_a_dtype_for_times_alone(run: Run) -> None:
    options = ("compare", "--in", 8, "--out", 8, "--dtype", "int8")
    result = run(*options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --dtype goes with --device or --bench")
    assert run(*options, "--device", "ethos-u55-128").code == 0
