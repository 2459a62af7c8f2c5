"""`convcost check`: ceilings, rules of layers, options, what is not counted, and the exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence

import pytest

from tests.budget.conftest import Repo
from tests.budget.making import PARAMS, conv, dense, policy, secret, verdicts
from tests.building import archive, entry, sequential
from tests.conftest import ROOT

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


@pytest.mark.parametrize(
    ("rule", "outcome", "code", "over"),
    [
        ('{match: "c*", params: {max: 15}}', "ok", 0, []),
        ('{match: "c*", params: {max: 14}}', "fail", 1, ["c2"]),
        ('{match: "c*", params: {max: 7}}', "fail", 1, ["c2", "c1"]),
        ('{match: "c*", params: {max: 20, warn: 14}}', "warn", 0, []),
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
    assert [one["path"] for one in verdict["over"]] == over


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
        (("--format", "csv"), "format 'csv' cannot show a check, allowed: github, gitlab, html, json"),
        (("-o", "a.xyz"), "a.xyz: no format has this suffix, allowed: .html (html), .json (json), .xml (junit)"),
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


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (RuntimeError("wires crossed"), 3)])
def test_interruption_and_internal_errors(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def broken(*_: object) -> None:
        raise raised

    dense(repo.path / "net.keras", 4)
    monkeypatch.setattr("convcost.baseline.checking.check", broken)
    result = repo.run("check", "net.keras", "--max", "macs=1", "--exit-zero", "-o", "json:r.json")
    assert (result.code, result.out) == (code, "")
    assert not (repo.path / "r.json").exists()


def test_names_of_models_are_data(repo: Repo) -> None:
    dense(repo.path / "net.keras", 4)
    name = '"\\e[31mred|<b>"'
    repo.write(
        "convcost.yaml", f"version: 1\nmodels: {{{name}: {{source: net.keras, budget: {{params: {{max: 1}}}}}}}}\n"
    )
    for command in (("check",), ("lock",), ("check", "--format", "markdown"), ("check", "--format", "openmetrics")):
        result = repo.run(*command)
        assert "\x1b" not in result.out + result.err
        assert "<b>" not in result.out or command != ("check", "--format", "markdown")
    dense(repo.path / "net.keras", 5)
    assert "\\x1b[31mred" in repo.run("lock").out


def test_specs_alone(repo: Repo) -> None:
    shutil.copy(ROOT / "configs" / "standard_convolution.yaml", repo.path / "one.yaml")
    repo.write(
        "convcost.yaml",
        "version: 1\nmodels:\n  one: {source: one.yaml, budget: {macs: {max: 1G}}}\n"
        "  saved: {source: gone.keras, budget: {macs: {max: 1G}}}\n",
    )
    assert repo.run("check").code == 2
    assert repo.run("check", "--specs").code == 0


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
