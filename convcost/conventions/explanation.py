"""Why two tools print two numbers for one network: what each of them counts beside, or instead of, its MACs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from convcost.conventions.parts import CONTRACTIONS, Part, parts_of_row
from convcost.conventions.tools import CONVENTIONS, PAPER, TWICE, Figure
from convcost.report import Report

DOUBLED = ("every MAC", "two operations")


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


def explained(report: Report) -> Explanation:
    """Every figure beside the MACs of `report`, which no convention counts."""
    parts = [part for row in report.rows for part in parts_of_row(row)]
    cost = report.totals.cost
    other = [Reason(category, "", flops) for category, flops in cost.other.items()]
    own = [
        Explained("convcost", "", "MACs", cost.macs, ()),
        Explained("convcost", "", "FLOPs", cost.flops, _sorted([Reason(*DOUBLED, cost.macs), *other])),
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
        what, words = DOUBLED if doubled else (part.kind, str(rule))
        first = ", of the first step alone" if figure.first_step and part.steps > 1 else ""
        amounts[what, words + first] += figure.of(part) - part.macs
    return _sorted(Reason(what, rule, amount) for (what, rule), amount in amounts.items())


def _sorted(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Those that make a difference, largest first."""
    return tuple(sorted(filter(lambda reason: reason.amount, reasons), key=lambda reason: -abs(reason.amount)))
