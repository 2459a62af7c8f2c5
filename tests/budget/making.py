"""Small models, policies, and what a JSON report says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.building import archive, entry, sequential
from tests.conftest import Result

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


def conv(name: str, filters: int) -> dict[str, Any]:
    return entry("Conv2D", name, filters=filters, kernel_size=[1, 1])
