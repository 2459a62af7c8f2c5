"""Workflow commands of GitHub Actions: annotations at the line of the spec or of the rule, worst first."""

from __future__ import annotations

from convcost.budget.rules import Place
from convcost.budget.verdicts import Checked, ModelCheck, Outcome
from convcost.formats._verdicts import by_severity, location, location_of_problem, sentence, summary
from convcost.table import View
from convcost.units import printable

SUFFIX = None
MOST = 10
"""Annotations of a kind that GitHub shows for a step."""


Annotation = tuple[str, dict[str, str | int | None]]
"""Its text, and its properties."""


def check(checked: Checked, view: View) -> str:
    problems = [_problem(model, model.problem.text, checked.folder) for model in checked.models if model.problem]
    lines = _commands("error", [*problems, *_annotations(checked, "unmeasured", "fail")])
    lines += _commands("warning", _annotations(checked, "warn"))
    lines += _commands("notice", _annotations(checked, "skip"))
    return "\n".join([*lines, summary(checked)]) + "\n"


def _annotations(checked: Checked, *outcomes: Outcome) -> list[Annotation]:
    return [
        _annotation(sentence(model, verdict), location(model, verdict, checked.folder), model, verdict.check)
        for model, verdict in by_severity(checked, *outcomes)
    ]


def _problem(model: ModelCheck, text: str, folder: str) -> Annotation:
    return _annotation(text, location_of_problem(model, folder), model, "could not be checked")


def _annotation(text: str, place: Place, model: ModelCheck, what: str) -> Annotation:
    title = f"{printable(model.name)}: {printable(what)}"
    return printable(text), {"file": printable(place.source), "line": place.line, "title": title}


def _commands(level: str, annotations: list[Annotation]) -> list[str]:
    """The first of a kind; the last of them says how many more there are."""
    more = len(annotations) - MOST
    shown = annotations[:MOST]
    if more > 0:
        text, properties = shown[-1]
        shown[-1] = (f"{text} (+{more} more)", properties)
    return [_command(level, text, properties) for text, properties in shown]


def _command(level: str, text: str, properties: dict[str, str | int | None]) -> str:
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{level} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
