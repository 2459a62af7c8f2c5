"""Rules and figures -> verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from convcost.budget.difference import Change, difference
from convcost.budget.figures import Figures, LayerFigures
from convcost.budget.metrics import OF_MODEL, Metric
from convcost.budget.rules import Ceiling, Growth, Match, Place, Subject
from convcost.budget.verdicts import Outcome, Over, Verdict
from convcost.errors import ConvcostError
from convcost.globs import matches
from convcost.suggestions import did_you_mean

MOST_NAMED = 5


class Absent(msgspec.Struct, frozen=True):
    """There is no base to compare with, and why; `new`: because the model was not there yet."""

    reason: str
    new: bool = False


class Locked(msgspec.Struct, frozen=True):
    """What the lock file holds of a model, and in which lines; `values` None: nothing yet."""

    source: str
    values: Mapping[str, int] | None
    lines: Mapping[str, int] = {}

    def place(self, metric: str) -> Place:
        return Place(self.source, self.lines.get(metric))


class Conditions(msgspec.Struct, frozen=True):
    """`require_base`: no base means "could not measure". `new_only`: what was over at the base, and did not grow since,
    is a warning."""

    require_base: bool = False
    new_only: bool = False


def judge(
    subject: Subject,
    figures: Figures,
    base: Figures | Absent,
    locked: Locked | None = None,
    conditions: Conditions | None = None,
) -> tuple[Verdict, ...]:
    """Every check of a model. Raises ConvcostError where a rule matches no layer, or nothing at all is checked."""
    court = _Court(subject, figures, base, conditions or Conditions())
    verdicts = [court.ceiling(rule) if isinstance(rule, Ceiling) else court.growth(rule) for rule in subject.rules]
    if locked is not None:
        verdicts += court.lock(locked)
    if not verdicts:
        raise ConvcostError(f"{subject.place}: {subject.name} has no limit and no lock: nothing would be checked")
    return (*verdicts, *court.coverage())


class _Court:
    """One model before its rules."""

    def __init__(self, subject: Subject, figures: Figures, base: Figures | Absent, conditions: Conditions) -> None:
        self.subject = subject
        self.figures = figures
        self.base = base
        self.conditions = conditions
        self.before: dict[str, LayerFigures] = {}
        if isinstance(base, Figures):
            changes: Sequence[Change] = difference(base, figures).changes
            self.before = {change.new.path: change.old for change in changes if change.new and change.old}
        for allowed in subject.allowed:
            if not any(matches(allowed.glob, layer.path) for layer in figures.layers):
                raise ConvcostError(
                    f"{allowed.place}: allow_uncounted: {allowed.glob!r} matches no layer of {subject.source}"
                    + did_you_mean(allowed.glob, [layer.path for layer in figures.layers])
                )

    def missing(self, figures: Figures) -> list[LayerFigures]:
        """The layers that are not counted and that the policy does not allow."""
        return [
            layer
            for layer in figures.uncounted
            if not any(matches(allowed.glob, layer.path) for allowed in self.subject.allowed)
        ]

    def ceiling(self, rule: Ceiling) -> Verdict:
        verdict = Verdict("max_sum" if rule.together else "max", rule.metric.name, rule.metric.unit, "ok", rule.place)
        verdict = msgspec.structs.replace(verdict, limit=rule.limit, warn=rule.warn)
        if rule.match is None:
            name = rule.metric.name
            base = self.base.values[name] if isinstance(self.base, Figures) else None
            at_least = name in self.figures.at_least
            unsure = at_least and bool(self.missing(self.figures))
            return self.weighed(verdict, self.figures.values[name], base, at_least, unsure)
        return self.of_layers(rule, rule.match, msgspec.structs.replace(verdict, match=str(rule.match)))

    def of_layers(self, rule: Ceiling, match: Match, verdict: Verdict) -> Verdict:
        """A ceiling of layers: on their sum, or on each, which the largest decides."""
        name = rule.metric.name
        layers = self.matched(match, rule.place)
        known = [(value, layer) for layer in layers if (value := layer.values[name]) is not None]
        unsure = any(layer.values[name] is None for layer in self.missing(self.figures) if match.takes(layer))
        at_least = len(known) < len(layers)
        if not known and not unsure:
            return msgspec.structs.replace(verdict, outcome="skip", note="not counted, as the policy allows")
        if rule.together:
            actual = sum(value for value, _ in known)
            return self.weighed(verdict, actual, self.base_sum(match, name), at_least, unsure)
        actual, largest = max(known, key=lambda one: one[0], default=(0, layers[0]))
        limit = rule.limit if rule.limit is not None else rule.warn
        over = [Over(one.path, value, one.line) for value, one in known if limit is not None and value > limit]
        before = self.before.get(largest.path)
        verdict = msgspec.structs.replace(
            verdict,
            layer=largest.path,
            line=largest.line,
            over=tuple(sorted(over, key=lambda one: -one.actual)),
        )
        return self.weighed(verdict, actual, before.values[name] if before else None, at_least, unsure)

    def matched(self, match: Match, place: Place) -> list[LayerFigures]:
        layers = [layer for layer in self.figures.layers if match.takes(layer)]
        if layers:
            return layers
        if match.by == "kind":
            near = did_you_mean(match.text, {layer.kind for layer in self.figures.layers})
            raise ConvcostError(f"{place}: no layer of {self.subject.source} is of kind {match.text!r}{near}")
        near = did_you_mean(match.text, [layer.path for layer in self.figures.layers])
        raise ConvcostError(f"{place}: {match.text!r} matches no layer of {self.subject.source}{near}")

    def base_sum(self, match: Match, name: str) -> int | None:
        if isinstance(self.base, Absent):
            return None
        return sum(layer.values[name] or 0 for layer in self.base.layers if match.takes(layer))

    def weighed(self, verdict: Verdict, actual: int, base: int | None, at_least: bool, unsure: bool) -> Verdict:
        """A ceiling's outcome. A lower bound above the limit is too much, whatever else there is."""
        outcome: Outcome = "ok"
        note = ""
        if verdict.limit is not None and actual > verdict.limit:
            outcome = "fail"
            if base is not None and base > verdict.limit:
                note = f"over already at the base; this change {actual - base:+,}"
                if self.conditions.new_only and actual <= base:
                    outcome = "warn"
        elif unsure:
            outcome = "unmeasured"
            note = "a layer is not counted"
        elif verdict.warn is not None and actual > verdict.warn:
            outcome = "warn"
        return msgspec.structs.replace(verdict, outcome=outcome, actual=actual, base=base, at_least=at_least, note=note)

    def growth(self, rule: Growth) -> Verdict:
        verdict = Verdict("max_increase", rule.metric.name, rule.metric.unit, "ok", rule.place)
        name = rule.metric.name
        if isinstance(self.base, Absent):
            refused = self.conditions.require_base and not self.base.new
            return msgspec.structs.replace(
                verdict,
                outcome="unmeasured" if refused else "skip",
                actual=self.figures.values[name],
                note=self.base.reason,
            )
        base = self.base.values[name]
        unsure = [side for side in (self.figures, self.base) if name in side.at_least and self.missing(side)]
        if unsure:
            note = "a layer is not counted" + ("" if unsure[0] is self.figures else " at the base")
            return msgspec.structs.replace(verdict, outcome="unmeasured", base=base, note=note)
        actual = self.figures.values[name]
        limit = base + rule.allowance(base)
        return msgspec.structs.replace(
            verdict,
            outcome="fail" if actual > limit else "ok",
            actual=actual,
            base=base,
            limit=limit,
            at_least=name in self.figures.at_least,
        )

    def lock(self, locked: Locked) -> list[Verdict]:
        """No growth over the lock, whatever the rules allow."""
        metrics = [metric for metric in OF_MODEL.values() if metric.locked]
        if locked.values is None:
            note = "not in the lock yet: `convcost lock` adds it"
            return [Verdict("lock", "macs", "count", "skip", locked.place("macs"), note=note)]
        return [self.of_lock(metric, locked.values[metric.name], locked.place(metric.name))
                for metric in metrics if metric.name in locked.values]  # fmt: skip

    def of_lock(self, metric: Metric, most: int, place: Place) -> Verdict:
        actual = self.figures.values[metric.name]
        at_least = metric.name in self.figures.at_least
        outcome: Outcome = "fail" if actual > most else "ok"
        note = ""
        if outcome == "ok" and at_least and self.missing(self.figures):
            outcome, note = "unmeasured", "a layer is not counted"
        return Verdict(
            "lock",
            metric.name,
            metric.unit,
            outcome,
            place,
            actual=actual,
            at_least=at_least,
            limit=most,
            base=most,
            note=note,
        )

    def coverage(self) -> list[Verdict]:
        """A verdict of its own where layers are not counted and the policy does not allow that."""
        missing = self.missing(self.figures)
        if not missing:
            return []
        named = ", ".join(f"{layer.path} ({layer.kind})" for layer in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        first = missing[0]
        why = f": {first.reason}" if first.reason else ""
        note = f"not counted: {named}{more}{why}; allow_uncounted takes their names"
        return [
            Verdict(
                "coverage",
                "macs",
                "count",
                "unmeasured",
                self.subject.place,
                layer=first.path,
                line=first.line,
                note=note,
            )
        ]
