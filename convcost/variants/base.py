"""What every variant is: a way to build an ordinary convolution out of others, and how it goes over a model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import ClassVar, Literal

import msgspec

from convcost.cost import total
from convcost.errors import ConvcostError
from convcost.layers.arithmetic import prod, split
from convcost.layers.passing import InputLayer
from convcost.model import Call, Layer, Model, Ref, Shape
from convcost.profile import profile
from convcost.report import Report, Row
from convcost.variants.replacing import StandIn, chain, replaced
from convcost.variants.steps import Conv


class NotApplicableError(ConvcostError):
    """A variant cannot stand in for this layer; the message says why."""


class Conversion(msgspec.Struct, frozen=True):
    """A model under variants: what each converted layer became, by path, and why others that could be meant did not."""

    model: Model
    variants: Mapping[str, BaseVariant]
    refused: Mapping[str, str] = {}

    @property
    def converted(self) -> tuple[str, ...]:
        return tuple(self.variants)


class BaseVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a variant are its fields; `stand_in` says what takes a convolution's place.

    `weights` says what becomes of trained weights: `fitted` in closed form, or `initialised` anew.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]
    weights: ClassVar[Literal["fitted", "initialised"]]
    fit: ClassVar[str | None] = None
    """The fit of `convcost.kernels.fits` that gives the weights; None where there is no closed form."""

    def rank(self, rule: Conv, shape: Shape) -> int:
        """The rank of that fit for `rule` on inputs of `shape`."""
        return 1

    def stand_in(self, rule: Conv, shape: Shape) -> StandIn:
        """What takes the place of `rule` on inputs of `shape` (batch first). Raises NotApplicableError."""
        raise NotImplementedError

    def apply(self, model: Model, report: Report, wanted: Callable[[str], bool], always: bool = False) -> Conversion:
        """`model` with every ordinary convolution at a wanted path converted, where that saves MACs (or `always`).

        `report` is the model's profile: it tells the shapes that the layers see.
        """
        by: dict[str, StandIn] = {}
        refused: dict[str, str] = {}
        seen: dict[Hashable, tuple[StandIn, int] | NotApplicableError] = {}
        for row in report.rows:
            if not (wanted(row.path) and is_ordinary(row)):
                continue
            key = what_it_sees(row)
            if key not in seen:
                seen[key] = self._priced(row)
            found = seen[key]
            if isinstance(found, NotApplicableError):
                refused[row.path] = str(found)
            elif always or found[1] < (row.cost.macs if row.cost else 0):
                by[row.path] = found[0]
        return Conversion(replaced(model, by), dict.fromkeys(by, self), refused)

    def _priced(self, row: Row) -> tuple[StandIn, int] | NotApplicableError:
        try:
            made = self.made_for(row)
        except NotApplicableError as error:
            return error
        return made, macs_of(made, row)

    def made_for(self, row: Row) -> StandIn:
        """The stand-in for a row's layer. Raises NotApplicableError."""
        rule, shape = row.layer.rule, row.calls[0].inputs[0]
        assert isinstance(rule, Conv) and shape is not None
        return self.stand_in(rule, shape)


def channels_of(row: Row) -> int:
    """The channels that a convolution's row sees."""
    rule, shape = row.layer.rule, row.calls[0].inputs[0]
    assert isinstance(rule, Conv) and shape is not None
    return split(shape, rule.layout)[2]


def what_it_sees(row: Row) -> Hashable:
    """A layer's settings and the shapes that it sees: layers that are alike in both cost the same under a variant."""
    key = (row.layer.rule, tuple(call.inputs for call in row.calls))
    try:
        hash(key)
    except TypeError:  # an activation that is a record of its own
        return row.path
    return key


def is_ordinary(row: Row) -> bool:
    """Whether a row is a convolution with a window, one group, and a known cost."""
    rule = row.layer.rule
    return isinstance(rule, Conv) and row.cost is not None and rule.groups == 1 and prod(rule.kernel) > 1


def macs_of(stand_in: StandIn, row: Row) -> int:
    """MACs of a stand-in over all calls of a row."""
    return sum(totals(stand_in, call.inputs[0])[0] for call in row.calls if call.inputs[0] is not None)


def measured(stand_in: StandIn, row: Row) -> dict[str, int]:
    """What a stand-in costs over all calls of a row, by metrics that add up over layers."""
    layer = msgspec.structs.replace(row.layer, name="layer", calls=(Call((Ref("input"),)),))
    entry = Layer("input", "InputLayer", InputLayer(), (Call(),), policy=layer.policy)
    alone = Model("alone", (entry, layer), (Ref("input"),), (Ref("layer"),))
    made = replaced(alone, {"layer": stand_in})
    reports = [profile(made, {"": call.inputs[0][1:]}, call.inputs[0][0]) for call in row.calls if call.inputs[0]]
    cost = total(report.totals.cost for report in reports)
    sizes = reports[0].totals
    return {"macs": cost.macs, "flops": cost.flops, "params": sizes.params, "weight_bytes": sizes.weight_bytes}


def totals(stand_in: StandIn, shape: Shape) -> tuple[int, int]:
    """MACs and params of a stand-in on an input of this shape (batch first)."""
    if not isinstance(stand_in, Model):
        params = sum(prod(weight.shape) for weight in stand_in.weights(shape))
        return stand_in.cost(shape).macs, params
    sums = profile(stand_in, {"": shape[1:]}, batch=shape[0]).totals
    return sums.macs, sums.params


__all__ = ["BaseVariant", "Conversion", "NotApplicableError", "StandIn", "chain", "is_ordinary", "totals"]
