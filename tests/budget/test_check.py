"""`convcost check`: ceilings, growth, lock, what is missing, and the exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.budget.conftest import Repo
from tests.building import archive, entry, sequential
from tests.conftest import ROOT, Result

PARAMS = 3 * 4 + 4  # of dense(4): a kernel and a bias


def dense(path: Path, units: int, *more: dict[str, Any], name: str = "head") -> Path:
    return archive(path, sequential(*more, entry("Dense", name, units=units), shape=[3]))


def secret(name: str = "odd") -> dict[str, Any]:
    return entry("Secret", name, module="my.package")


def policy(budget: str, more: str = "") -> str:
    return f"version: 1\nmodels:\n  net:\n    source: net.keras\n    budget: {budget}\n{more}"


def verdicts(result: Result) -> list[tuple[str, str, str]]:
    """Outcome, check and note of every row of a JSON report."""
    models = json.loads(result.out)["models"]
    return [(one["verdict"], one["check"], one["note"] or "") for model in models for one in model["verdicts"]]


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


CEILINGS = [
    (f"{{params: {{max: {PARAMS}}}}}", "ok", 0),
    (f"{{params: {{max: {PARAMS - 1}}}}}", "fail", 1),
    (f"{{params: {{max: {PARAMS + 1}, warn: {PARAMS}}}}}", "ok", 0),
    (f"{{params: {{max: {PARAMS + 1}, warn: {PARAMS - 1}}}}}", "warn", 0),
    (f"{{params: {{warn: {PARAMS - 1}}}}}", "warn", 0),
    ("{macs: {max: 12}}", "ok", 0),
    ("{macs: {max: 11}}", "fail", 1),
    (f"{{weight_bytes: {{max: {4 * PARAMS} B}}}}", "ok", 0),
    (f"{{weight_bytes: {{max: {4 * PARAMS - 1}}}}}", "fail", 1),
    ("{peak_activation_bytes: {max: 28}}", "ok", 0),  # 3 floats in, 4 out
    ("{peak_activation_bytes: {max: 27}}", "fail", 1),
    ("{flops: {max: 28}}", "ok", 0),  # 2·12 and 4 biases
    ("{flops: {max: 27}}", "fail", 1),
    (f"{{trainable_params: {{max: {PARAMS}}}}}", "ok", 0),
    ("{non_trainable_params: {max: 0}}", "ok", 0),
]


@pytest.mark.parametrize(("budget", "outcome", "code"), CEILINGS)
def test_a_ceiling_is_kept_at_the_limit_and_broken_by_one_more(
    repo: Repo, budget: str, outcome: str, code: int
) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy(budget))
    result = repo.run("check", "--format", "json")
    assert (verdicts(result)[0][0], result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("growth", "outcome"),
    [
        ("0", "fail"),
        ("{absolute: 3}", "fail"),
        ("{absolute: 4}", "ok"),
        ("24%", "fail"),  # of 16
        ("25%", "ok"),
        ("{relative: 24%, absolute: 4}", "ok"),
        ("{relative: 25%, absolute: 3}", "ok"),
        ("{relative: 24%, absolute: 3}", "fail"),
    ],
)
def test_growth_fails_only_where_both_allowances_are_exceeded(repo: Repo, growth: str, outcome: str) -> None:
    """One unit more is 3 weights and a bias: 4 params on 16."""
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy(f"{{params: {{max_increase: {growth}}}}}"))
    repo.commit()
    dense(repo.path / "net.keras", 5)
    result = repo.run("check", "--base", "main", "--format", "json")
    assert (verdicts(result)[0][0], result.code) == (outcome, int(outcome == "fail"))
    dense(repo.path / "net.keras", 1)
    assert repo.run("check", "--base", "main").code == 0


def conv(name: str, filters: int) -> dict[str, Any]:
    return entry("Conv2D", name, filters=filters, kernel_size=[1, 1])


@pytest.mark.parametrize(
    ("rule", "outcome", "code", "over"),
    [
        ('{match: "c*", params: {max: 15}}', "ok", 0, []),
        ('{match: "c*", params: {max: 14}}', "fail", 1, ["c2"]),
        ('{match: "c*", params: {max: 7}}', "fail", 1, ["c2", "c1"]),
        ('{match: "c*", params: {max: 20, warn: 14}}', "warn", 0, ["c2"]),
        ("{match: {kind: Conv2D}, params: {max_sum: 23}}", "ok", 0, []),
        ("{match: {kind: Conv2D}, params: {max_sum: 22}}", "fail", 1, []),
        ('{match: "**", params: {max_sum: 33}}', "ok", 0, []),
        ('{match: "c1", activation_bytes: {max: 512}}', "ok", 0, []),  # 8·8·2·4
        ('{match: "c1", activation_bytes: {max: 511}}', "fail", 1, ["c1"]),
    ],
)
def test_rules_of_layers(repo: Repo, rule: str, outcome: str, code: int, over: Sequence[str]) -> None:
    """c1: 3·2 + 2 = 8 params; c2: 2·5 + 5 = 15; pooled, then a Dense of 5·2 = 10 without a bias."""
    pool, head = entry("GlobalAveragePooling2D", "pool"), entry("Dense", "head", units=2, use_bias=False)
    archive(repo.path / "net.keras", sequential(conv("c1", 2), conv("c2", 5), pool, head))
    repo.write("convcost.yaml", policy("{macs: {max: 1M}}", f"    layers:\n      - {rule}\n"))
    result = repo.run("check", "--format", "json")
    verdict = json.loads(result.out)["models"][0]["verdicts"][1]
    assert (verdict["verdict"], result.code) == (outcome, code)
    wanted = over if outcome != "warn" else []
    assert [one["path"] for one in verdict["over"]] == (over if outcome == "fail" else wanted)


def test_an_uncounted_layer_is_refused_by_name(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4, secret())
    repo.write("convcost.yaml", policy("{params: {max: 100}}"))
    result = repo.run("check")
    assert result.code == 3
    assert "odd (Secret)" in result.out
    assert "allow_uncounted takes their names" in result.out
    assert "could not be measured" in result.out.splitlines()[-1]
    assert repo.run("check", "--exit-zero").code == 3
    repo.write("convcost.yaml", policy("{macs: {max: 100}}", "    allow_uncounted: [odd, head]\n"))
    allowed = repo.run("check")
    assert allowed.code == 0
    assert "≥ 0" in allowed.out


def test_a_lower_bound_above_the_limit_is_too_much_for_certain(repo: Repo) -> None:
    known = entry("Dense", "known", units=100)
    dense(repo.path / "net.keras", 4, known, secret())
    repo.write("convcost.yaml", policy("{macs: {max: 299}}"))
    result = repo.run("check", "--format", "json")
    assert [one[0] for one in verdicts(result)] == ["fail", "unmeasured"]
    assert result.code == 3
    repo.write("convcost.yaml", policy("{macs: {max: 300}}"))
    assert [one[0] for one in verdicts(repo.run("check", "--format", "json"))] == ["unmeasured", "unmeasured"]


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


def test_limits_as_options(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    assert repo.run("check", "net.keras", "--max", "macs=12", "--max", "params=16").code == 0
    result = repo.run("check", "net.keras", "--max", "macs=11", "--warn", "params=15")
    assert result.code == 1
    assert "--max macs=11" in result.out
    assert "1 warned, 1 failed" in result.out
    repo.commit()
    dense(repo.path / "net.keras", 5)
    assert repo.run("check", "net.keras", "--max-increase", "params=25%", "--base", "main").code == 0
    assert repo.run("check", "net.keras", "--max-increase", "params=24%", "--base", "main").code == 1
    custom = dense(repo.path / "custom.keras", 5, secret())
    assert repo.run("check", custom, "--max", "macs=99").code == 3
    assert repo.run("check", custom, "--max", "macs=99", "--allow-uncounted", "**").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("net.keras", "--max", "mac=1"), "--max: no metric is named 'mac'; did you mean 'macs'?"),
        (("net.keras", "--max", "macs"), "allowed: METRIC=LIMIT such as macs=600M"),
        (
            ("net.keras", "--max", "weight_bytes=4M"),
            "--max weight_bytes=4M: it is '4M', allowed: bytes with their unit",
        ),
        (("net.keras", "--max-increase", "macs=2"), "--max-increase macs=2"),
        (("net.keras", "--max", "macs=1", "--warn", "macs=2"), "its warning at 2 is above it"),
        (("--max", "macs=1"), "go with MODEL files"),
        (("net.keras", "--max", "macs=1", "--budget", "b.yaml"), "without --budget"),
        (("--batch", 2), "--batch, --allow-uncounted: the policy file says these"),
        (("--budget", "gone.yaml"), "gone.yaml: no such policy file"),
        (("--format", "csv"), "format 'csv' cannot show a check, allowed: github, gitlab, json"),
        (("-o", "a.xyz"), "a.xyz: no format has this suffix, allowed: .json (json), .xml (junit)"),
        (("-o", "json:convcost.yaml"), "convcost.yaml: is the input, and would be overwritten"),
        (("--specs",), "--specs: no model that is to be checked is a spec"),
    ],
)
def test_refusals(repo: Repo, options: Sequence[object], said: str) -> None:
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 100}}"))
    result = repo.run("check", *options)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_the_highest_exit_code_wins_and_the_other_models_are_checked(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    dense(repo.path / "custom.keras", 4, secret())
    text = "version: 1\nmodels:\n"
    for name, limit in (("net", 1), ("custom", 99), ("gone", 99)):
        text += f"  {name}: {{source: {name}.keras, budget: {{params: {{max: {limit}}}}}}}\n"
    repo.write("convcost.yaml", text)
    assert repo.run("check", "net").code == 1
    assert repo.run("check", "net", "--exit-zero").code == 0
    assert repo.run("check", "net", "gone").code == 2
    assert repo.run("check", "gone", "--exit-zero").code == 2
    result = repo.run("check")
    assert result.code == 3
    assert "error: gone.keras: no such file\n" in result.err
    assert "1 failed" in result.out
    assert result.out.splitlines()[-1].endswith("; 1 model could not be checked")


def test_specs_alone(repo: Repo) -> None:
    shutil.copy(ROOT / "configs" / "standard_convolution.yaml", repo.path / "one.yaml")
    repo.write(
        "convcost.yaml",
        "version: 1\nmodels:\n  one: {source: one.yaml, budget: {macs: {max: 1G}}}\n"
        "  saved: {source: gone.keras, budget: {macs: {max: 1G}}}\n",
    )
    assert repo.run("check").code == 2
    assert repo.run("check", "--specs").code == 0


def test_the_model_of_a_subfolder_is_told_from_the_top_of_the_repository(
    sample: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.edit("zoo/tiny.yaml", "filters: 32}, name: block2", "filters: 40}, name: block2")
    lines = (sample.path / "zoo" / "tiny.yaml").read_text().splitlines()
    number = 1 + next(index for index, line in enumerate(lines) if "block2" in line)
    monkeypatch.chdir(sample.path / "zoo")
    line = sample.run("check", "--base", "main", "--format", "github").out.splitlines()[0]
    assert line.startswith(f"::error file=zoo/tiny.yaml,line={number},")


def test_numbers_that_would_look_alike_are_exact(repo: Repo) -> None:
    dense(repo.path / "net.keras", 25_000)  # 3·25,000 + 25,000 = 100,000 params
    repo.write("convcost.yaml", policy("{params: {max: 99_999}}"))
    row = next(line for line in repo.run("check").out.splitlines() if "FAIL" in line)
    assert row.split() == ["FAIL", "params", "100,000", "99,999", "1", "100.0", "%", "convcost.yaml:5"]


def test_the_message_is_for_who_breaks_the_budget(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    message = "    message: ask the camera team\n"
    repo.write("convcost.yaml", policy("{params: {max: 100}}", message))
    assert "camera" not in repo.run("check").out
    repo.write("convcost.yaml", policy("{params: {max: 1}}", message))
    assert "ask the camera team" in repo.run("check").out
    assert "ask the camera team" in repo.run("check", "--format", "github").out
    assert "  largest in params:\n    16  head\n" in repo.run("check").out
