"""The columns of the table: one list feeds every format that has rows. To add a column, add a `Column` to `COLUMNS`."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import msgspec

from convcost import units
from convcost.report import Report
from convcost.table import Line, View
from convcost.units import printable

WIDE = 100
WIDEST = 132
ENDLESS = 160
"""The least width at which everything fits; that of files and pipes."""
BAR_CELLS = 6

Show = Callable[[Line, Report, View], str]
Value = Callable[[Line, Report], Any]


class Column(msgspec.Struct, frozen=True):
    """A column: `text` as people read it, `value` as a machine does (None: people alone see this column).

    In its title, {0} and {1} stand for the names of the figures, MACs and FLOPs.
    It is shown where the width is at least `at` and less than `below`, and the view has a use for it. Where times take
    their room, the width must be at least `beside_times`, if there is one.
    """

    key: str
    title: str
    text: Show
    value: Value | None
    right: bool = True
    at: int = 0
    below: int | None = None
    wanted: Callable[[View], bool] | None = None
    beside_times: float | None = None

    def shown(self, view: View) -> bool:
        least = self.at if self.beside_times is None or not view.device else self.beside_times
        below = inf if self.below is None else self.below
        return least <= (view.width or ENDLESS) < below and (self.wanted is None or self.wanted(view))


def columns(view: View, figures: tuple[str, ...] = ("MACs", "FLOPs")) -> list[Column]:
    """The columns that people see, for a view; `figures` is what the report calls its counts."""
    return _titled([column for column in COLUMNS if column.shown(view)], figures)


def all_columns(view: View, figures: tuple[str, ...] = ("MACs", "FLOPs")) -> list[Column]:
    """The columns that a view has a use for, where width does not matter."""
    chosen = [column for column in COLUMNS if column.wanted is None or column.wanted(view)]
    return _titled([column for column in chosen if column.value is not None], figures)


def _titled(shown: list[Column], figures: tuple[str, ...]) -> list[Column]:
    if len(figures) == 1:
        shown = [column for column in shown if column.key != "flops"]
    return [msgspec.structs.replace(column, title=column.title.format(*figures)) for column in shown]


def values(view: View) -> list[tuple[str, Value]]:
    """The columns that a machine reads: key and value, whatever the width."""
    return [
        (column.key, column.value)
        for column in COLUMNS
        if column.value is not None and (column.wanted is None or column.wanted(view))
    ]


def bar(part: int, whole: int, cells: int = BAR_CELLS) -> str:
    """A bar of at most so many cells, in eighths."""
    eighths = round(8 * cells * part / whole) if whole else 0
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _name(line: Line, _report: Report, _view: View) -> str:
    return "  " * line.indent + printable(line.name)


def _macs(line: Line, _report: Report, view: View) -> str:
    if line.complete:
        return units.count(line.macs, view.raw)
    return f"≥ {units.count(line.macs, view.raw)}" if line.layers else "?"


def _flops(line: Line, _report: Report, view: View) -> str:
    if line.complete:
        return units.count(line.flops, view.raw)
    return f"≥ {units.count(line.flops, view.raw)}" if line.layers else "?"


def _share(line: Line, report: Report, view: View) -> str:
    whole = report.totals.macs
    share = units.percent(line.macs, whole) if line.complete else "?"
    narrow = view.width is not None and view.width < WIDE
    return f"{share:>7}" if narrow else f"{bar(line.macs, whole):<{BAR_CELLS}} {share:>7}"


def _factor_or_verdict(line: Line, _report: Report, _view: View) -> str:
    twin = line.separable
    if twin is None:
        return ""
    return units.factor(twin.reduction_factor) if twin.reduction_factor else twin.verdict.removeprefix("already_")


def _twin_macs(line: Line, _report: Report, view: View) -> str:
    return units.count(line.separable.macs, view.raw) if line.separable and line.separable.macs is not None else ""


def _factor(line: Line, _report: Report, _view: View) -> str:
    return units.factor(line.separable.reduction_factor) if line.separable and line.separable.reduction_factor else ""


def _twin_bound(line: Line, _report: Report, _view: View) -> str:
    return f"{line.separable.bound:.4f}" if line.separable and line.separable.bound else ""


def _twin_verdict(line: Line, _report: Report, _view: View) -> str:
    return line.separable.verdict.replace("_", " ") if line.separable else ""


def _time(line: Line, _report: Report, _view: View) -> str:
    timing = line.timing
    if timing is None or (not timing.operations and timing.known):
        return ""  # it is done in another layer's operation, or has nothing to do
    if not timing.known:
        return f"≥ {units.duration(timing.seconds)}" if line.layers else "?"
    return units.duration(timing.seconds)


def _time_share(line: Line, report: Report, view: View) -> str:
    if line.timing is None or report.estimate is None or not line.timing.operations:
        return ""
    share = report.estimate.share(line.timing)
    narrow = view.width is not None and view.width < WIDE
    drawn = "" if narrow else f"{bar(round(share * 10**6), 10**6):<{BAR_CELLS}} "
    return f"{drawn}{100 * share:>5.1f} %"


def _limited_by(line: Line, _report: Report, _view: View) -> str:
    if line.timing is None:
        return ""
    return "fused" if line.timing.fused_into else line.timing.limited_by or ""


def _moved(line: Line, _report: Report, view: View) -> str:
    return units.size(line.timing.bytes, view.raw) if line.timing and line.timing.operations else ""


def _intensity(line: Line, _report: Report, _view: View) -> str:
    intensity = line.timing.intensity if line.timing else None
    return f"{intensity:.1f}" if intensity else ""


def _of_timing(attribute: str) -> Value:
    """A value of what a layer's operations take; None where it has none of its own."""
    return lambda line, _report: getattr(line.timing, attribute) if line.timing and line.timing.operations else None


def _of_twin(attribute: str) -> Value:
    return lambda line, _report: getattr(line.separable, attribute) if line.separable else None


def _wants_separable(view: View) -> bool:
    return view.separable


def _wants_times(view: View) -> bool:
    return view.device


def _wants_gain(view: View) -> bool:
    return view.device and view.separable


COLUMNS: tuple[Column, ...] = (
    Column("path", "layer", _name, lambda line, _r: line.path, right=False),
    Column(
        "kind",
        "kind",
        lambda line, _r, _v: line.kind,
        lambda line, _r: line.kind,
        right=False,
        at=WIDE,
        beside_times=WIDEST,
    ),
    Column(
        "output_shape",
        "output",
        lambda line, _r, _v: units.shape(line.output_shape),
        lambda line, _r: units.shape(line.output_shape),
    ),
    Column(
        "params",
        "params",
        lambda line, _r, view: units.count(line.params, view.raw) if line.params_complete else "?",
        lambda line, _r: line.params if line.params_complete else None,
        beside_times=inf,
    ),
    Column("macs", "{0}", _macs, lambda line, _r: line.macs if line.complete else None),
    Column(
        "flops",
        "{1}",
        _flops,
        lambda line, report: line.flops if line.complete and len(report.figures) > 1 else None,
        wanted=lambda view: view.flops,
    ),
    Column(
        "share",
        "share of {0}",
        _share,
        lambda line, report: round(line.macs / report.totals.macs, 6) if report.totals.macs else 0.0,
        right=False,
        beside_times=ENDLESS,
    ),
    Column("separable", "separable", _factor_or_verdict, None, below=WIDEST, wanted=_wants_separable),
    Column("factor", "separable", _factor_or_verdict, None, at=WIDEST, wanted=_wants_gain),
    Column(
        "separable_macs",
        "separable",
        _twin_macs,
        _of_twin("macs"),
        at=WIDEST,
        wanted=_wants_separable,
        beside_times=inf,
    ),
    Column(
        "reduction_factor",
        "factor",
        _factor,
        _of_twin("reduction_factor"),
        at=WIDEST,
        wanted=_wants_separable,
        beside_times=inf,
    ),
    Column("bound", "bound", _twin_bound, _of_twin("bound"), at=WIDEST, wanted=_wants_separable, beside_times=inf),
    Column(
        "verdict",
        "verdict",
        _twin_verdict,
        _of_twin("verdict"),
        right=False,
        at=WIDEST,
        wanted=_wants_separable,
        beside_times=inf,
    ),
    Column("bytes_moved", "moves", _moved, _of_timing("bytes"), at=ENDLESS, wanted=_wants_times),
    Column("intensity", "FLOP/B", _intensity, _of_timing("intensity"), at=WIDEST, wanted=_wants_times),
    Column("limited_by", "limit", _limited_by, _of_timing("limited_by"), right=False, wanted=_wants_times),
    Column("estimated_seconds", "est. time", _time, _of_timing("seconds"), wanted=_wants_times),
    Column(
        "time_share",
        "share of time",
        _time_share,
        lambda line, report: round(report.estimate.share(line.timing), 6) if report.estimate and line.timing else None,
        right=False,
        at=WIDE,
        wanted=_wants_times,
    ),
    Column(
        "estimated_speed_up",
        "est. speed-up",
        lambda line, _r, _v: units.factor(line.speed_up) if line.speed_up else "",
        lambda line, _r: line.speed_up,
        at=WIDEST,
        wanted=_wants_gain,
    ),
)


class Sum(msgspec.Struct, frozen=True):
    """A line of the totals: as it is, with every convertible layer separable (None: no such layer), and the factor."""

    what: str
    now: str
    then: str | None = None
    factor: str = ""


def sums(report: Report, view: View) -> list[Sum]:
    """The totals of a report as people read them; `≥` where a layer is not counted."""
    now = report.totals
    what_if = report.what_if if view.separable and report.what_if and report.what_if.converted else None
    then = what_if.report.totals if what_if else None

    def line(what: str, attribute: str, show: Callable[[int, bool], str], complete: bool) -> Sum:
        least = "" if complete else "≥ "
        before = getattr(now, attribute)
        if then is None:
            return Sum(what, least + show(before, view.raw))
        after = getattr(then, attribute)
        factor = units.factor(before / after) if after else ""
        return Sum(what, least + show(before, view.raw), least + show(after, view.raw), factor)

    macs, *flops = report.figures
    peak = line("peak activations", "peak_activation_bytes", units.size, now.complete)
    return [
        line(macs, "macs", units.count, now.complete),
        line(flops[0], "flops", units.count, now.complete) if flops else Sum("FLOPs", "—"),
        line("params", "params", units.count, now.params_complete),
        line("trainable params", "trainable_params", units.count, now.params_complete),
        line("weights", "weight_bytes", units.size, now.params_complete),
        peak if now.peak_activation_bytes else Sum("peak activations", "?"),  # a program without layers has no steps
    ]


def time_sum(report: Report, view: View) -> Sum | None:
    """The estimated time as people read it; None where there is no estimate."""
    now = report.estimate
    if now is None:
        return None
    what_if = report.what_if if view.separable and report.what_if and report.what_if.converted else None
    then = what_if.report.estimate if what_if else None
    least = "" if now.complete else "≥ "
    shown = least + units.duration(now.seconds)
    if then is None:
        return Sum("estimated time", shown)
    factor = units.factor(now.seconds / then.seconds) if then.seconds else ""
    return Sum("estimated time", shown, least + units.duration(then.seconds), factor)
