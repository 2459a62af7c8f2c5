"""docs/separable.md and docs/planner.md say what the code says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from convcost import variants
from tests.conftest import ROOT, Result

DOCS = ROOT / "docs"


def test_the_table_of_variants_is_that_of_the_code() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \| (.+) \| (arXiv .+) \| (\w+) \|$", (DOCS / "separable.md").read_text(), re.MULTILINE
    )
    expected = set()
    for name in variants.names():
        kind = variants.kind(name)
        settings = ",".join(field.name for field in msgspec.structs.fields(kind))
        expected.add((f"{name}({settings})" if settings else name, kind.formula, kind.source, kind.weights))
    assert set(rows) == expected


def test_the_plan_in_the_docs_is_the_plan(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    file = tmp_path / "plan.yaml"
    run("plan", "docs/digits.keras", "--max", "macs=600k", "-o", file)
    (shown,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "planner.md").read_text(), re.DOTALL)
    assert file.read_text() == shown
