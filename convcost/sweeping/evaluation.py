"""All configurations of a sweep through the rules that cost one model, thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from convcost.errors import ConvcostError
from convcost.layers.arithmetic import DataFormat, join, split
from convcost.many import largest
from convcost.memory.fused import Fused
from convcost.memory.live_set import peak_of, walk
from convcost.model import Model, Shape
from convcost.profile import declared_shape, without_peak
from convcost.report import Report
from convcost.sweeping.axes import Axis, places
from convcost.sweeping.grid import Grid, Numbers, Parting
from convcost.telling import Tell
from convcost.variants import apply, parse

TITLES = {
    "macs": "MACs",
    "flops": "FLOPs",
    "params": "params",
    "weight_bytes": "weights",
    "peak_activation_bytes": "peak activations",
    "separable_macs": "separable MACs",
}
METRICS = tuple(TITLES)

AT_A_TIME = 8192
"""Configurations in one pass: their arrays fit into a processor's cache, and all of a model's into memory."""

Reader = Callable[[Mapping[str, Any]], Model]
"""The model under given parameters."""


class Figures(msgspec.Struct, frozen=True):
    """What a pass comes to: a number by metric, which may stand for many, and what all its configurations share."""

    by_metric: Mapping[str, Any]
    complete: bool
    structure: Hashable


class Evaluated(msgspec.Struct, frozen=True):
    """By metric, a figure for every configuration (None: it is not valid, and `reasons` says why)."""

    columns: Mapping[str, list[int | None]]
    complete: list[bool]
    reasons: list[str]
    structures: frozenset[Hashable]
    passes: int


def evaluated(count: int, figures: Callable[[Numbers], Figures], tell: Tell | None = None) -> Evaluated:
    """What `figures` says of configurations 0 to `count`, asked for as many at a time as go the same way."""
    columns = {metric: np.full(count, None, dtype=object) for metric in METRICS}
    complete, reasons = np.ones(count, dtype=bool), np.full(count, "", dtype=object)
    structures: set[Hashable] = set()
    waiting = [np.arange(start, min(start + AT_A_TIME, count)) for start in range(0, count, AT_A_TIME)][::-1]
    passes = done = 0
    while waiting:
        part = waiting.pop()
        if tell:
            tell(done, count, "configurations")
        passes += 1
        try:
            found = figures(part)
        except Parting as parting:
            waiting += _parted(part, parting.labels)
            continue
        except ConvcostError as error:
            if error.__cause__ is not None and len(part) > 1:
                # Arithmetic failed, and nobody compared a size: it may be the number for many that a rule cannot take.
                waiting += _parted(part, np.arange(len(part)))
                continue
            reasons[part] = str(error)
        else:
            for metric, value in found.by_metric.items():
                columns[metric][part] = value.values.astype(object) if isinstance(value, Grid) else value
            complete[part] = found.complete
            structures.add(found.structure)
        done += len(part)
    return Evaluated(
        {metric: column.tolist() for metric, column in columns.items()},
        complete.tolist(),
        reasons.tolist(),
        frozenset(structures),
        passes,
    )


def _parted(part: Numbers, labels: Numbers) -> Iterator[Numbers]:
    """The configurations of `part`, those with the same label together."""
    order = np.argsort(labels, kind="stable")
    ends = np.flatnonzero(np.diff(labels[order])) + 1
    yield from np.split(part[order], ends)


def costing(read: Reader, axes: Sequence[Axis], batch: int, separable: bool) -> Callable[[Numbers], Figures]:
    """What the model of `read` costs in configurations of these numbers."""

    def figures(numbers: Numbers) -> Figures:
        values = [(axis, axis.at(where)) for axis, where in zip(axes, places(axes, numbers), strict=True)]
        model = read({axis.name: value for axis, value in values if axis.of == "parameter"})
        shapes = {
            axis.name: value if isinstance(value, tuple) else image(model, axis.name, value)
            for axis, value in values
            if axis.of == "input"
        }
        report, graph = without_peak(model, shapes, batch)
        totals = report.totals
        by_metric = {metric: getattr(totals, metric) for metric in METRICS[:4]}
        by_metric["peak_activation_bytes"] = most_alive(graph)
        if separable:
            by_metric["separable_macs"] = separable_macs(model, report)
        return Figures(by_metric, totals.complete, tuple((row.path, row.kind) for row in report.rows))

    return figures


def separable_macs(model: Model, report: Report) -> int:
    """MACs with every convolution separable that becomes cheaper by it."""
    done = apply(model, report, [parse("separable")])
    return (
        without_peak(done.model, report.input_shapes, report.batch)[0].totals.macs
        if done.converted
        else report.totals.macs
    )


def most_alive(graph: Fused) -> int:
    """The peak of activation bytes, wherever it is."""
    moments = [now for _, now, _ in walk(graph)]
    return largest(0, *moments) if moments else peak_of(graph).bytes


def image(model: Model, name: str, size: int) -> Shape:
    """The shape of an input whose spatial sizes all are `size`, in the model's own layout and channels."""
    ref = next((ref for ref in model.inputs if name in ("", ref.layer)), None)
    declared = declared_shape(model, ref) if ref is not None else None
    if declared is None:
        return (size,)  # which the profile refuses, and says what is missing
    if len(declared) == 1:
        return (size,)
    batch, spatial, channels = split((1, *declared), layout_of(model))  # type: ignore[arg-type]
    if channels is None:
        raise ConvcostError(f"{model.source}: input {name!r} leaves its channels open: give shapes such as 224x224x3")
    return join(batch, (size,) * len(spatial), channels, layout_of(model))[1:]


def layout_of(model: Model) -> DataFormat:
    """Where the channels are: the data_format of the first layer that has one."""
    formats = (getattr(rule, "data_format", None) for rule in _rules(model))
    return next((one for one in formats if one is not None), "channels_last")


def _rules(model: Model) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer.rule, Model):
            yield from _rules(layer.rule)
        else:
            yield layer.rule
