"""What became of a model's layers: by how many MACs each grew or shrank."""

from __future__ import annotations

from typing import Any

from convcost import units
from convcost.budget.difference import Change, Difference
from convcost.charts.base import BAR, BLUE, COUNTS, GREEN, GREY, MOST_BARS, ORANGE, Chart, legend, names, vega_lite
from convcost.units import printable

METRICS = {"macs": "MACs", "params": "params"}
CAUSES = {"+": ("came", ORANGE), "~": ("changed", BLUE), "-": ("went", GREEN), "=": ("same", GREY)}


def chart(difference: Difference) -> Chart | None:
    """In MACs, or in params where no layer's MACs differ; None where neither do."""
    for metric, name in METRICS.items():
        found = [(change, delta) for change in difference.changes if (delta := change.delta(metric))]
        if found:
            return _chart(found, name, difference.new.values[metric] - difference.old.values[metric])
    return None


def _chart(found: list[tuple[Change, int]], name: str, whole: int) -> Chart:
    largest, delta = max(found, key=lambda one: abs(one[1]))
    text = (
        f"{_signed(whole)} {name} in all, in {len(found)} layer{'s' * (len(found) != 1)}."
        f" Most in {printable(largest.path)}: {_signed(delta)}."
    )
    if len(found) > MOST_BARS:
        text += f" The picture has the {MOST_BARS} layers that differ most."
    least = sorted((abs(delta) for _, delta in found), reverse=True)[:MOST_BARS][-1]
    values = [_bar(change, delta) for change, delta in found if abs(delta) >= least][:MOST_BARS]
    shown = [cause for cause in CAUSES.values() if any(value["became"] == cause[0] for value in values)]
    height = BAR * len(values)
    encoding = {
        "y": names("layer"),
        "x": {"field": "delta", "type": "quantitative", "title": f"{name}, more or less", "axis": COUNTS},
        "color": {"field": "became", "scale": legend(shown), "title": None},
        "tooltip": [{"field": "layer"}, {"field": "became"}, {"field": "shown", "title": name}],
        "description": {"field": "told"},
    }
    spec = vega_lite(text, height, data={"values": values}, mark="bar", encoding=encoding)
    return Chart("changes", "What changed, layer by layer", text, spec, height)


def _bar(change: Change, delta: int) -> dict[str, Any]:
    name, became, shown = printable(change.path), CAUSES[change.sign][0], _signed(delta)
    return {"layer": name, "delta": delta, "became": became, "shown": shown, "told": f"{name} {became}, {shown}"}


def _signed(value: int) -> str:
    return f"{'+' if value >= 0 else '-'}{units.count(abs(value))}"
