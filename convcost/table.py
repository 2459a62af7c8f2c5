"""Which lines of a report are shown: chosen, grouped by nesting, sorted and cut, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from convcost.cost import Cost, total
from convcost.errors import ConvcostError
from convcost.globs import matches
from convcost.model import Shape
from convcost.report import Report, Row, Separable

if TYPE_CHECKING:
    from convcost.estimate import Timing

SORTS = ("macs", "params", "flops", "weight_bytes", "activation_bytes", "saving", "seconds", "name")


class View(msgspec.Struct, frozen=True):
    """What the reader asked to see, and where. `width` None: as wide as it takes; `terminal`: colours and boxes."""

    sort: str | None = None
    top: int | None = None
    only: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    depth: int | None = None
    separable: bool = True
    flops: bool = False
    raw: bool = False
    front: bool = False
    """Of a sweep, only the configurations on the front."""
    width: int | None = None
    terminal: bool = False
    color: bool = False
    chart: str | None = None
    """Which chart, where a format shows one alone; None: that which stands for the result."""
    device: bool = False
    """Whether times are shown."""


class Line(msgspec.Struct, frozen=True):
    """A leaf layer, or a nested model with the sums of what it holds (`layers` > 0)."""

    path: str
    name: str
    kind: str
    output_shape: Shape | None
    params: int
    trainable_params: int
    cost: Cost
    weight_bytes: int
    activation_bytes: int
    complete: bool = True
    params_complete: bool = True
    separable: Separable | None = None
    timing: Timing | None = None
    speed_up: float | None = None
    """Estimated, where the what-if converts this layer."""
    indent: int = 0
    layers: int = 0

    @property
    def macs(self) -> int:
        return self.cost.macs

    @property
    def flops(self) -> int:
        return self.cost.flops

    @property
    def seconds(self) -> float:
        return self.timing.seconds if self.timing else 0.0

    @property
    def saving(self) -> int:
        """MACs that a separable convolution would save; 0 for all that is not convertible."""
        twin = self.separable
        return self.macs - twin.macs if twin and twin.macs is not None and twin.verdict == "convertible" else 0


def lines(report: Report, view: View) -> list[Line]:
    """The lines to show: chosen, grouped, sorted and cut as the view asks.

    Raises ConvcostError where `only` or `kinds` names nothing in the model.
    """
    rows = [row for row in report.rows if _chosen(row, view)]
    for glob in view.only:
        if not any(matches(glob, row.path) for row in report.rows):
            raise ConvcostError(f"--only {glob}: no layer matches; convcost analyze without it lists them")
    for kind in view.kinds:
        if not any(row.kind == kind for row in report.rows):
            there = ", ".join(sorted({row.kind for row in report.rows}))
            raise ConvcostError(f"--kind {kind}: no layer is one; the model has {there}")
    timings, gains = _timed(report)
    if view.depth is None:
        shown = _sorted([_leaf(row, timings) for row in rows], view.sort)
    else:
        shown = list(_tree(rows, view, timings, prefix=(), indent=0))
    shown = [msgspec.structs.replace(one, speed_up=gains[one.path]) if one.path in gains else one for one in shown]
    return shown[: view.top] if view.top is not None else shown


def _timed(report: Report) -> tuple[Mapping[str, Timing], Mapping[str, float | None]]:
    """The timing of each layer, and the estimated speed-up of those that the what-if converts."""
    if report.estimate is None:
        return {}, {}
    from convcost.speedups import speedup

    gained = speedup(report)
    return report.estimate.by_path, {one.path: one.speed_up for one in gained.changes} if gained else {}


def _chosen(row: Row, view: View) -> bool:
    return (not view.only or any(matches(glob, row.path) for glob in view.only)) and (
        not view.kinds or row.kind in view.kinds
    )


def _leaf(row: Row, timings: Mapping[str, Timing], indent: int = 0, name: str | None = None) -> Line:
    outputs = row.calls[0].outputs if row.calls else ()
    return Line(
        path=row.path,
        name=name or row.path,
        kind=row.kind + (f" ×{len(row.calls)}" if len(row.calls) > 1 else ""),
        output_shape=outputs[0] if outputs else None,
        params=row.params,
        trainable_params=row.trainable_params,
        cost=row.cost or Cost(),
        weight_bytes=row.weight_bytes,
        activation_bytes=row.activation_bytes,
        complete=row.cost is not None,
        params_complete=row.params_known,
        separable=row.separable,
        timing=timings.get(row.path),
        indent=indent,
    )


def _group(path: str, rows: Sequence[Row], timings: Mapping[str, Timing], indent: int) -> Line:
    outputs = rows[-1].calls[0].outputs if rows[-1].calls else ()
    return Line(
        path=path,
        name=path.rpartition("/")[2],
        kind=f"({len(rows)} layers)",
        output_shape=outputs[0] if outputs else None,
        params=sum(row.params for row in rows),
        trainable_params=sum(row.trainable_params for row in rows),
        cost=total(row.cost for row in rows if row.cost),
        weight_bytes=sum(row.weight_bytes for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
        complete=all(row.cost is not None for row in rows),
        params_complete=all(row.params_known for row in rows),
        timing=_together(path, [timings[row.path] for row in rows]) if timings else None,
        indent=indent,
        layers=len(rows),
    )


def _together(path: str, inside: Sequence[Timing]) -> Timing:
    from convcost.estimate import together

    return together(path, inside)


def _tree(
    rows: Sequence[Row], view: View, timings: Mapping[str, Timing], prefix: tuple[str, ...], indent: int
) -> Iterator[Line]:
    """Nested models down to `view.depth`, each above what it holds."""
    here: dict[str, list[Row]] = {}
    for row in rows:
        here.setdefault(_segments(row)[len(prefix)], []).append(row)
    heads: list[Line] = []
    for name, inside in here.items():
        path = (*prefix, name)
        nested = len(_segments(inside[0])) > len(path)
        heads.append(
            _group("/".join(path), inside, timings, indent) if nested else _leaf(inside[0], timings, indent, name)
        )
    for head in _sorted(heads, view.sort):
        yield head
        if head.layers and view.depth is not None and indent + 1 < view.depth:
            yield from _tree(here[head.name], view, timings, (*prefix, head.name), indent + 1)


def _segments(row: Row) -> list[str]:
    """The nested models that a layer is in, and its name, which may itself hold a slash (Keras 2)."""
    around = row.path.removesuffix(row.name).split("/")[:-1]
    return [*around, row.name]


def _sorted(shown: list[Line], sort: str | None) -> list[Line]:
    if sort is None:
        return shown
    if sort == "name":
        return sorted(shown, key=lambda line: line.path)
    return sorted(shown, key=lambda line: getattr(line, sort), reverse=True)
