"""Every console block of the README and the docs is run, and what it shows is compared.

In a block, a line `$ convcost …` is a command, and what follows up to the next `$` is its output, stdout and stderr;
`[exit N]` at the end is its exit code, 0 if left out. `…` alone on a line stands for lines that are left out.
`UPDATE_DOCS=1 pytest tests/test_docs.py` writes the output of today (where nothing is left out), and fails.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Result

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```py(?:thon)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^(?:>>> )?((?:from|import) convcost[^#\n(]*)$", re.MULTILINE)
COMMAND = re.compile(r"^\$ (convcost(?: [^\n]*)?)\n(.*?)(?=^\$ |\Z)", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[Path, str, str]]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for command, output in COMMAND.findall(block):
                if " -o " not in command and ">" not in command:
                    yield page, command, output


EXAMPLES = list(examples())


def test_the_readme_shows_output() -> None:
    assert sum(page.name == "README.md" for page, _, _ in EXAMPLES) >= 2


@pytest.mark.parametrize(
    ("page", "command", "shown"), EXAMPLES, ids=[f"{page.name}: {command}" for page, command, _ in EXAMPLES]
)
def test_example(
    page: Path, command: str, shown: str, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = run(*shlex.split(command)[1:])
    printed = "\n".join(line.rstrip() for line in (result.out + result.err).splitlines()).strip("\n") + "\n"
    if result.code:
        printed += f"[exit {result.code}]\n"
    if os.environ.get("UPDATE_DOCS") and "…\n" not in shown and shown != printed:
        page.write_text(page.read_text().replace(f"$ {command}\n{shown}", f"$ {command}\n{printed}", 1))
        pytest.fail(f"{page.name}: {command} is rewritten: look at the difference")
    pattern = "".join(".*?" if line == "…\n" else re.escape(line) for line in shown.splitlines(keepends=True))
    assert re.fullmatch(pattern, printed, re.DOTALL), f"shown:\n{shown}\nprinted:\n{printed}"


def test_every_command_is_in_the_reference() -> None:
    from convcost.cli import COMMANDS

    reference = (ROOT / "docs" / "cli.md").read_text()
    for command in COMMANDS:
        assert f"$ convcost {command} --help\n" in reference


def test_what_python_examples_import_is_there() -> None:
    """But for those of contributing.md, which import what they add: test_contributing.py runs them."""
    pages = [page.read_text() for page in PAGES if page.name != "contributing.md"]
    found = [line for text in pages for block in PYTHON.findall(text) for line in IMPORT.findall(block)]
    assert found
    for line in found:
        exec(line, {})
