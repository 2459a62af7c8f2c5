"""What a device must hold to run a model: its weights, and step by step the activations that are alive."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from convcost.errors import ConvcostError
from convcost.layers.base import Kind
from convcost.memory.arena import Arena
from convcost.memory.live_set import Moment, timeline
from convcost.memory.reordering import Reordering, reordered
from convcost.model import DTYPE_BITS, Layer, Model, Policy, Shape, Unknown, Weight
from convcost.profile import followed
from convcost.report import Report

RAM, FLASH = "RAM", "flash"


class Limit(msgspec.Struct, frozen=True):
    """What there is of a kind of memory, and what the model needs of it. `known` False: it needs that much at least."""

    what: str
    allowed: int
    needed: int
    known: bool = True

    @property
    def over_by(self) -> int:
        """Bytes that are missing; negative: that are to spare."""
        return self.needed - self.allowed

    @property
    def fits(self) -> bool | None:
        """None: it cannot be told."""
        if self.over_by > 0:
            return False
        return True if self.known else None


class Footprint(msgspec.Struct, frozen=True):
    """Weights and activations of a model. `dtype` None: each layer's own policy.

    `moments` are the fused steps, in the better order where one was looked for (`reordering`).
    """

    report: Report
    moments: tuple[Moment, ...]
    dtype: str | None = None
    reordering: Reordering | None = None
    ram: int | None = None
    flash: int | None = None
    arena: Arena | None = None
    """What a runtime would plan; it is then what the limit of RAM is for."""

    @property
    def peak(self) -> Moment | None:
        """The first step at which most bytes are alive; None where nothing is computed."""
        return max(self.moments, key=lambda moment: moment.bytes, default=None)

    @property
    def peak_bytes(self) -> int:
        return self.peak.bytes if self.peak else self.report.peak.bytes

    @property
    def weight_bytes(self) -> int:
        return self.report.totals.weight_bytes

    @property
    def activations_known(self) -> bool:
        calls = (call for row in self.report.rows for call in row.calls)
        return all(shape is not None for call in calls for shape in call.outputs)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that were given, against what the model needs: activations in RAM, weights in flash."""
        limits = []
        if self.ram is not None:
            needed = self.arena.bytes if self.arena else self.peak_bytes
            limits.append(Limit(RAM, self.ram, needed, self.arena is not None or self.activations_known))
        if self.flash is not None:
            limits.append(Limit(FLASH, self.flash, self.weight_bytes, self.report.totals.params_complete))
        return tuple(limits)


def footprint(
    model: Model,
    input_shapes: Mapping[str, Shape] | None = None,
    batch: int = 1,
    *,
    dtype: str | None = None,
    reorder: bool = False,
    ram: int | None = None,
    flash: int | None = None,
    arena: Arena | None = None,
) -> Footprint:
    """The weights and the live activations of a model.

    Args:
        dtype: of weights and activations that are floats, instead of what the layers' policies say.
        reorder: look for the execution order with the least peak.
        ram: bytes that there are for activations.
        flash: bytes that there are for weights.
        arena: what a runtime plans for this model (`convcost.memory.runtime_plan`).

    Raises ConvcostError as `profile` does, and where `dtype` is no type.
    """
    if dtype is not None:
        model = with_dtype(model, dtype)
    report, graph = followed(model, input_shapes, batch)
    found = reordered(graph) if reorder else None
    try:
        moments = timeline(graph, found.order if found else None)
    except ConvcostError as error:
        raise ConvcostError(f"{model.source}: {error}") from None
    return Footprint(report, moments, dtype, found, ram, flash, arena)


def with_dtype(model: Model, dtype: str) -> Model:
    """`model` with all floats, variables and activations, as `dtype`. Integers (indices, say) stay what they are.

    Raises ConvcostError where there is no such type.
    """
    if dtype not in DTYPE_BITS:
        raise ConvcostError(f"dtype: got {dtype!r}, allowed: {', '.join(DTYPE_BITS)}")

    layers = tuple(_retyped(layer, dtype) for layer in model.layers)
    recorded = {
        ref: msgspec.structs.replace(told, dtype=_turned(told.dtype, dtype)) for ref, told in model.recorded.items()
    }
    return msgspec.structs.replace(model, layers=layers, recorded=recorded)


def _turned(name: str, dtype: str) -> str:
    return dtype if "float" in name else name


def _retyped(layer: Layer, dtype: str) -> Layer:
    """`layer` with its floats as `dtype`, and those of the layers that it holds."""
    rule = layer.rule
    if isinstance(rule, Model):
        rule = with_dtype(rule, dtype)
    elif isinstance(rule, Unknown):
        rule = msgspec.structs.replace(rule, weights=_retyped_weights(rule.weights, dtype))
    elif isinstance(rule, Kind):
        held = {name: getattr(rule, name) for name in rule.inner}
        inside = {name: _retyped(one, dtype) for name, one in held.items() if isinstance(one, Layer)}
        rule = msgspec.structs.replace(rule, **inside) if inside else rule
    policy = Policy(_turned(layer.policy.variable, dtype), _turned(layer.policy.compute, dtype))
    stored = None if layer.stored is None else _retyped_weights(layer.stored, dtype)
    return msgspec.structs.replace(layer, policy=policy, rule=rule, stored=stored)


def _retyped_weights(weights: tuple[Weight, ...], dtype: str) -> tuple[Weight, ...]:
    return tuple(
        msgspec.structs.replace(weight, dtype=weight.dtype and _turned(weight.dtype, dtype)) for weight in weights
    )
