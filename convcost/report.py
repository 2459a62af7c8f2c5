"""What a model costs, row by row: the data that every format shows. Totals are derived, never stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import msgspec

from convcost.cost import Cost, total
from convcost.memory.fused import Fused
from convcost.model import Layer, Shape, Unknown, Weight, bytes_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from convcost.estimate import Estimate


class CallShapes(msgspec.Struct, frozen=True, gc=False):
    """The shapes of one call of a layer; None where a shape is not known."""

    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]


class Separable(msgspec.Struct, frozen=True):
    """A convolution beside its depthwise separable twin: see `convcost.separability`.

    `macs` and `params` are the twin's, None where there is none. `bound` is g·m·(1/N + 1/k²).
    """

    verdict: str
    macs: int | None = None
    params: int | None = None
    reduction_factor: float | None = None
    bound: float | None = None


class Row(msgspec.Struct, frozen=True):
    """A leaf layer and what it costs over all its calls. `cost` None: no rule counts it (`reason`)."""

    path: str
    layer: Layer
    calls: tuple[CallShapes, ...]
    cost: Cost | None
    weights: tuple[Weight, ...] = ()
    activation_bytes: int = 0
    """Bytes of what it puts out, over all calls."""
    reason: str = ""
    separable: Separable | None = None

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def kind(self) -> str:
        return self.layer.kind

    @property
    def params_known(self) -> bool:
        return not isinstance(self.layer.rule, Unknown) or self.layer.rule.params_known

    @property
    def params(self) -> int:
        return sum([prod(weight.shape) for weight in self.weights])

    @property
    def trainable_params(self) -> int:
        if not self.layer.trainable:
            return 0
        return sum([prod(weight.shape) for weight in self.weights if weight.trainable])

    @property
    def weight_bytes(self) -> int:
        variable = self.layer.policy.variable
        return sum([bytes_of(prod(weight.shape), weight.dtype or variable) for weight in self.weights])


class Live(msgspec.Struct, frozen=True, gc=False):
    """A tensor that is alive: the layer that put it out, and its bytes."""

    layer: str
    bytes: int


class Peak(msgspec.Struct, frozen=True):
    """The step at which most bytes of activations are alive, and what is alive then."""

    bytes: int = 0
    layer: str = ""
    live: tuple[Live, ...] = ()


class Totals(msgspec.Struct, frozen=True):
    """Sums over the rows. With `complete` false, macs and flops are lower bounds."""

    cost: Cost
    params: int
    trainable_params: int
    weight_bytes: int
    peak_activation_bytes: int
    complete: bool
    params_complete: bool

    @property
    def macs(self) -> int:
        return self.cost.macs

    @property
    def flops(self) -> int:
        return self.cost.flops

    @property
    def non_trainable_params(self) -> int:
        return self.params - self.trainable_params


class WhatIf(msgspec.Struct, frozen=True):
    """The same model under a variant: which layers were converted, and what it then costs.

    `refused` says why others that were meant were not; `weights` what becomes of trained weights.
    """

    variant: str
    converted: tuple[str, ...]
    report: Report
    refused: Mapping[str, str] = {}
    weights: str = ""


class CountedAs(msgspec.Struct, frozen=True):
    """The tool whose convention the counts follow (`convcost.conventions.tools`), and what it calls its figures.

    The first stands in the place of MACs; a second, where the tool prints two, in that of FLOPs.
    """

    name: str
    source: str
    figures: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, dict=True):
    """What a model costs: one row a leaf layer, in execution order, and the peak of activations.

    `input_shapes` are per sample, without the batch dimension, by input layer. `run`: the fused steps that the peak is
    of; None where a framework counted.
    """

    name: str
    rows: tuple[Row, ...]
    peak: Peak
    input_shapes: Mapping[str, Shape]
    batch: int = 1
    source: str = ""
    format: str = ""
    warnings: tuple[str, ...] = ()
    what_if: WhatIf | None = None
    convention: CountedAs | None = None
    run: Fused | None = None
    estimate: Estimate | None = None
    """What it takes on a device, where one was named."""

    @property
    def figures(self) -> tuple[str, ...]:
        """What the counts are called: MACs and FLOPs, unless a tool's convention has other names, or one alone."""
        if self.convention is None:
            return ("MACs", "FLOPs")
        return tuple(f"{self.convention.name} {figure}" for figure in self.convention.figures)

    @cached_property
    def totals(self) -> Totals:
        rows = self.rows
        return Totals(
            cost=total(row.cost for row in rows if row.cost is not None),
            params=sum(row.params for row in rows),
            trainable_params=sum(row.trainable_params for row in rows),
            weight_bytes=sum(row.weight_bytes for row in rows),
            peak_activation_bytes=self.peak.bytes,
            complete=all(row.cost is not None for row in rows),
            params_complete=all(row.params_known for row in rows),
        )

    @property
    def uncounted(self) -> tuple[Row, ...]:
        """The rows whose cost is not known."""
        return tuple(row for row in self.rows if row.cost is None)

    def to_dataframe(self) -> DataFrame:
        """A row for each layer, raw, as a pandas DataFrame. Raises MeasureError where pandas is not installed."""
        from convcost import notebook

        return notebook.dataframe(self)

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from convcost import notebook

        return notebook.html(self)


class Saving(msgspec.Struct, frozen=True):
    """What a variant makes of a layer: its MACs before and after."""

    path: str
    before: int
    after: int

    @property
    def macs(self) -> int:
        return self.before - self.after


def savings(report: Report) -> list[Saving]:
    """What the what-if saves, by converted layer, largest first."""
    if report.what_if is None:
        return []
    before = {row.path: row.cost.macs for row in report.rows if row.cost}
    after = dict.fromkeys(report.what_if.converted, 0)
    for path, row in converted_rows(report.what_if):
        if row.cost:
            after[path] += row.cost.macs
    found = [Saving(path, before.get(path, 0), macs) for path, macs in after.items()]
    return sorted(found, key=lambda saving: -saving.macs)


def converted_rows(what_if: WhatIf) -> Iterator[tuple[str, Row]]:
    """What stands in for each converted layer, by the layer's path: one row, or those of a nested model."""
    converted = frozenset(what_if.converted)
    for row in what_if.report.rows:
        path = row.path
        while path and path not in converted:
            path = path.rpartition("/")[0]
        if path:
            yield path, row
