"""The composite action's steps, run as a runner would: the shell, the environment, the files it hands over."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.budget.conftest import ENVIRONMENT, Repo
from tests.conftest import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$GH_CALLS"
case "$GH_MODE $*" in
  "forbidden "*) echo "HTTP 403: Resource not accessible by integration" >&2; exit 1;;
  "read-only "*--method*) echo "HTTP 403" >&2; exit 1;;
  "found "*--paginate*) echo 77;;
esac
"""


class Runner:
    """A job in the sample repository. `steps` holds what each step handed over."""

    def __init__(self, repo: Repo, folder: Path, inputs: dict[str, str], **environment: str) -> None:
        self.repo = repo
        self.folder = folder
        self.inputs = {name: str(one["default"]) for name, one in ACTION["inputs"].items()} | inputs
        self.steps: dict[str, dict[str, str]] = {}
        self.number = "12"
        self.summary = folder / "summary.md"
        self.calls = folder / "gh-calls"
        (folder / "bin").mkdir()
        (folder / "temp").mkdir()
        gh = folder / "bin" / "gh"
        gh.write_text(GH)
        gh.chmod(0o755)
        path = f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {
            "PATH": path,
            "HOME": str(folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_REPOSITORY": "someone/models",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_BASE_REF": "main",
            "RUNNER_TEMP": str(folder / "temp"),
            "GH_CALLS": str(self.calls),
            "GH_MODE": "none",
            **ENVIRONMENT,
            **environment,
        }

    def expression(self, text: str) -> str:
        """The value of an expression, of the few kinds that the action has."""
        kind, _, rest = text.partition(".")
        if kind == "inputs":
            return self.inputs[rest]
        if text == "github.event.pull_request.number":
            return self.number
        step, _, output = rest.partition(".outputs.")
        assert kind == "steps"
        return self.steps.get(step, {}).get(output, "")

    def filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self.expression(found[1]), str(text))

    def wants(self, step: dict[str, Any], failed: bool) -> bool:
        condition = str(step.get("if", "success()"))
        if failed and "always()" not in condition:
            return False
        compared = re.findall(r"inputs\.([\w-]+) == '(\w+)'", condition)
        return all(self.inputs[name] == value for name, value in compared)

    def run(self) -> tuple[int, str, list[str]]:
        """Run all steps. The job's exit code, its log, and the steps that ran."""
        failed, log, ran = 0, "", []
        for step in ACTION["runs"]["steps"]:
            if not self.wants(step, bool(failed)):
                continue
            ran.append(step["name"])
            if "uses" in step:
                self.uploaded = self.filled(step["with"]["path"])
                continue
            code, printed = self.shell(step)
            failed, log = failed or code, log + printed
        return failed, log, ran

    def shell(self, step: dict[str, Any]) -> tuple[int, str]:
        assert step["shell"] == "bash"
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        output = self.folder / "output"
        output.write_text("")
        environment = {name: self.filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.repo.path / self.filled(step.get("working-directory", ".")),
            env={**self.environment, **environment, "GITHUB_OUTPUT": str(output)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if "id" in step:
            self.steps[step["id"]] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode, done.stdout


@pytest.fixture
def pull(sample: Repo) -> Repo:
    """A pull request that widens a block: a merge of it into main is checked out, main is only `origin/main`."""
    sample.git("update-ref", "refs/remotes/origin/main", "main")
    sample.edit("zoo/tiny.yaml", "filters: 32}, name: block2", "filters: 40}, name: block2")
    sample.commit("wider")
    sample.git("branch", "-q", "-D", "main")
    return sample


def runner(repo: Repo, tmp_path: Path, inputs: dict[str, str] | None = None, **environment: str) -> Runner:
    return Runner(repo, tmp_path, {"install": "false", **(inputs or {})}, **environment)


def test_no_expression_is_inside_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]


def test_growth_fails_the_job_and_is_reported(pull: Repo, tmp_path: Path) -> None:
    job = runner(pull, tmp_path)
    code, log, ran = job.run()
    assert code == 1
    assert ran == ["Check", "Upload", "Verdict"]
    assert "::error file=zoo/tiny.yaml,line=" in log
    assert "block2/pointwise +147,456 (filters 32 -> 40)" in log
    assert job.summary.read_text().startswith("<!-- convcost:check -->\n")
    assert job.steps["check"]["exit-code"] == "1"
    assert {path.name for path in Path(job.uploaded).iterdir()} == {
        "check.json", "check.xml", "check.sarif", "check.md",
    }  # fmt: skip
    report = json.loads((Path(job.uploaded) / "check.json").read_text())
    assert report["check"]["base"].startswith("origin/main, merge base ")
    assert not job.calls.exists()


def test_a_kept_budget_passes(sample: Repo, tmp_path: Path) -> None:
    code, log, _ = runner(sample, tmp_path, GITHUB_BASE_REF="").run()
    assert code == 0
    assert "6 passed, 0 warned, 0 failed, 2 skipped" in log


def test_inputs_reach_the_command_as_they_are(pull: Repo, tmp_path: Path) -> None:
    inputs = {"budget": "$(touch pwned)`touch pwned`.yaml", "models": "tiny; touch pwned", "base": "--help"}
    code, log, _ = runner(pull, tmp_path, inputs).run()
    assert code == 2
    assert "$(touch pwned)`touch pwned`.yaml: no such policy file" in log
    assert not (pull.path / "pwned").exists()


def test_options(pull: Repo, tmp_path: Path) -> None:
    code, log, _ = runner(pull, tmp_path, {"base": "no-such", "require-base": "true", "models": "tiny"}).run()
    assert code == 3
    assert "'no-such' names no commit here" in log


def test_a_warning_fails_where_the_action_is_strict(sample: Repo, tmp_path: Path) -> None:
    sample.edit("convcost.yaml", "warn: 1.9M", "warn: 1M")
    job = runner(sample, tmp_path, {"strict": "true"}, GITHUB_BASE_REF="")
    assert job.run()[0] == 1
    job.inputs["strict"] = "false"
    assert job.run()[0] == 0


def test_a_broken_policy_leaves_no_old_report(pull: Repo, tmp_path: Path) -> None:
    job = runner(pull, tmp_path, {"comment": "true", "token": "t"})
    job.run()
    pull.write("convcost.yaml", "version: 3\n")
    job.summary.unlink()
    code, log, ran = job.run()
    assert code == 2
    assert "convcost.yaml:1: version is 3" in log
    assert not job.summary.exists()
    assert ran[-1] == "Verdict"


@pytest.mark.parametrize(
    ("mode", "token", "calls", "said"),
    [
        ("none", "", 0, "No comment: it takes a token"),
        ("none", "secret", 2, ""),
        ("found", "secret", 2, ""),
        ("forbidden", "secret", 1, "No comment: the token may not read them."),
        ("read-only", "secret", 2, "No comment: the token may not write one."),
    ],
)
def test_the_sticky_comment(pull: Repo, tmp_path: Path, mode: str, token: str, calls: int, said: str) -> None:
    """A fork has no token, or one that may only read: the job's verdict does not hang on the comment."""
    job = runner(pull, tmp_path, {"comment": "true", "token": token}, GH_MODE=mode)
    code, log, ran = job.run()
    assert (code, ran) == (1, ["Check", "Upload", "Comment", "Verdict"])
    assert said in log
    made = job.calls.read_text().splitlines() if job.calls.exists() else []
    assert len(made) == calls
    if mode == "found":
        assert "--method PATCH repos/someone/models/issues/comments/77" in made[1]
    elif calls == 2:
        assert "--method POST repos/someone/models/issues/12/comments" in made[1]


def test_outside_of_a_pull_request_there_is_no_comment(pull: Repo, tmp_path: Path) -> None:
    job = runner(pull, tmp_path, {"comment": "true", "token": "secret"})
    job.number = ""
    assert job.run()[0] == 1
    assert not job.calls.exists()


def test_the_install_step_installs_the_action_itself() -> None:
    assert STEPS["Install"]["run"] == 'python -m pip install --quiet "$GITHUB_ACTION_PATH"'
    assert STEPS["Install"]["if"] == "inputs.install == 'true'"


def test_the_hooks_of_pre_commit(sample: Repo) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert (hooks["convcost-specs"]["language"], hooks["convcost-check"]["language"]) == ("python", "system")
    for hook in hooks.values():
        assert hook["pass_filenames"] is False
        assert all(re.search(hook["files"], name) for name in ("zoo/tiny.yaml", "convcost.yaml", "convcost.lock.json"))
        assert sample.run(*hook["entry"].split()[1:]).code == 0
    sample.edit("zoo/tiny.yaml", "filters: 32}, name: block2", "filters: 40}, name: block2")
    assert sample.run(*hooks["convcost-specs"]["entry"].split()[1:]).code == 1
