"""OpenMetrics text: what every model costs, its limits and its verdicts, to be followed over time."""

from __future__ import annotations

from collections.abc import Iterator

from convcost.budget.metrics import OF_MODEL
from convcost.budget.verdicts import Checked
from convcost.table import View
from convcost.units import printable

SUFFIX = ".openmetrics"
PASSED = ("ok", "warn")


def check(checked: Checked, view: View) -> str:
    return "\n".join([*_lines(checked), "# EOF"]) + "\n"


def _lines(checked: Checked) -> Iterator[str]:
    for name, metric in OF_MODEL.items():
        values = [(_labels(model=model.name), model.figures.values[name]) for model in checked.models if model.figures]
        yield from _family(f"convcost_{name}", f"{name} of a model", values, in_bytes=metric.unit == "bytes")
    limits, passed = [], []
    for model, verdict in checked.verdicts():
        labels = _labels(model=model.name, check=verdict.check)
        if verdict.limit is not None:
            limits.append((labels, verdict.limit))
        if verdict.outcome != "skip":
            passed.append((labels, int(verdict.outcome in PASSED)))
    yield from _family("convcost_limit", "The most that a check allows", limits)
    yield from _family("convcost_passed", "1 where a check passed, 0 where it failed", passed)


def _family(name: str, text: str, samples: list[tuple[str, int]], in_bytes: bool = False) -> Iterator[str]:
    """A gauge. Of samples with the same labels the lowest counts: the strictest limit, the check that failed."""
    if not samples:
        return
    yield f"# TYPE {name} gauge"
    if in_bytes:
        yield f"# UNIT {name} bytes"
    yield f"# HELP {name} {text}."
    lowest: dict[str, int] = {}
    for labels, value in samples:
        lowest[labels] = min(value, lowest.get(labels, value))
    yield from (f"{name}{labels} {value}" for labels, value in lowest.items())


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')
