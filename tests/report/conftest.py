"""Reports opened in Chromium, without a network: what a reader sees, counts and clicks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "document.querySelectorAll('figure').length === document.querySelectorAll('.live svg').length"


class Opened:
    """A page, what its console complained about, and what it asked for beside itself."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: said.type in ("error", "warning") and self.problems.append(said.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: request.url != url and self.requests.append(request.url))

    def marks(self, chart: str, kind: str) -> int:
        """The shapes of a kind that are drawn, without those of axes and legends."""
        found: int = self.page.evaluate(
            "([chart, kind]) => Array.from(document.querySelectorAll("
            "`#live-${chart} g.mark-${kind}.role-mark > *`)).filter((one) => one.getAttribute('d') !== '').length",
            [chart, kind],
        )
        return found

    def column(self, number: int) -> list[str]:
        """The texts of a column of the table of layers, rows as they are shown."""
        texts: list[str] = self.page.evaluate(
            "(number) => Array.from(document.querySelectorAll('#layers tbody tr:not([hidden])'),"
            " (row) => row.cells[number].textContent)",
            number,
        )
        return texts


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing = f"no browser: install Debian's chromium (looked for {', '.join(NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """A page opened from a file, when its charts are drawn; settings are those of a browser context."""
    contexts = []

    def open_(html: str, width: int = 1280, **settings: Any) -> Opened:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **settings)
        contexts.append(context)
        shown = Opened(context.new_page(), path.as_uri())
        shown.page.goto(path.as_uri())
        if settings.get("java_script_enabled", True):
            shown.page.wait_for_function(DRAWN)
        return shown

    yield open_
    for context in contexts:
        context.close()
