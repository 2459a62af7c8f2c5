"""Two reports of one model, layer by layer: what our rules say, and what its framework has and multiplies.

Params are compared, trainable params, MACs, and the shapes of all outputs. Where the framework's report looks into a
layer and ours does not, what the layer holds is added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from convcost.model import Shape, Unknown
from convcost.report import Report, Row

Value = int | str | tuple[Shape, ...]
"""A count, the shapes of outputs (batch first), or whether a layer is there."""


class Disagreement(msgspec.Struct, frozen=True):
    """A layer, what of it differs (layer, params, trainable params, MACs, outputs), and both values."""

    path: str
    kind: str
    what: str
    ours: Value
    theirs: Value


class Explained(msgspec.Struct, frozen=True):
    """A layer of which the framework is known to multiply something else than it defines, and why."""

    path: str
    kind: str
    ours: int
    theirs: int
    reason: str


class Verification(msgspec.Struct, frozen=True):
    """What came of the comparison. `by` names the framework; `uncounted` are rows whose MACs one side does not know."""

    ours: Report
    theirs: Report
    by: str
    disagreements: tuple[Disagreement, ...] = ()
    explained: tuple[Explained, ...] = ()
    uncounted: tuple[Row, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.disagreements

    @property
    def complete(self) -> bool:
        return not self.uncounted


def verified(ours: Report, theirs: Report, by: str, known: Mapping[str, str]) -> Verification:
    """Compare two reports of one model. `known`: by kind, why the framework multiplies something else."""
    disagreements: list[Disagreement] = []
    explained: list[Explained] = []
    uncounted: list[Row] = []
    there = _Rows(theirs)
    for row in ours.rows:
        group = there.taken(row)
        if row.kind == "InputLayer":
            continue
        if not group:
            disagreements.append(Disagreement(row.path, row.kind, "layer", "there", "not called"))
            continue
        disagreements += _differing(row, group)
        if row.cost is None or any(one.cost is None for one in group):
            uncounted.append(row)
            continue
        macs = sum(one.cost.macs for one in group if one.cost is not None)
        if macs != row.cost.macs and row.kind in known:
            explained.append(Explained(row.path, row.kind, row.cost.macs, macs, known[row.kind]))
        elif macs != row.cost.macs:
            disagreements.append(Disagreement(row.path, row.kind, "MACs", row.cost.macs, macs))
    disagreements += there.left()
    return Verification(ours, theirs, by, tuple(disagreements), tuple(explained), tuple(uncounted))


class _Rows:
    """The rows of the framework's report, each to be compared once."""

    def __init__(self, report: Report) -> None:
        self.rows = {row.path: row for row in report.rows}

    def taken(self, row: Row) -> list[Row]:
        """The row at the same path, or all rows below it.

        Keras does not keep the names of operations in a file: one goes with any of its kind in the same model, if there
        is a choice with one that puts out the same.
        """
        around = row.path.removesuffix(row.name)
        alike = [
            one
            for one in self.rows.values()
            if row.kind.startswith("ops.") and one.kind == row.kind and one.path.removesuffix(one.name) == around
        ]
        if alike:
            same = [one for one in alike if _outputs(one) == _outputs(row)]
            return [self.rows.pop((same or alike)[0].path)]
        if row.path in self.rows:
            return [self.rows.pop(row.path)]
        return [self.rows.pop(path) for path in list(self.rows) if path.startswith(f"{row.path}/")]

    def left(self) -> Iterator[Disagreement]:
        """What our report does not know of, if it has params or MACs."""
        for row in self.rows.values():
            macs = row.cost.macs if row.cost is not None else 0
            if row.params or macs:
                yield Disagreement(row.path, row.kind, "layer", "not there", f"{row.params:,} params, {macs:,} MACs")


def _differing(row: Row, group: list[Row]) -> Iterator[Disagreement]:
    """Where params and shapes differ. The weights file of a layer without a rule does not say what is trainable."""
    params = sum(one.params for one in group)
    if row.params_known and params != row.params:
        yield Disagreement(row.path, row.kind, "params", row.params, params)
    trainable = sum(one.trainable_params for one in group)
    if not isinstance(row.layer.rule, Unknown) and trainable != row.trainable_params:
        yield Disagreement(row.path, row.kind, "trainable params", row.trainable_params, trainable)
    if len(group) == 1 and group[0].kind == row.kind:
        ours, theirs = _outputs(row), _outputs(group[0])
        if ours and theirs and ours != theirs:
            yield Disagreement(row.path, row.kind, "outputs", ours, theirs)


def _outputs(row: Row) -> tuple[Shape, ...]:
    """The shapes of all outputs of all calls, in whatever order the calls run; none where one is not known."""
    shapes = [shape for call in row.calls for shape in call.outputs]
    known = [shape for shape in shapes if shape is not None]
    return tuple(sorted(known)) if len(known) == len(shapes) else ()
