"""Make it bigger instead: the width at which a model under a variant costs what the model itself does.

Of a spec, a parameter is the width. Of any other graph it is a multiplier for the filters of every convolution, rounded
to multiples of 8 (`make_divisible`, arXiv 1801.04381); what has no filters of its own follows. Layers that the model's
outputs hang on directly keep theirs: they are classes, or the channels of an image; so do the units of Dense layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import msgspec

from convcost.errors import ConvcostError
from convcost.expressions import make_divisible
from convcost.layers.convolution import BaseConv, BaseConvTranspose, BaseSeparableConv
from convcost.layers.passing import InputLayer
from convcost.layers.reshaping import Reshape
from convcost.model import Layer, Model, Ref, Shape, Unknown
from convcost.profile import profile
from convcost.report import Report
from convcost.variants import Choice, apply

STEPS = 100
"""Widths are hundredths."""
WIDEST = 64
METRICS = ("macs", "flops", "params", "weight_bytes")

Filtered = BaseConv | BaseSeparableConv | BaseConvTranspose


class Widening(msgspec.Struct, frozen=True):
    """A model, the same under a variant, and that one widened to cost, in `metric`, at most what the model does.

    `parameter` is what was changed: that of a spec, or "" for the multiplier of all filters.
    """

    report: Report
    variant: str
    narrow: Report
    wide: Report
    metric: str
    parameter: str
    value: float


Reader = Callable[[Fraction], Model]


class ForbiddenError(ConvcostError):
    """A graph cannot be widened; the message names the layer with the fixed size."""


def widening(
    model: Model,
    report: Report,
    choices: Sequence[Choice],
    keep: Sequence[str],
    metric: str,
    parameter: str | None,
    read: Reader,
) -> Widening:
    """See `convcost.api.widen`. `read` gives the model at a value of the parameter."""
    if metric not in METRICS:
        raise ConvcostError(f"metric {metric!r}: allowed: {', '.join(METRICS)}")
    shapes, batch = report.input_shapes, report.batch
    narrow = apply(model, report, choices, keep).model
    narrow_report = profile(narrow, shapes, batch)

    def wide(width: Fraction) -> Report:
        if parameter is None:
            return widened(narrow, narrow_report, width)
        wider = read(width)
        return profile(apply(wider, profile(wider, shapes, batch), choices, keep).model, shapes, batch)

    value = widest(lambda width: int(getattr(wide(width).totals, metric)), getattr(report.totals, metric))
    variant = " ".join(map(str, choices))
    return Widening(report, variant, narrow_report, wide(value), metric, parameter or "", float(value))


def widest(cost: Callable[[Fraction], int], most: int) -> Fraction:
    """The largest width, in hundredths, at which `cost`, which does not fall, is at most `most`."""
    low, high = STEPS, 2 * STEPS
    while cost(Fraction(low, STEPS)) > most:  # a variant that costs more
        low, high = low // 2, low
        if low < 1:
            raise ConvcostError(f"even a hundredth of the width costs more than {most:,}")
    while cost(Fraction(high, STEPS)) <= most:
        low, high = high, 2 * high
        if high > WIDEST * STEPS:
            raise ConvcostError(f"{WIDEST} times the width costs no more than {most:,}: it does not hang on the width")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(Fraction(middle, STEPS)) <= most else (low, middle)
    return Fraction(low, STEPS)


def widened(model: Model, report: Report, width: Fraction) -> Report:
    """The profile of `model`, which is `report` as it is, with the filters of its convolutions multiplied.

    Raises ForbiddenError where a layer has a fixed size that does not go with it.
    """
    heads, _ = _heads(model, model.outputs, "")
    for row in report.rows:
        if isinstance(row.layer.rule, BaseConv) and row.layer.rule.groups > 1:
            raise ForbiddenError(
                f"{report.name} cannot be widened: layer {row.path!r} has groups, which would have to follow"
            )
    wide = _scaled(model, width, heads, "")
    try:
        then = profile(wide, report.input_shapes, report.batch)
    except ConvcostError as error:
        raise ForbiddenError(f"{report.name} cannot be widened: {error}") from None
    _check_fixed(report, then)
    return then


def _scaled(model: Model, width: Fraction, heads: set[str], prefix: str) -> Model:
    layers = []
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer.rule, Model):
            layer = msgspec.structs.replace(layer, rule=_scaled(layer.rule, width, heads, f"{path}/"))
        elif isinstance(layer.rule, Filtered) and path not in heads:
            filters = make_divisible(float(layer.rule.filters * width))
            layer = msgspec.structs.replace(layer, rule=msgspec.structs.replace(layer.rule, filters=filters))
        layers.append(layer)
    return msgspec.structs.replace(model, layers=tuple(layers), recorded={})


def _heads(model: Model, outputs: Sequence[Ref], prefix: str) -> tuple[set[str], set[str]]:
    """Convolutions that `outputs` hang on through nothing that has a width of its own; inputs that they come from."""
    by_name: Mapping[str, Layer] = {layer.name: layer for layer in model.layers}
    heads: set[str] = set()
    inputs: set[str] = set()
    waiting, seen = list(outputs), set(outputs)
    while waiting:
        ref = waiting.pop()
        layer = by_name[ref.layer]
        reads: Sequence[Ref] = layer.calls[ref.call].inputs if layer.calls else ()
        if isinstance(layer.rule, InputLayer):
            inputs.add(layer.name)
        elif isinstance(layer.rule, Filtered):
            heads.add(prefix + layer.name)
            continue
        elif isinstance(layer.rule, Model):
            inner, entered = _heads(layer.rule, [layer.rule.outputs[ref.output]], f"{prefix}{layer.name}/")
            heads |= inner
            reads = [read for read, entry in zip(reads, layer.rule.inputs, strict=True) if entry.layer in entered]
        elif hasattr(layer.rule, "units"):
            continue
        waiting += [read for read in reads if read not in seen]
        seen.update(reads)
    return heads, inputs


def _check_fixed(before: Report, after: Report) -> None:
    """Raises ForbiddenError where a layer with a fixed size reads what has another width now."""
    old = {row.path: row for row in before.rows}
    for row in after.rows:
        if _reads(row.calls[0].inputs) == _reads(old[row.path].calls[0].inputs):
            continue
        if isinstance(row.layer.rule, Reshape) and row.layer.rule.target_shape != (-1,):
            fixed = "×".join(map(str, row.layer.rule.target_shape))
            raise ForbiddenError(f"{before.name} cannot be widened: layer {row.path!r} reshapes to a fixed {fixed}")
        if isinstance(row.layer.rule, Unknown):
            raise ForbiddenError(f"{before.name} cannot be widened: no rule knows layer {row.path!r} ({row.kind})")


def _reads(shapes: Sequence[Shape | None]) -> tuple[Shape | None, ...]:
    return tuple(shapes)
