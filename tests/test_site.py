"""The site: built strictly (all pages in its navigation, all links and anchors there), whole without a network."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from convcost import api
from tests.conftest import ROOT

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Loads(HTMLParser):
    """What a page loads by itself, beside what it links to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        kept = given.get("rel") in ("canonical", "next", "prev")
        address = given.get("src") or (given.get("href") if tag == "link" and not kept else None)
        if address:
            self.addresses.append(address)


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    loaded = {address for page in pages for address in Loads(page).addresses}
    assert any(address.endswith(".css") for address in loaded)
    assert not [address for address in loaded if re.match(r"\w+:|//", address) and not address.startswith("data:")]


def test_every_function_of_the_api_is_in_the_reference(site: Path) -> None:
    page = (site / "python" / "index.html").read_text()
    missing = [name for name in api.__all__ if f'id="convcost.api.{name}"' not in page]
    assert not missing


def test_what_python_shows_on_the_first_page() -> None:
    page = (ROOT / "docs" / "index.md").read_text()
    (block,) = re.findall(r"^```pycon\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    example = doctest.DocTestParser().get_doctest(block, {}, "docs/index.md", "docs/index.md", 0)
    assert len(example.examples) >= 5
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_outside_the_site(page: str) -> None:
    missing = [link for link in LINK.findall((ROOT / page).read_text()) if not (ROOT / link).exists()]
    assert not missing
