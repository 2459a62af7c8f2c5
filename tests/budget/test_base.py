"""Growth since a base: what is measured, what is named, and what happens where there is no base."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.budget.conftest import Repo
from tests.budget.making import dense, policy, verdicts
from tests.conftest import ROOT


@pytest.fixture
def mobilenet(repo: Repo) -> Repo:
    """MobileNet's spec, a policy and a lock on main; branch `wide` checked out."""
    (repo.path / "zoo").mkdir()
    shutil.copy(ROOT / "configs" / "mobilenet_v1.yaml", repo.path / "zoo" / "mobilenet.yaml")
    repo.write(
        "convcost.yaml",
        "version: 1\nmodels:\n  mobilenet:\n    source: zoo/mobilenet.yaml\n"
        "    budget:\n      macs: {max: 570M, max_increase: 2%}\n      params: {max: 5M}\n",
    )
    assert repo.run("lock").code == 0
    repo.commit("all")
    repo.git("checkout", "-q", "-b", "wide")
    return repo


def widen(repo: Repo, block: str, old: int, new: int) -> int:
    """Give a block more filters; the line that says so."""
    path = repo.path / "zoo" / "mobilenet.yaml"
    lines = path.read_text().splitlines(keepends=True)
    (number,) = (index for index, line in enumerate(lines) if f"name: {block}}}" in line)
    assert f"filters: {old}" in lines[number]
    lines[number] = lines[number].replace(f"filters: {old}", f"filters: {new}")
    path.write_text("".join(lines))
    return number + 1


@pytest.mark.parametrize(
    ("block", "before", "after", "inputs", "positions"),
    [("block5", 256, 320, 256, 28 * 28), ("block4", 256, 264, 128, 28 * 28), ("block13", 1024, 1100, 1024, 7 * 7)],
)
def test_a_widened_block_is_named_first_with_its_delta(
    mobilenet: Repo, block: str, before: int, after: int, inputs: int, positions: int
) -> None:
    line = widen(mobilenet, block, before, after)
    mobilenet.commit("wider")
    delta = inputs * (after - before) * positions
    result = mobilenet.run("check", "--base", "main")
    assert result.code == 1
    merge_base = mobilenet.git("rev-parse", "main")[:7]
    assert f"base: main, merge base {merge_base}\n" in result.out
    first = result.out.splitlines()[result.out.splitlines().index(
        f"  grew most in macs since main, merge base {merge_base}:") + 1]  # fmt: skip
    assert first.split() == [f"+{delta:,}", f"{block}/conv2d", "filters", str(before), "->", str(after)]
    *annotations, _summary = mobilenet.run("check", "--base", "main", "--format", "github").out.splitlines()
    assert annotations
    assert all(one.startswith(f"::error file=zoo/mobilenet.yaml,line={line},") for one in annotations)
    assert any(f"grew most in macs: {block}/conv2d +{delta:,}" in one for one in annotations)
    grown = json.loads(mobilenet.run("check", "--base", "main", "--format", "json").out)["models"][0]["grown"]
    layer = grown[0]["layers"][0]
    assert (layer["path"], layer["change"], layer["line"]) == (f"{block}/conv2d", delta, line)


def test_the_growth_is_that_of_the_whole_model_to_the_unit(mobilenet: Repo) -> None:
    widen(mobilenet, "block5", 256, 320)
    wider, narrow = 64, 28 * 28
    delta = 256 * wider * narrow + 9 * wider * 14 * 14 + wider * 512 * 14 * 14
    data = json.loads(mobilenet.run("check", "--base", "main", "--format", "json").out)
    growth = next(one for one in data["models"][0]["verdicts"] if one["check"] == "max_increase")
    assert (growth["base"], growth["increase"]) == (568_740_352, delta)
    assert growth["limit"] == 568_740_352 + 568_740_352 * 2 // 100
    assert growth["over_by"] == delta - 568_740_352 * 2 // 100


def test_a_rename_of_a_layer_and_of_a_file_is_no_growth(mobilenet: Repo) -> None:
    mobilenet.edit("zoo/mobilenet.yaml", "name: block5}", "name: renamed}")
    mobilenet.git("mv", "zoo/mobilenet.yaml", "zoo/net.yaml")
    mobilenet.edit("convcost.yaml", "zoo/mobilenet.yaml", "zoo/net.yaml")
    mobilenet.commit("renamed")
    result = mobilenet.run("check", "--base", "main")
    assert result.code == 0
    assert "grew" not in result.out
    row = next(line for line in result.out.splitlines() if " macs increase " in line)
    assert row.split()[:4] == ["ok", "macs", "increase", "+0"]


def test_others_work_on_main_is_not_counted(mobilenet: Repo) -> None:
    """Growth is measured from the merge base, not from the tip of main."""
    left = mobilenet.git("rev-parse", "main")
    mobilenet.git("checkout", "-q", "main")
    widen(mobilenet, "block13", 1024, 512)
    mobilenet.commit("narrower on main")
    mobilenet.git("checkout", "-q", "wide")
    result = mobilenet.run("check", "--base", "main", "--format", "json")
    assert result.code == 0
    assert json.loads(result.out)["check"]["base"] == f"main, merge base {left[:7]}"


def test_the_policy_of_today_measures_the_base(mobilenet: Repo) -> None:
    mobilenet.edit(
        "convcost.yaml", "    source: zoo/mobilenet.yaml\n", "    source: zoo/mobilenet.yaml\n    set: {alpha: 0.5}\n"
    )
    data = json.loads(mobilenet.run("check", "--base", "main", "--format", "json").out)
    growth = next(one for one in data["models"][0]["verdicts"] if one["check"] == "max_increase")
    assert growth["increase"] == 0
    assert growth["base"] == growth["actual"] < 150_000_000


def test_a_working_tree_that_is_not_committed_is_what_is_checked(mobilenet: Repo) -> None:
    widen(mobilenet, "block5", 256, 320)
    assert mobilenet.run("check", "--base", "HEAD").code == 1
    mobilenet.commit()
    result = mobilenet.run("check", "--base", "HEAD", "--format", "json")
    assert ("ok", "max_increase", "") in verdicts(result)


def test_a_new_model_is_new(repo: Repo) -> None:
    repo.write("convcost.yaml", policy("{params: {max: 100, max_increase: 1%}}"))
    repo.commit()
    dense(repo.path / "net.keras", 4)
    result = repo.run("check", "--base", "main", "--require-base")
    assert (result.code, result.err) == (0, "")
    row = next(line for line in result.out.splitlines() if "params increase" in line)
    assert row.split()[0] == "skip"
    assert row.endswith("  new")
    assert "%" not in row.replace("rule", "")
    assert "1 skipped" in result.out


def test_over_at_the_base_already(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 10}}"))
    repo.commit()
    result = repo.run("check", "--base", "main")
    assert result.code == 1
    assert "over already at the base; this change +0" in result.out
    lenient = repo.run("check", "--base", "main", "--new-only")
    assert lenient.code == 0
    assert "WARN" in lenient.out
    assert "0 failed" in lenient.out
    assert repo.run("check", "--base", "main", "--new-only", "--strict").code == 1
    dense(repo.path / "net.keras", 5)
    worse = repo.run("check", "--base", "main", "--new-only")
    assert worse.code == 1
    assert "this change +4" in worse.out
    assert repo.run("check", "--new-only").code == 1


def missing_ref(repo: Repo) -> str:
    return "no-such-branch"


def shallow(repo: Repo) -> str:
    """What a CI job has that fetched one commit of the branch."""
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("more")
    clone = repo.path.parent / "clone"
    repo.git("clone", "-q", "--depth", "1", "--branch", "work", f"file://{repo.path}", str(clone))
    repo.path = clone
    return "main"


def unrelated(repo: Repo) -> str:
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("unrelated")
    return "main"


def no_report(repo: Repo) -> str:
    return "gone.json"


def option_like(repo: Repo) -> str:
    return "--output=pwned"


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (missing_ref, "'no-such-branch' names no commit here"),
        (shallow, "this is a shallow clone; run `git fetch --unshallow`, or check out with `fetch-depth: 0`"),
        (unrelated, "'main' and HEAD have no commit in common"),
        (no_report, "gone.json: no such file"),
        (option_like, "'--output=pwned' names no commit here"),
    ],
)
def test_a_missing_base_is_loud_counted_and_refused_on_demand(
    repo: Repo, prepare: Callable[[Repo], str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 100, max_increase: 1%}}"))
    repo.commit()
    base = prepare(repo)
    monkeypatch.chdir(repo.path)
    result = repo.run("check", f"--base={base}")
    assert result.code == 0
    assert said in result.err
    assert result.err.startswith("warning: no base: ")
    assert "1 skipped" in result.out
    assert not (repo.path / "pwned").exists()
    required = repo.run("check", f"--base={base}", "--require-base")
    assert required.code == 3
    assert "1 could not be measured" in required.out
    assert repo.run("check", "--require-base").code == 3


def test_a_base_that_is_not_there_is_told_even_where_no_rule_hangs_on_it(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 100}}"))
    repo.commit()
    monkeypatch.chdir(repo.path)
    result = repo.run("check", "--base", "nope")
    assert result.code == 0
    assert "warning: no base: 'nope' names no commit here" in result.err
    assert repo.run("check", "--base", "nope", "--require-base").code == 3


def test_outside_of_git_there_is_no_base(tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    dense(tmp_path / "net.keras", 4)
    (tmp_path / "convcost.yaml").write_text(policy("{params: {max_increase: 1%}}"))
    assert "not a git repository" in repo.run("check", "--base", "main").err
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in repo.run("check", "--base", "main").err


def test_the_other_branch_may_be_a_remote_one(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max_increase: 1%}}"))
    repo.commit()
    repo.git("branch", "develop")
    repo.git("clone", "-q", str(repo.path), str(repo.path.parent / "clone"))
    monkeypatch.chdir(repo.path.parent / "clone")
    assert "did you mean 'origin/develop'?" in repo.run("check", "--base", "develop").err
    assert repo.run("check", "--base", "origin/develop", "--require-base").code == 0


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def test_git_lfs_pointers(repo: Repo) -> None:
    oid = "ab" * 32
    repo.write("convcost.yaml", policy("{params: {max_increase: 1%}}"))
    repo.write("net.keras", POINTER.format(oid=oid, size=900))
    commit = repo.commit()
    unfetched = repo.run("check")
    assert unfetched.code == 2
    assert "net.keras: a Git LFS pointer, not the model; run `git lfs pull`" in unfetched.err
    model = dense(repo.path / "net.keras", 4)
    result = repo.run("check", "--base", "main")
    assert result.code == 0
    assert f"is a Git LFS pointer in {commit[:7]}, and its content is not here" in result.err
    assert f"run `git lfs fetch origin {commit[:7]}`" in result.err
    stored = repo.path / ".git" / "lfs" / "objects" / "ab" / "ab" / oid
    stored.parent.mkdir(parents=True)
    shutil.copy(model, stored)
    fetched = repo.run("check", "--base", "main", "--require-base")
    assert (fetched.code, fetched.err) == (0, "")


def test_a_base_that_cannot_be_read_is_a_missing_base(repo: Repo) -> None:
    repo.write("convcost.yaml", policy("{params: {max: 100, max_increase: 1%}}"))
    repo.write("net.keras", "no archive")
    commit = repo.commit()
    dense(repo.path / "net.keras", 4)
    result = repo.run("check", "--base", "main")
    assert result.code == 0
    assert f"no base: {commit[:7]}:net.keras: no .keras archive" in result.err
    assert repo.run("check", "--base", "main", "--require-base").code == 3


def test_a_report_is_a_base(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 100, max_increase: 1%}}"))
    for command in ("check", "analyze net.keras"):
        assert repo.run(*command.split(), "--format", "json", "-o", f"json:{command.split()[0]}.json").code == 0
    dense(repo.path / "net.keras", 5)
    for report in ("check.json", "analyze.json"):
        result = repo.run("check", "--base", report)
        assert result.code == 1
        assert f"base: {report}" in result.out
        assert "+4" in result.out
        assert "head" in result.out
    repo.write("bad.json", '{"schema_version": 1}')
    assert "bad.json: the file holds no report" in repo.run("check", "--base", "bad.json").err
    repo.write("bad.json", '{"schema_version": 9}')
    assert repo.run("check", "--base", "bad.json").code == 2
    repo.write("bad.json", "[")
    assert "bad.json: no report of convcost" in repo.run("check", "--base", "bad.json").err


def test_the_model_of_a_subfolder_is_told_from_the_top_of_the_repository(
    sample: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.edit("zoo/tiny.yaml", "filters: 32}, name: block2", "filters: 40}, name: block2")
    lines = (sample.path / "zoo" / "tiny.yaml").read_text().splitlines()
    number = 1 + next(index for index, line in enumerate(lines) if "block2" in line)
    monkeypatch.chdir(sample.path / "zoo")
    line = sample.run("check", "--base", "main", "--format", "github").out.splitlines()[0]
    assert line.startswith(f"::error file=zoo/tiny.yaml,line={number},")
