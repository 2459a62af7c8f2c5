"""Verdicts in words and cells, the same in every format. Names from files are as they are: each format escapes them."""

from __future__ import annotations

from posixpath import join, normpath

import msgspec

from convcost import units
from convcost.budget.difference import Grown
from convcost.budget.metrics import OF_MODEL, Unit
from convcost.budget.rules import Place
from convcost.budget.verdicts import SEVERITY, Checked, Growing, ModelCheck, Outcome, Verdict

SHOWN = {"ok": "ok", "skip": "skip", "warn": "WARN", "fail": "FAIL", "unmeasured": "ERROR"}
MOST_LAYERS = 5


class Cells(msgspec.Struct, frozen=True):
    """A verdict as a row of a table."""

    outcome: str
    check: str
    actual: str
    limit: str
    over_by: str
    used: str
    place: str
    note: str


def cells(verdict: Verdict, raw: bool = False) -> Cells:
    raw = raw or looks_alike(verdict)
    return Cells(
        outcome=SHOWN[verdict.outcome],
        check=verdict.check,
        actual=_actual(verdict, raw),
        limit=_limit(verdict, raw),
        over_by=quantity(verdict.over_by, verdict.unit, raw) if verdict.over_by is not None else "",
        used=_used(verdict.used),
        place=str(verdict.place),
        note=note(verdict),
    )


def _used(share: float | None) -> str:
    if share is None:
        return ""
    return f"{100 * share:.1f} %" if share < 10 else "> 999 %"


def rule_id(verdict: Verdict) -> str:
    """The kind of check, for machines: `macs/max`."""
    return f"{verdict.metric}/{verdict.asked}" if verdict.asked != "coverage" else "coverage"


def quantity(value: int, unit: Unit, raw: bool = False) -> str:
    return units.count(value, raw) if unit == "count" else units.size(value, raw)


def looks_alike(verdict: Verdict) -> bool:
    """Whether two numbers that differ would be rounded to the same."""
    actual = verdict.actual
    limits = (verdict.limit, verdict.warn, verdict.base if verdict.measures_growth else None)
    return actual is not None and any(
        limit is not None and limit != actual and quantity(limit, verdict.unit) == quantity(actual, verdict.unit)
        for limit in limits
    )


def note(verdict: Verdict) -> str:
    """What else there is to say."""
    parts = [verdict.note] if verdict.note else []
    if verdict.outcome == "warn" and verdict.over_by is None and verdict.warn is not None:
        parts.append(f"warns above {quantity(verdict.warn, verdict.unit, looks_alike(verdict))}")
    if verdict.layer and verdict.match:
        parts.append(f"largest: {verdict.layer}")
    return "; ".join(parts)


def sentence(model: ModelCheck, verdict: Verdict) -> str:
    """A verdict in words, numbers to the unit, with the layers that grew and what the policy says to do."""
    said = f"{model.name}: {verdict.check} {_said(verdict)}"
    if (extra := note(verdict)) and verdict.outcome in ("fail", "warn"):
        said += f" ({extra})"
    if verdict.outcome not in ("ok", "skip"):
        if grown := growing(model, verdict):
            said += f"; grew most in {grown.metric}: " + ", ".join(
                grown_words(layer, grown.unit) for layer in grown.layers[:3]
            )
        if model.message:
            said += f". {model.message}"
    return said


def growing(model: ModelCheck, verdict: Verdict) -> Growing | None:
    """The layers that made a total of the model grow."""
    if verdict.match or verdict.asked == "coverage":
        return None
    metric = OF_MODEL[verdict.metric]
    return next((one for name in (metric.grows_by, metric.like) for one in model.grown if one.metric == name), None)


def grown_words(layer: Grown, unit: Unit) -> str:
    """`block13/conv2d +25,690,112 (filters 1024 -> 1536)`."""
    why = reason(layer)
    return f"{layer.path} {signed(layer.delta, unit, raw=True)}{f' ({why})' if why else ''}"


def reason(layer: Grown) -> str:
    """Why a layer grew."""
    if layer.settings:
        return ", ".join(f"{one.name} {_value(one.old)} -> {_value(one.new)}" for one in layer.settings[:3])
    return {"new": "new", "changed": "", "follows": "reads more"}[layer.cause]


def signed(value: int, unit: Unit, raw: bool = False) -> str:
    """With its sign, zero as +0."""
    return f"{'-' if value < 0 else '+'}{quantity(abs(value), unit, raw)}"


def location(model: ModelCheck, verdict: Verdict, folder: str = "") -> Place:
    """Where to look, from the top of the repository: the line of the layer that is too much, else that of the rule."""
    grown = growing(model, verdict)
    line = grown.layers[0].line if grown else verdict.line
    if verdict.outcome in ("ok", "skip"):
        line = None
    place = Place(model.source, line) if line else verdict.place
    if place.source.startswith("--"):
        place = Place(model.source)
    return _from_top(place, folder)


def location_of_problem(model: ModelCheck, folder: str = "") -> Place:
    """Where to look when a model could not be checked: its entry in the policy, else its file."""
    return _from_top(Place(model.source) if model.place.source.startswith("--") else model.place, folder)


def by_severity(checked: Checked, *outcomes: Outcome) -> list[tuple[ModelCheck, Verdict]]:
    """The verdicts of these outcomes, worst first: what could not be measured, then by how far they are over."""
    found = [(model, verdict) for model, verdict in checked.verdicts() if verdict.outcome in outcomes]
    return sorted(found, key=lambda one: (-SEVERITY[one[1].outcome], -(one[1].used or 0)))


def summary(checked: Checked) -> str:
    """`5 checks: 2 passed, 1 warned, 2 failed, 0 skipped`; what could not be measured where there is any."""
    total = sum(1 for _ in checked.verdicts())
    text = f"{total} check{'' if total == 1 else 's'}: {checked.count('ok')} passed, {checked.count('warn')} warned"
    text += f", {checked.count('fail')} failed, {checked.count('skip')} skipped"
    if unmeasured := checked.count("unmeasured"):
        text += f", {unmeasured} could not be measured"
    if problems := sum(1 for model in checked.models if model.problem):
        text += f"; {problems} model{'' if problems == 1 else 's'} could not be checked"
    return text


def _from_top(place: Place, folder: str) -> Place:
    return Place(normpath(join(folder, place.source)), place.line)


def _said(verdict: Verdict) -> str:
    def exact(value: int | None) -> str:
        return quantity(value or 0, verdict.unit, raw=True)

    if verdict.outcome in ("skip", "unmeasured"):
        return f"{'skipped' if verdict.outcome == 'skip' else 'could not be measured'}: {verdict.note}"
    if verdict.measures_growth and verdict.increase is not None:
        since = "the lock" if verdict.asked == "lock" else "the base"
        grew = f"{signed(verdict.increase, verdict.unit, raw=True)} since {since}, {exact(verdict.actual)} now"
        return f"{grew}, over by {exact(verdict.over_by)}" if verdict.over_by is not None else grew
    if verdict.over_by is not None:
        return f"{exact(verdict.actual)} is over {exact(verdict.limit)} by {exact(verdict.over_by)}"
    limit = verdict.limit if verdict.limit is not None else verdict.warn
    return f"{exact(verdict.actual)} of {exact(limit)}"


def _actual(verdict: Verdict, raw: bool) -> str:
    if verdict.actual is None:
        return ""
    least = "≥ " if verdict.at_least else ""
    if not verdict.measures_growth or verdict.increase is None:
        return least + quantity(verdict.actual, verdict.unit, raw)
    share = f" ({100 * verdict.increase / verdict.base:+.1f} %)" if verdict.base and verdict.increase else ""
    return least + signed(verdict.increase, verdict.unit, raw) + share


def _limit(verdict: Verdict, raw: bool) -> str:
    if verdict.measures_growth and verdict.limit is not None and verdict.base is not None:
        return signed(verdict.limit - verdict.base, verdict.unit, raw)
    limit = verdict.limit if verdict.limit is not None else verdict.warn
    return "" if limit is None else quantity(limit, verdict.unit, raw)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return str(value)[:40]
