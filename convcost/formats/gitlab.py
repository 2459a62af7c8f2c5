"""GitLab's code quality report. A fingerprint tells a broken rule again, whatever its numbers and lines are today."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from convcost.budget.rules import Place
from convcost.budget.verdicts import Checked
from convcost.formats._verdicts import by_severity, location, location_of_problem, rule_id, sentence
from convcost.table import View
from convcost.units import printable

SUFFIX = None
SEVERITIES = {"unmeasured": "blocker", "fail": "major", "warn": "minor"}


def check(checked: Checked, view: View) -> str:
    issues = [
        _issue(
            printable(sentence(model, verdict)),
            rule_id(verdict),
            SEVERITIES[verdict.outcome],
            location(model, verdict, checked.folder),
            (model.name, verdict.check),
        )
        for model, verdict in by_severity(checked, "unmeasured", "fail", "warn")
    ]
    issues += [
        _issue(
            printable(model.problem.text),
            "read",
            "blocker",
            location_of_problem(model, checked.folder),
            (model.name, "read"),
        )
        for model in checked.models
        if model.problem
    ]
    return json.dumps(issues, indent=2) + "\n"


def _issue(text: str, rule: str, severity: str, place: Place, identity: tuple[str, ...]) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": f"convcost/{rule}",
        "fingerprint": hashlib.sha256("\0".join(identity).encode("utf-8", "backslashreplace")).hexdigest(),
        "severity": severity,
        "location": {"path": printable(place.source), "lines": {"begin": place.line or 1}},
    }
