"""Why two tools print two numbers for one network: what each of them counts beside, or instead of, its MACs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from convcost.conventions import CONVENTIONS, PAPER, TWICE, Figure
from convcost.parts import CONTRACTIONS, Part, parts_of_row
from convcost.report import Report


class Reason(msgspec.Struct, frozen=True):
    """So much of a difference comes from counting `what` by this rule."""

    what: str
    rule: str
    amount: int


class Explained(msgspec.Struct, frozen=True):
    """What a tool prints for this network, its difference to the MACs, and where that comes from, largest first."""

    tool: str
    source: str
    figure: str
    count: int
    reasons: tuple[Reason, ...]

    @property
    def difference(self) -> int:
        return sum(reason.amount for reason in self.reasons)


class Explanation(msgspec.Struct, frozen=True):
    """The figures of convcost and of every tool, for the network of this report."""

    report: Report
    figures: tuple[Explained, ...]


def explain(report: Report) -> Explanation:
    """Every figure beside the MACs of `report`, which no convention counts."""
    parts = [part for row in report.rows for part in parts_of_row(row)]
    cost = report.totals.cost
    other = [Reason(category, "as docs/how-it-counts.md has it", flops) for category, flops in cost.other.items()]
    own = [
        Explained("convcost", "", "MACs", cost.macs, ()),
        Explained("convcost", "", "FLOPs", cost.flops, _sorted([Reason("every MAC", "2", cost.macs), *other])),
    ]
    theirs = [
        Explained(one.name, one.source, figure.name, sum(map(figure.of, parts)), _reasons(figure, parts))
        for one in CONVENTIONS.values()
        if one is not PAPER
        for figure in one.figures
    ]
    return Explanation(report, (*own, *theirs))


def _reasons(figure: Figure, parts: Iterable[Part]) -> tuple[Reason, ...]:
    amounts: Counter[tuple[str, str]] = Counter()
    for part in parts:
        rule = figure.rule(part)
        doubled = rule == TWICE and part.kind in CONTRACTIONS
        what = ("every MAC", "2") if doubled else (part.kind, str(rule))
        first = figure.first_step and part.steps > 1
        amounts[what[0], what[1] + (", first step only" if first else "")] += figure.of(part) - part.macs
    return _sorted(Reason(what, rule, amount) for (what, rule), amount in amounts.items() if amount)


def _sorted(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(reasons, key=lambda reason: -abs(reason.amount)))
