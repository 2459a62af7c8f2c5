"""Policy files: what they may say, where they are found, and thirty bad ones."""

from __future__ import annotations

import json
import textwrap
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from convcost.budget.rules import Ceiling, Growth
from convcost.errors import ConvcostError
from convcost.policy.document import read_policy
from convcost.policy.records import policy_schema
from convcost.readers.yaml_lines import Node, parse, plain
from tests.budget.conftest import SAMPLE, Repo
from tests.building import archive, entry, sequential

WHOLE = """\
version: 1
defaults: {batch: 2}
models:
  net:
    source: net.keras
    input_shape: {image: 224x224x3, meta: [7]}
    set: {alpha: 1.0, mode: fast}
    message: "see docs"
    budget:
      macs: {max: 600M, warn: 580M, max_increase: 2%}
      params:
        max: 1e7
      weight_bytes: {warn: 17.5 MB}
      peak_activation_bytes: {max: 5 MiB, max_increase: {relative: 2%, absolute: 64 KiB}}
      flops: {max_increase: 0}
    layers:
      - {match: "block_*/depthwise", macs: {max: 12M, warn: 11M}}
      - match: {kind: Dense}
        params: {max_sum: 1.1M, max: 1M}
    allow_uncounted: [my_custom_layer, "odd/**"]
  other:
    source: other.yaml
    batch: 1
    budget: {params: {max: 1k}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "convcost.yaml"
    path.write_text(textwrap.dedent(text))
    return path


def test_a_whole_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net, other = read_policy(written(tmp_path, WHOLE)).subjects()
    assert (net.source, net.batch, net.message, other.batch) == ("net.keras", 2, "see docs", 1)
    assert net.input_shape == {"image": (224, 224, 3), "meta": (7,)}
    assert net.parameters == {"alpha": 1.0, "mode": "fast"}
    assert [(one.glob, one.place.line) for one in net.allowed] == [("my_custom_layer", 20), ("odd/**", 20)]
    rules = {(rule.metric.name, type(rule).__name__, str(getattr(rule, "match", None))): rule for rule in net.rules}
    macs = rules["macs", "Ceiling", "None"]
    assert isinstance(macs, Ceiling)
    assert (macs.limit, macs.warn, str(macs.place)) == (600 * 10**6, 580 * 10**6, "convcost.yaml:10")
    growth = rules["macs", "Growth", "None"]
    assert isinstance(growth, Growth)
    assert (growth.relative, growth.absolute) == (Fraction(1, 50), None)
    params = rules["params", "Ceiling", "None"]
    assert isinstance(params, Ceiling)
    assert (params.limit, params.place.line) == (10**7, 12)
    weights = rules["weight_bytes", "Ceiling", "None"]
    assert isinstance(weights, Ceiling)
    assert (weights.limit, weights.warn) == (None, 17_500_000)
    peak = rules["peak_activation_bytes", "Growth", "None"]
    assert isinstance(peak, Growth)
    assert (peak.relative, peak.absolute) == (Fraction(1, 50), 64 * 1024)
    flops = rules["flops", "Growth", "None"]
    assert isinstance(flops, Growth)
    assert (flops.relative, flops.absolute) == (None, 0)
    each = rules["macs", "Ceiling", "block_*/depthwise"]
    assert isinstance(each, Ceiling)
    assert (each.limit, each.warn, each.together) == (12 * 10**6, 11 * 10**6, False)
    dense = [rule for rule in net.rules if isinstance(rule, Ceiling) and str(rule.match) == "kind Dense"]
    assert [(rule.limit, rule.together, rule.place.line) for rule in dense] == [
        (10**6, False, 19), (1_100_000, True, 19),
    ]  # fmt: skip


MODEL = "version: 1\nmodels:\n  net:\n    source: net.keras\n"
BUDGET = MODEL + "    budget:\n      "

BAD = {
    "empty": ("", 0, "empty"),
    "no mapping": ("- 1\n", 1, "it has no line `version: 1`"),
    "no yaml": ("version: 1\nmodels: {a: [\n", 3, "no YAML"),
    "no version": ("models: {a: {source: a.keras}}\n", 1, "has no 'version', which it needs: 1, the version"),
    "version 2": ("version: 2\nmodels: {}\n", 1, "version is 2, allowed: 1"),
    "version as text": ("version: '1'\nmodels: {a: {source: a}}\n", 1, "version is '1', allowed: 1"),
    "no models": ("version: 1\n", 1, "has no 'models', which it needs: a mapping of models by name"),
    "models empty": ("version: 1\nmodels: {}\n", 2, "models is {}, allowed: a mapping of models by name"),
    "unknown top key": ("version: 1\nmodel:\n  a: {source: a}\n", 2, "no key 'model'; did you mean 'models'?"),
    "unknown model key": (MODEL + "    sorce: x\n", 5, "models.net has no 'sorce'; did you mean 'source'?"),
    "no source": ("version: 1\nmodels:\n  net: {}\n", 3, "models.net has no 'source', which it needs: a path"),
    "given twice": (MODEL + "    source: b.keras\n", 5, "'source' is given twice, first in line 4"),
    "unknown metric": (BUDGET + "mac: {max: 1M}\n", 6, "models.net.budget has no 'mac'; did you mean 'macs'?"),
    "unknown limit": (BUDGET + "macs: {maximum: 1M}\n", 6, "has no 'maximum'; did you mean 'max'?"),
    "a bare number": (BUDGET + "macs: 600M\n", 6, "allowed: a mapping with max, warn, max_increase"),
    "no limit": (BUDGET + "macs: {}\n", 6, "limits nothing, allowed: max, warn, max_increase"),
    "null limit": (BUDGET + "macs:\n", 6, "is null, allowed: a mapping with max, warn, max_increase"),
    "bytes without unit": (
        BUDGET + "weight_bytes: {max: 4.2M}\n", 6, "4.2 MB (1,000,000) or 4.2 MiB (1,048,576)",
    ),
    "count with bytes": (BUDGET + "params: {max: 4 MB}\n", 6, "this is a count, not bytes"),
    "a block's own line": (BUDGET + "params:\n        warn: 3M\n        max: 4X\n", 8, "params.max is '4X'"),
    "sexagesimal": (BUDGET + "macs: {max: 12:30}\n", 6, "macs.max is '12:30', allowed: an integer"),
    "off": (BUDGET + "macs: {max: off}\n", 6, "macs.max is 'off', allowed: an integer"),
    "true": (BUDGET + "macs: {max: true}\n", 6, "macs.max is true, allowed: an integer"),
    "old octal": (BUDGET + "macs: {max: 0600}\n", 6, "octal in YAML 1.1"),
    "negative": (BUDGET + "macs: {max: -1}\n", 6, "not below 0"),
    "warn above max": (BUDGET + "macs: {max: 1M, warn: 2M}\n", 6, "warns at 2,000,000, above its max"),
    "percent without sign": (BUDGET + "macs: {max_increase: 2}\n", 6, "(2%), or {absolute: 2}"),
    "relative without sign": (
        BUDGET + "macs: {max_increase: {relative: 2}}\n", 6, "relative is 2, allowed: a percentage with its sign: 2%",
    ),
    "absolute without unit": (
        BUDGET + "weight_bytes: {max_increase: {absolute: 64k}}\n", 6, "64 kB (1,000) or 64 KiB (1,024)",
    ),
    "unknown allowance": (
        BUDGET + "macs:\n        max_increase:\n          relativ: 2%\n", 8, "did you mean 'relative'?",
    ),
    "empty allowance": (BUDGET + "macs: {max_increase: {}}\n", 6, "is empty, allowed: relative, absolute"),
    "input shape": (MODEL + "    input_shape: 224x\n", 5, "input_shape is '224x', allowed: sizes such as 224x224x3"),
    "input shape by name": (MODEL + "    input_shape: {a: 3x0}\n", 5, "input_shape .a is '3x0', allowed: sizes"),
    "batch": (MODEL + "    batch: 0\n", 5, "batch is 0, allowed: samples at a time, an integer of 1 or more"),
    "defaults": ("version: 1\ndefaults: {bach: 2}\nmodels: {a: {source: a}}\n", 2, "did you mean 'batch'?"),
    "set is a list": (MODEL + "    set: [alpha]\n", 5, "set is ['alpha'], allowed: parameters of a spec by name"),
    "layers no list": (MODEL + "    layers: {match: a}\n", 5, "allowed: a list of rules for layers"),
    "no match": (MODEL + "    layers:\n      - macs: {max: 1}\n", 6, "has no 'match', which it needs: a glob"),
    "match by class": (MODEL + "    layers:\n      - match: {class: Dense}\n", 6, "has no 'class'; allowed: kind"),
    "a layer without limit": (MODEL + "    layers:\n      - match: a\n", 6, "limits nothing, allowed: macs, flops"),
    "a layer's growth": (
        MODEL + "    layers:\n      - {match: a, macs: {max_increase: 2%}}\n", 6, "has no 'max_increase'",
    ),
    "a layer's metric": (
        MODEL + "    layers:\n      - {match: a, activations: {max: 1}}\n", 6, "did you mean 'activation_bytes'?",
    ),
    "allow_uncounted": (MODEL + "    allow_uncounted: odd\n", 5, "allowed: a list of globs over layer paths"),
    "a tag": (MODEL + "    message: !!python/object/apply:os.system [id]\n", 5, "tag"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_policies_name_the_line_and_the_fix(name: str, repo: Repo) -> None:
    text, line, fix = BAD[name]
    repo.write("convcost.yaml", text)
    archive(repo.path / "net.keras", sequential(entry("Dense", "d", units=2), shape=[3]))
    result = repo.run("check")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: convcost.yaml:{line}: " if line else "error: convcost.yaml: ")
    assert fix in result.err
    assert result.err.count("\n") == 1


def test_there_are_thirty_bad_policies_and_more() -> None:
    assert len(BAD) >= 30


NET = "version: 1\nmodels:\n  net:\n    source: net.keras\n    budget: {params: {max: 1M}}\n"


@pytest.mark.parametrize(
    ("more", "fix"),
    [
        (
            "    layers:\n      - {match: hed, macs: {max: 1}}\n",
            ":7: 'hed' matches no layer of net.keras; did you mean 'head'?",
        ),
        (
            "    layers:\n      - {match: {kind: dense}, macs: {max: 1}}\n",
            ":7: no layer of net.keras is of kind 'dense'; did you mean 'Dense'?",
        ),
        ("    allow_uncounted:\n      - head\n      - hat\n", ":8: allow_uncounted: 'hat' matches no layer"),
    ],
)  # fmt: skip
def test_a_match_that_matches_nothing_is_an_error(repo: Repo, more: str, fix: str) -> None:
    archive(repo.path / "net.keras", sequential(entry("Dense", "head", units=2), shape=[3]))
    repo.write("convcost.yaml", NET + more)
    result = repo.run("check")
    assert result.code == 2
    assert f"convcost.yaml{fix}" in result.err
    assert f"convcost.yaml{fix}" in result.out


def test_sources_that_are_not_there(repo: Repo) -> None:
    repo.write("convcost.yaml", NET)
    assert "net.keras: no such file" in repo.run("check").err
    assert repo.run("check").code == 2
    repo.write("convcost.yaml", NET.replace("net.keras", "zoo/*.keras"))
    result = repo.run("check")
    assert (result.code, result.out) == (2, "")
    assert "convcost.yaml:4: models.net.source is 'zoo/*.keras', which matches no file" in result.err


def test_unknown_models_and_names(repo: Repo) -> None:
    archive(repo.path / "net.keras", sequential(entry("Dense", "head", units=2), shape=[3]))
    repo.write("convcost.yaml", NET)
    result = repo.run("check", "nett")
    assert (result.code, result.out) == (2, "")
    assert "no model is named 'nett'; did you mean 'net'?" in result.err
    assert "no model is named 'zzzz'; it has net" in repo.run("check", "zzzz").err
    assert repo.run("check", "net").code == 0
    assert repo.run("check", "net.keras").code == 0


def test_a_model_without_any_rule_is_no_silent_pass(repo: Repo) -> None:
    archive(repo.path / "net.keras", sequential(entry("Dense", "head", units=2), shape=[3]))
    repo.write("convcost.yaml", "version: 1\nmodels: {net: {source: net.keras}}\n")
    result = repo.run("check")
    assert result.code == 2
    assert "convcost.yaml:2: net has no limit and no lock: nothing would be checked" in result.err


def test_a_glob_is_a_check_for_each_file(repo: Repo) -> None:
    (repo.path / "zoo").mkdir()
    for name, units in (("a", 2), ("b", 3)):
        archive(repo.path / "zoo" / f"{name}.keras", sequential(entry("Dense", "d", units=units), shape=[3]))
    repo.write("convcost.yaml", "version: 1\nmodels: {zoo: {source: zoo/*.keras, budget: {params: {max: 8}}}}\n")
    result = repo.run("check")
    assert result.code == 1
    assert "zoo:zoo/a.keras · zoo/a.keras" in result.out
    assert result.out.endswith("2 checks: 1 passed, 0 warned, 1 failed, 0 skipped\n")
    assert repo.run("check", "zoo:zoo/a.keras").code == 0
    assert repo.run("check", "zoo").code == 1


def test_the_policy_is_found_upward_and_through_pyproject(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(repo.path / "net.keras", sequential(entry("Dense", "head", units=2), shape=[3]))
    (repo.path / "a" / "b").mkdir(parents=True)
    assert "`convcost init MODEL` writes one" in repo.run("check").err
    repo.write("ci/convcost.yaml", NET.replace("net.keras", "../net.keras"))
    repo.write("pyproject.toml", '[tool.convcost]\nbudget = "ci/convcost.yaml"\n')
    monkeypatch.chdir(repo.path / "a" / "b")
    result = repo.run("check")
    assert (result.code, result.err) == (0, "")
    assert "net · ../../net.keras" in result.out
    assert "../../ci/convcost.yaml:5" in result.out
    assert repo.run("check", "--budget", "../../ci/convcost.yaml").code == 0
    repo.write("pyproject.toml", '[tool.convcost]\nbudget = "ci/convcost.yaml"\nmacs = "600M"\n')
    assert "allowed: budget, which names the policy file" in repo.run("check").err
    repo.write("pyproject.toml", '[tool.convcost]\nbudget = "gone.yaml"\n')
    assert "budget is 'gone.yaml': no such file" in repo.run("check").err
    repo.write("pyproject.toml", "[tool.other]\nx = 1\n")
    repo.write("convcost.yaml", NET)
    assert repo.run("check").code == 0


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = policy_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text in (WHOLE, NET, (SAMPLE / "convcost.yaml").read_text()):
        validator.validate(plain(parsed(text)))
    refused = ("unknown top key", "unknown metric", "unknown limit", "bytes without unit", "a bare number", "version 2")
    for name in refused:
        assert not validator.is_valid(plain(parsed(BAD[name][0]))), name


def test_schema_command(repo: Repo) -> None:
    assert json.loads(repo.run("schema", "budget").out) == policy_schema()
    assert "allowed: spec, budget" in repo.run("schema", "spek").err


def parsed(text: str) -> Node:
    return parse(text, "test")


def test_yaml_is_read_by_its_second_version(tmp_path: Path) -> None:
    """`1e9` is a number; names such as `off` and `12:30` are names."""
    text = """\
    version: 1
    models:
      off: {source: a, budget: {macs: {max: 1e9}}}
      12:30: {source: b, budget: {macs: {max: 1}}}
    """
    policy = read_policy(written(tmp_path, text))
    assert list(policy.policy.models) == ["off", "12:30"]
    rule = policy.subjects(["off"])[0].rules[0]
    assert isinstance(rule, Ceiling)
    assert rule.limit == 10**9
    with pytest.raises(ConvcostError, match="no such policy file"):
        read_policy(tmp_path / "gone.yaml")
