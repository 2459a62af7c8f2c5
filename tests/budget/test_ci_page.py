"""docs/ci.md: every session is run in the sample repository, and every recipe is the sample's own file.

`UPDATE_DOCS=1 pytest tests/budget/test_ci_page.py` writes the output of today, and fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.budget.conftest import ENVIRONMENT, SAMPLE, Repo
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "ci.md"
SESSION = re.compile(r"^```shell-session\n(.*?)^```", re.MULTILINE | re.DOTALL)
HASH = re.compile(r"(merge base |index |the lock, )[0-9a-f]{7}(\.\.[0-9a-f]{7})?")


def shell(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
    return printed + (f"[exit {done.returncode}]\n" if done.returncode else "")


def test_the_sessions_of_the_page(sample: Repo) -> None:
    page = PAGE.read_text()
    sessions = SESSION.findall(page)
    assert len(sessions) >= 6
    renewed = page
    for session in sessions:
        commands = re.findall(r"^\$ (.*)$", session, re.MULTILINE)
        printed = "".join(f"$ {command}\n{shell(command, sample.path)}" for command in commands)
        if HASH.sub("", printed) != HASH.sub("", session):
            renewed = renewed.replace(f"```shell-session\n{session}```", f"```shell-session\n{printed}```", 1)
    if os.environ.get("UPDATE_DOCS") and renewed != page:
        PAGE.write_text(renewed)
        pytest.fail("docs/ci.md is rewritten: look at the difference")
    assert HASH.sub("", renewed) == HASH.sub("", page)


@pytest.mark.parametrize("recipe", [".gitlab-ci.yml", ".pre-commit-config.yaml", "check.sh"])
def test_the_recipes_of_the_page_are_the_files_of_the_sample(recipe: str) -> None:
    assert (SAMPLE / recipe).read_text() in PAGE.read_text()


def test_the_workflow_of_the_page_is_that_of_the_sample() -> None:
    workflow = (SAMPLE / ".github" / "workflows" / "budgets.yml").read_text()
    jobs = workflow[workflow.index("jobs:") :]
    assert f"```yaml\n{jobs}```" in PAGE.read_text()


def test_the_policy_of_the_page_is_valid(tmp_path: Path) -> None:
    from convcost.policy.document import read_policy

    text = next(block for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "models:" in block)
    path = tmp_path / "convcost.yaml"
    path.write_text(text)
    (subject,) = read_policy(path).subjects()
    assert len(subject.rules) == 8


def test_the_plain_shell_recipe(sample: Repo) -> None:
    assert "8 checks: 8 passed" in shell("bash check.sh main", sample.path)
    assert (sample.path / "reports" / "check.xml").is_file()
    assert "[exit 3]" in shell("bash check.sh no-such-branch", sample.path)
