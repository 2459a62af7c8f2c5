"""SARIF 2.1.0 for code scanning: what is broken, at the line of the spec or of the rule."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from convcost._version import __version__
from convcost.budget.rules import Place
from convcost.budget.verdicts import Checked
from convcost.formats._verdicts import by_severity, location, location_of_problem, rule_id, sentence
from convcost.table import View
from convcost.units import printable

SUFFIX = ".sarif"
LEVELS = {"unmeasured": "error", "fail": "error", "warn": "warning"}


def check(checked: Checked, view: View) -> str:
    results = [
        _result(
            rule_id(verdict),
            LEVELS[verdict.outcome],
            sentence(model, verdict),
            location(model, verdict, checked.folder),
            (model.name, verdict.check),
        )
        for model, verdict in by_severity(checked, "unmeasured", "fail", "warn")
    ]
    results += [
        _result("read", "error", model.problem.text, location_of_problem(model, checked.folder), (model.name, "read"))
        for model in checked.models
        if model.problem
    ]
    rules = [{"id": rule, "name": rule} for rule in sorted({result["ruleId"] for result in results})]
    driver = {"name": "convcost", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _result(rule: str, level: str, text: str, place: Place, identity: tuple[str, ...]) -> dict[str, Any]:
    where: dict[str, Any] = {
        "artifactLocation": {"uri": quote(place.source, errors="backslashreplace"), "uriBaseId": "%SRCROOT%"}
    }
    if place.line:
        where["region"] = {"startLine": place.line}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": _text(text)},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {
            "convcostCheck/v1": hashlib.sha256("\0".join(identity).encode("utf-8", "backslashreplace")).hexdigest()
        },
    }


def _text(text: str) -> str:
    """A message that is no link and has no placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    escaped = printable(text).replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")
