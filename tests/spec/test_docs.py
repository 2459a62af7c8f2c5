"""docs/spec.md: every example is read, and costs what its first line says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from convcost.errors import ConvcostError
from convcost.expressions import FUNCTIONS, LONGEST
from convcost.profile import profile
from convcost.readers import yaml_lines
from convcost.readers.spec import document, graph, items
from convcost.spec_schema import spec_schema
from tests.spec.conftest import Spec

PAGE = (Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(# [\d,]+ MACs.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
REFUSED = re.findall(r"^```yaml\n(# wrong\n.*?)^```\n\n```text\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_example_is_one_of_these() -> None:
    assert len(EXAMPLES) + len(REFUSED) == PAGE.count("```yaml") >= 4


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_costs_what_it_says(spec: Spec, text: str) -> None:
    totals = profile(spec(text)).totals
    assert text.splitlines()[0] == f"# {totals.macs:,} MACs, {totals.params:,} params"
    Draft202012Validator(spec_schema()).validate(yaml.safe_load(text))


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_wrong_example_is_refused_as_it_says(spec: Spec, text: str, message: str) -> None:
    with pytest.raises(ConvcostError) as refusal:
        spec(text)
    assert str(refusal.value).endswith(message)


def test_the_page_names_every_key_function_and_cap() -> None:
    keys = {*document.KEYS, *items.EVERY_KEY, "block", "repeat", "input"}
    missing = [name for name in (*keys, *FUNCTIONS) if f"`{name}" not in PAGE]
    assert missing == []
    nesting, layers = graph.DEEPEST_NESTING, f"{graph.MOST_LAYERS:,}"
    assert f"at most {yaml_lines.LARGEST_FILE // 10**6} MB, values nested {yaml_lines.DEEPEST_NESTING} deep" in PAGE
    assert f"{yaml_lines.MOST_ALIASED:,} values behind aliases; a model at most {layers} layers" in PAGE
    assert f"nested {nesting} deep" in PAGE and f"at most {LONGEST} characters" in PAGE
