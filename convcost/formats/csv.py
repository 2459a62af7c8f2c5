"""CSV for spreadsheets: a header and raw values. What a spreadsheet would run as a formula gets a leading quote."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import msgspec

from convcost.columns import values
from convcost.comparison import Comparison
from convcost.report import Report, WhatIf
from convcost.table import View, lines
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.sweeping.sweep import Sweep
    from convcost.widening import Widening

SUFFIX = ".csv"

_FORMULA = re.compile(r"(^|;)(?=\s*[=+@＝＋－＠-])")
"""Where a spreadsheet sees a formula begin: in a cell, and after the sign that ends cells in half of the world."""


def report(report: Report, view: View) -> str:
    chosen = values(view)
    shown = lines(report, view)
    return _written([key for key, _ in chosen], ([value(line, report) for _, value in chosen] for line in shown))


def reports(reports: Sequence[Report], view: View) -> str:
    """One row a model, totals only."""
    header = [
        "model",
        "macs",
        "flops",
        "params",
        "trainable_params",
        "weight_bytes",
        "peak_activation_bytes",
        "complete",
    ]
    if view.separable:
        header.append("separable_macs")
    if view.device:
        header.append("estimated_seconds")
    rows = []
    for one in reports:
        totals = one.totals
        flops = totals.flops if len(one.figures) > 1 else None
        row: list[Any] = [one.source or one.name, totals.macs, flops, totals.params, totals.trainable_params]
        row += [totals.weight_bytes, totals.peak_activation_bytes, totals.complete]
        if view.separable:
            row.append(one.what_if.report.totals.macs if one.what_if else totals.macs)
        if one.estimate is not None:
            row.append(one.estimate.seconds)
        rows.append(row)
    return _written(header, rows)


def variants(report: Report, what_ifs: Sequence[WhatIf], view: View) -> str:
    """One row a variant, the model as it is first."""
    header = ["variant", "converted", "macs", "params", "weight_bytes", "peak_activation_bytes", "weights"]
    shown = [("", 0, report.totals, ""), *((w.variant, len(w.converted), w.report.totals, w.weights) for w in what_ifs)]
    rows = [
        [name, converted, totals.macs, totals.params, totals.weight_bytes, totals.peak_activation_bytes, weights]
        for name, converted, totals, weights in shown
    ]
    estimates = [one.estimate for one in (report, *(what_if.report for what_if in what_ifs))]
    if report.estimate is not None:
        header.append("estimated_seconds")
        rows = [[*row, one.seconds if one else None] for row, one in zip(rows, estimates, strict=True)]
    return _written(header, rows)


def comparison(comparison: Comparison, view: View) -> str:
    parts = (comparison.standard, comparison.depthwise, comparison.pointwise)
    rows = [[part.name, part.kind, "x".join(map(str, part.output_shape)), part.params, part.macs] for part in parts]
    output = "x".join(map(str, comparison.standard.output_shape))
    rows.append(["separable", "", output, comparison.separable_params, comparison.separable.macs])
    others = [one for one in comparison.alternatives if one.variant != "separable"]
    rows += [[one.variant, "variant", output, one.params, one.macs] for one in others]
    header = ["step", "kind", "output_shape", "params", "macs"]
    if estimate := comparison.estimate:
        header.append("estimated_seconds")
        seconds = [estimate.standard.seconds, estimate.depthwise.seconds, estimate.pointwise.seconds]
        seconds.append(estimate.separable_seconds)
        rows = [[*row, second] for row, second in zip_longest(rows, seconds)]
    steps = _written(header, rows)
    return f"{steps}\n{bench(comparison.bench, view)}" if comparison.bench else steps


def separability(result: Separability, view: View) -> str:
    """One row a choice."""
    header = ["path", "kernel", "variant", "macs_ratio", "energy", "lift", "error", "verdict"]
    rows = [
        [layer.path, "x".join(map(str, layer.kernel)), *msgspec.structs.astuple(score), layer.verdict]
        for layer in result.layers
        for score in layer.scores
    ]
    return _written(header, rows)


def footprint(footprint: Footprint, view: View) -> str:
    """One row a step."""
    from convcost.formats import _timeline

    return _written(_timeline.STEP_TITLES, _timeline.steps(footprint))


def planning(planning: Planning, view: View) -> str:
    """One row a replacement; without a plan, one row a point of the front."""
    if planning.plan is None:
        return _written(["macs", "loss", "replaced"], map(msgspec.structs.astuple, planning.front))
    header = ["path", "variant", "macs_before", "macs_after", "loss", "reason"]
    return _written(header, map(msgspec.structs.astuple, planning.plan.replacements))


def widening(widening: Widening, view: View) -> str:
    """One row a model: as it is, under the variant, and as wide as costs the same."""
    metrics = ["macs", "flops", "params", "weight_bytes", "peak_activation_bytes"]
    shown = [("", 1, widening.report), (widening.variant, 1, widening.narrow)]
    rows = [
        [name, width, *(getattr(one.totals, metric) for metric in metrics)]
        for name, width, one in (*shown, (widening.variant, widening.value, widening.wide))
    ]
    return _written(["variant", widening.parameter or "width", *metrics], rows)


def sweep(sweep: Sweep, view: View) -> str:
    """One row a configuration."""
    from convcost.formats import _sweeping

    return _written(_sweeping.header(sweep), _sweeping.raw(sweep, _sweeping.rows(sweep, view)))


def explanation(explanation: Explanation, view: View) -> str:
    """One row a reason; a figure without one has a row too."""
    header = ["tool", "source", "figure", "count", "difference", "what", "rule", "amount"]
    rows = [
        [one.tool, one.source, one.figure, one.count, one.difference, *reason]
        for one in explanation.figures
        for reason in [msgspec.structs.astuple(reason) for reason in one.reasons] or [("", "", 0)]
    ]
    return _written(header, rows)


def bench(bench: Bench, view: View) -> str:
    """One row a candidate; the turns are in JSON."""
    from convcost.formats import _timing

    candidates = _timing.as_dict(bench)["candidates"]
    keys = [key for key in candidates[0] if key != "turns"]
    return _written(keys, ([one[key] for key in keys] for one in candidates))


def calibration(calibration: Calibration, view: View) -> str:
    """One row a kind of operation."""
    from convcost.formats import _timing

    rows = _timing.calibration_as_dict(calibration)["errors"]
    return _written(list(rows[0]), (list(row.values()) for row in rows))


def devices(profiles: Sequence[Device], view: View) -> str:
    """One row a figure."""
    rows = [
        [one.name, one.date, key, figure.value, figure.origin, figure.source]
        for one in profiles
        for key, figure in one.figures.items()
    ]
    return _written(["device", "date", "figure", "value", "origin", "source"], rows)


def device(device: Device, view: View) -> str:
    return devices([device], view)


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_inert, header))
    writer.writerows([_inert(value) for value in row] for row in rows)
    return text.getvalue()


def _inert(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'", printable(value))
