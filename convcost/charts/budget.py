"""How much of each limit of a budget is used, worst first."""

from __future__ import annotations

from typing import Any

from convcost.budget.verdicts import SEVERITY, Checked, ModelCheck, Verdict
from convcost.charts.base import (
    BAR,
    GREEN,
    MOST_BARS,
    MUTED,
    ORANGE,
    RED,
    SHARES,
    Chart,
    legend,
    mark_at,
    names,
    vega_lite,
)
from convcost.units import printable

OUTCOMES = {"ok": ("kept", GREEN), "warn": ("warned", ORANGE), "fail": ("broken", RED)}
MOST_USED = 3.0
"""Where bars end: a limit that is broken a hundredfold would make all others dots."""


def chart(checked: Checked) -> Chart | None:
    """None where no verdict has a limit that a share can be told of."""
    found = [(model, verdict) for model, verdict in checked.verdicts() if verdict.used is not None]
    found.sort(key=lambda one: (-SEVERITY[one[1].outcome], -(one[1].used or 0)))
    found = [one for one in found if one[1].outcome in OUTCOMES]
    if not found:
        return None
    model, verdict = found[0]
    broken = sum(one.outcome == "fail" for _, one in found)
    text = (
        f"{broken} of {len(found)} limits {'is' if broken == 1 else 'are'} broken."
        f" {'Worst' if broken else 'Nearest'}: {_label(model, verdict)}, {_percent(verdict)} used."
    )
    if len(found) > MOST_BARS:
        text += f" The picture has the first {MOST_BARS}."
    values = [_bar(*one) for one in found[:MOST_BARS]]
    shown = [OUTCOMES[key] for key in OUTCOMES if any(value["outcome"] == OUTCOMES[key][0] for value in values)]
    height = BAR * len(values)
    bars = {
        "data": {"values": values},
        "mark": {"type": "bar", "clip": True},
        "encoding": {
            "y": names("check"),
            "x": {"field": "used", "type": "quantitative", "title": "of the limit", "axis": SHARES},
            "color": {"field": "outcome", "scale": legend(shown), "title": None},
            "tooltip": [{"field": "check"}, {"field": "outcome"}, {"field": "percent", "title": "used"}],
            "description": {"field": "told"},
        },
    }
    limit = mark_at("used", 1, MUTED)
    return Chart("budget", "How much of each limit is used", text, vega_lite(text, height, layer=[bars, limit]), height)


def _label(model: ModelCheck, verdict: Verdict) -> str:
    return f"{printable(model.name)}: {printable(verdict.check)}"


def _percent(verdict: Verdict) -> str:
    return f"{100 * (verdict.used or 0):.1f} %"


def _bar(model: ModelCheck, verdict: Verdict) -> dict[str, Any]:
    label, percent = _label(model, verdict), _percent(verdict)
    outcome = OUTCOMES[verdict.outcome][0]
    return {
        "check": label,
        "used": max(0.0, min(verdict.used or 0.0, MOST_USED)),
        "outcome": outcome,
        "percent": percent,
        "told": f"{label}: {outcome}, {percent} used",
    }
