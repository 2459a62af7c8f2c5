"""Verdicts and differences through every format: golden files, schemas and parsers, and names that nothing may obey.

`UPDATE_GOLDEN=1 pytest tests/budget/test_formats.py` rewrites the golden files, and fails.
"""

from __future__ import annotations

import json
import os
import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import junitparser
import msgspec
import pytest
import xmlschema
from prometheus_client.openmetrics import parser as openmetrics

from convcost import __version__, formats
from convcost.budget.difference import difference, grew_most
from convcost.budget.figures import Figures, figures_of
from convcost.budget.judge import Absent, Conditions, Locked, judge
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.budget.rules import Allowed, Ceiling, Growth, Match, Place, Subject
from convcost.budget.verdicts import Checked, Growing, ModelCheck, Over, Problem, Verdict
from convcost.layers.convolution import Conv2D
from convcost.layers.dense import Dense
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.model import Unknown
from convcost.profile import profile
from convcost.table import View
from tests.building import graph
from tests.conftest import DRAWN

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
HOSTILE = "a%b::c\n|<script>"
SUFFIXES = {"table": "txt", "markdown": "md", "junit": "xml", "github": "txt", "gitlab": "json"}


def figures(filters: int, mystery: bool = False) -> Figures:
    nodes = {
        "stem": (Conv2D(filters=8, kernel_size=3, strides=2, padding="same"), [["image"]]),
        HOSTILE: (Conv2D(filters=filters, kernel_size=3, padding="same"), [["stem"]]),
        "pool": (GlobalAveragePooling2D(), [[HOSTILE]]),
        "head": (Dense(units=10), [["pool"]]),
    }
    outputs = ["head"]
    if mystery:
        nodes["mystery"] = (Unknown("no rule for Mystery"), [["stem"]])
        outputs.append("mystery")
    lines = {name: number for number, name in enumerate(nodes, start=10)}
    return figures_of(profile(graph(nodes, outputs, {"image": (32, 32, 3)})), lines)


def subject(name: str, *allowed: str) -> Subject:
    def at(line: int) -> Place:
        return Place("convcost.yaml", line)

    macs, params, peak = OF_MODEL["macs"], OF_MODEL["params"], OF_MODEL["peak_activation_bytes"]
    return Subject(
        name,
        f"zoo/{name}.yaml",
        at(4),
        rules=(
            Ceiling(macs, at(7), 400_000, 350_000),
            Growth(macs, at(7), Fraction(1, 50)),
            Ceiling(params, at(8), 2_000, 1_400),
            Ceiling(peak, at(9), 10**6),
            Growth(peak, at(9), Fraction(1, 50), 65_536),
            Ceiling(OF_LAYER["macs"], at(11), 250_000, match=Match("**")),
            Ceiling(OF_LAYER["params"], at(12), 200, match=Match("Dense", "kind"), together=True),
        ),
        message="Limits of the camera [x](y), see docs",
        allowed=tuple(Allowed(glob, at(13)) for glob in allowed),
    )


def model(name: str, now: Figures, base: Figures | Absent, locked: Locked | None = None, *allowed: str) -> ModelCheck:
    one = subject(name, *allowed)
    grown: tuple[Growing, ...] = ()
    if isinstance(base, Figures):
        changes = difference(base, now).changes
        grown = tuple(
            Growing(key, "count", "main, merge base 0123abc", grew_most(changes, key)) for key in ("macs", "params")
        )
    label = "main, merge base 0123abc" if grown else ""
    verdicts = judge(one, now, base, locked, Conditions())
    return ModelCheck(
        name, one.source, one.place, verdicts, {"image": (32, 32, 3)}, one.message, now, label, grown
    )  # fmt: skip


LOCKED = Locked("convcost.lock.json", {"macs": 60_000, "params": 1_100}, {"macs": 5, "params": 6})
CHECKED = Checked(
    (
        model("net", figures(20), figures(14), LOCKED),
        model("custom", figures(14, mystery=True), Absent("new", new=True)),
        ModelCheck(
            "gone|<b>", "zoo/gone.keras", Place("convcost.yaml", 20), problem=Problem("zoo/gone: no [file](x)", 2)
        ),
    ),
    base="main, merge base 0123abc",
    policy="convcost.yaml",
)
DIFFERENCE = difference(figures(14, mystery=True), figures(20))


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    text = text.replace(f'"version": "{__version__}"', '"version": "X"')
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
        pytest.fail(f"{name} is rewritten: look at the difference")
    assert text == path.read_text()


def shown(name: str, checked: Checked = CHECKED) -> str:
    return formats.render(formats.named(name, "check"), "check", checked, View())


def written(what: str) -> list[str]:
    """The formats that have golden files."""
    return [name for name in formats.showing(what) if name not in DRAWN]


@pytest.mark.parametrize("name", written("check"))
def test_golden_checks(name: str) -> None:
    golden(f"check-{name}.{SUFFIXES.get(name, name)}", shown(name))


@pytest.mark.parametrize("name", written("difference"))
def test_golden_differences(name: str) -> None:
    text = formats.render(formats.named(name, "difference"), "difference", DIFFERENCE, View())
    golden(f"difference-{name}.{SUFFIXES.get(name, name)}", text)


def test_every_golden_file_is_compared() -> None:
    expected = {f"check-{name}.{SUFFIXES.get(name, name)}" for name in written("check")}
    expected |= {f"difference-{name}.{SUFFIXES.get(name, name)}" for name in written("difference")}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_the_help_names_the_formats() -> None:
    from convcost.cli.options import CheckFormat, DiffFormat

    for option, what in ((CheckFormat, "check"), (DiffFormat, "difference")):
        text = option.__metadata__[0].help
        assert set(re.findall(r"\w+", text)) - {"or"} == set(formats.showing(what))


def test_the_example_has_every_outcome() -> None:
    assert {verdict.outcome for _, verdict in CHECKED.verdicts()} == {"ok", "warn", "fail", "skip", "unmeasured"}


def test_junit_is_valid() -> None:
    text = shown("junit")
    xmlschema.XMLSchema(HERE / "schemas" / "junit.xsd").validate(text)
    suites = list(junitparser.JUnitXml.fromstring(text.encode()))
    assert [suite.name for suite in suites] == ["net", "custom", "gone|<b>"]
    for suite, checked in zip(suites, CHECKED.models, strict=True):
        results = [type(case.result[0]).__name__ if case.result else "" for case in suite]
        kinds = {"fail": "Failure", "unmeasured": "Error", "skip": "Skipped", "ok": "", "warn": ""}
        wanted = [kinds[verdict.outcome] for verdict in checked.verdicts] or ["Error"]
        assert results == wanted
        assert (suite.tests, suite.failures) == (len(wanted), wanted.count("Failure"))
        assert (suite.errors, suite.skipped) == (wanted.count("Error"), wanted.count("Skipped"))
    texts = "".join(ElementTree.fromstring(text).itertext())
    assert "<script>" in texts
    assert "<script>" not in text


@pytest.mark.parametrize("name", ["sarif", "gitlab"])
def test_json_reports_keep_their_schema(name: str) -> None:
    schema = json.loads((HERE / "schemas" / f"{name}.json").read_text())
    jsonschema.validate(json.loads(shown(name)), schema, format_checker=jsonschema.FormatChecker())


def test_sarif_rules_levels_and_places() -> None:
    (run,) = json.loads(shown("sarif"))["runs"]
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    broken = [verdict for _, verdict in CHECKED.verdicts() if verdict.outcome in ("fail", "warn", "unmeasured")]
    assert len(run["results"]) == len(broken) + 1
    assert sum(result["level"] == "warning" for result in run["results"]) == CHECKED.count("warn")
    place = run["results"][-1]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 20}
    texts = [result["message"]["text"] for result in run["results"]]
    assert any("\\[x\\](y)" in text for text in texts)  # no link
    assert not any(re.search(r"(?<!\\)\[", text) for text in texts)


def test_gitlab_fingerprints_hang_on_the_rule_alone() -> None:
    def prints(checked: Checked) -> list[str]:
        return [issue["fingerprint"] for issue in json.loads(shown("gitlab", checked))]

    assert len(set(prints(CHECKED))) == len(prints(CHECKED))
    more = msgspec.structs.replace(
        CHECKED, models=(model("net", figures(21), figures(14), LOCKED), *CHECKED.models[1:])
    )
    assert sorted(prints(more)) == sorted(prints(CHECKED))
    assert shown("gitlab", more) != shown("gitlab")


def test_openmetrics_is_parsed_back() -> None:
    text = shown("openmetrics")
    assert text.endswith("\n# EOF\n")
    families = {family.name: family for family in openmetrics.text_string_to_metric_families(text)}
    for name in OF_MODEL:
        (net, _custom) = families[f"convcost_{name}"].samples
        assert net.value == CHECKED.models[0].figures.values[name]
        assert families[f"convcost_{name}"].unit == ("bytes" if OF_MODEL[name].unit == "bytes" else "")
    values = re.findall(r"^convcost_\S*\{.*\} (.*)$", text, re.MULTILINE)
    assert values
    assert all(value.isdecimal() for value in values)
    samples = families["convcost_passed"].samples
    passed = {sample.labels["check"]: sample.value for sample in samples if sample.labels["model"] == "net"}
    assert passed["macs increase"] == 0
    assert passed["peak_activation_bytes"] == 1


COMMAND = re.compile(r"::(\w+) ([^\n]*?)::([^\n]*)")


def annotations(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What a runner reads: the name up to the first space, properties up to the next `::`, then the message."""

    def plain(value: str) -> str:
        for escape, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(escape, sign)
        return value

    found = []
    for line in text.splitlines():
        if line.startswith("::"):
            name, rest = line[2:].split(" ", 1)
            properties, message = rest.split("::", 1)
            pairs = dict(pair.split("=", 1) for pair in properties.split(","))
            found.append((name, {key: plain(value) for key, value in pairs.items()}, plain(message)))
    return found


def test_github_annotations_are_read_back() -> None:
    read = annotations(shown("github"))
    assert [name for name, _, _ in read] == sorted(
        (name for name, _, _ in read), key=["error", "warning", "notice"].index
    )
    errors = CHECKED.count("fail", "unmeasured") + 1
    assert [name for name, _, _ in read].count("error") == min(errors, 10)
    assert read[0][1] == {"file": "convcost.yaml", "line": "20", "title": "gone|<b>: could not be checked"}
    growth = next(one for one in read if one[1]["title"] == "net: macs increase")
    assert growth[1]["file"] == "zoo/net.yaml"
    assert growth[1]["line"] == "11"
    assert "a%b::c\\n|<script> +" in growth[2]
    assert shown("github").splitlines()[-1].startswith("17 checks: ")


def many(count: int) -> Checked:
    """So many broken rules, and one that is broken most."""
    place = Place("convcost.yaml", 1)
    verdicts = [
        Verdict("max", "macs", "count", "fail", place, actual=100 + one, limit=100 - one) for one in range(1, count)
    ]
    worst = Verdict("max", "params", "count", "fail", place, actual=900, limit=1, over=(Over("x", 1),))
    return Checked((ModelCheck("m", "m.yaml", place, (*verdicts, worst)),))


def test_github_shows_ten_of_a_kind_and_how_many_more() -> None:
    read = annotations(shown("github", many(17)))
    assert len(read) == 10
    assert "params" in read[0][2]
    assert read[-1][2].endswith(" (+7 more)")
    assert not any("more)" in one[2] for one in read[:-1])
    assert len(annotations(shown("github", many(10)))) == 10
    assert "more)" not in shown("github", many(10))


def test_markdown_fits_a_comment() -> None:
    text = shown("markdown", many(2_000))
    assert text.startswith("<!-- convcost:check -->\n")
    assert 50_000 < len(text.encode()) < 60_000
    rows = sum(line.startswith("| ❌ |") for line in text.splitlines())
    assert f"\nand {2_000 - rows} more\n" in text
    assert not re.search(r"and \d+ more", shown("markdown"))


def test_a_hostile_name_is_inert_everywhere() -> None:
    for name in written("check"):
        text = shown(name)
        assert HOSTILE not in text, name
        assert not any(line.startswith(("|<script>", "::c", "<script>")) for line in text.splitlines()), name
        assert "script" in text or name == "openmetrics", name
    assert "<script>" not in shown("markdown")
    assert "<script>" not in shown("junit")
    cells = [line for line in shown("markdown").splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in cells} == {9}
    for line in shown("github").splitlines():
        assert "%b" not in line.replace("%25b", "")


def test_colours_are_for_terminals() -> None:
    module = formats.named("table", "check")
    colored = formats.render(module, "check", CHECKED, View(terminal=True, color=True))
    assert "\x1b[31mFAIL\x1b[0m" in colored
    assert re.sub(r"\x1b\[\d+m", "", colored) == shown("table")
