"""What a command cannot do it refuses before the work, and says what it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

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
