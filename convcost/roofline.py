"""What a model would take on a device: the time of each layer by the roofline, from a profile of the device.

A call takes `seconds_per_call + max(MACs / ceiling, bytes / bandwidth)` (Williams, Waterman and Patterson, "Roofline",
CACM 52(4), 2009). Its bytes are those of its inputs, its output and its weights, once. A layer that folds into another
(`convcost.memory.live_set`) takes no time of its own: a BatchNormalization, an activation, a padding. Layers run one
after another, so that the model takes the sum of all.

A profile that was measured (`convcost calibrate`) has laws, which stand in for the roofline: a call takes
`seconds_per_call + MACs / rate + bytes read / rate + bytes written / rate`, with rates of its kind and dtype. On a CPU
that is nearer than the maximum of two roofs: writing an output (in int8 rounding and clamping it too) is work of the
same core, and does not overlap with its MACs. By a law, an activation that is no clamp takes time of its own, as in
LiteRT, where only ReLU and ReLU6 are part of a convolution; a swish is a sigmoid and a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from convcost.conventions.parts import parts_of_row
from convcost.device import ByKind, Device, Figure
from convcost.errors import ConvcostError
from convcost.estimate import Estimate, Operation, Timing
from convcost.layers.activations import BaseActivation, activation_name
from convcost.layers.arithmetic import prod
from convcost.layers.convolution import BaseSeparableConv, BaseWindowed
from convcost.layers.dense import Dense
from convcost.layers.embedding import Embedding
from convcost.memory.fused import Fused, Node
from convcost.model import Model, Shape, Unknown, bytes_of
from convcost.report import Report, Row
from convcost.separability import judge

KIND_OF_PART = {
    "convolution": "convolution",
    "grouped convolution": "convolution",
    "transposed convolution": "convolution",
    "3-D transposed convolution": "convolution",
    "depthwise convolution": "depthwise",
    "dense": "dense",
    "lstm": "dense",
    "gru": "dense",
    "simple rnn": "dense",
}
"""Kinds of arithmetic by the part of a layer. Products of tensors are of no kind that profiles know."""

KIND_OF_CATEGORY = {"pooling": "pooling", "merge": "merge", "elementwise": "merge", "activation": "activation"}
"""Kinds of what has no MACs, by the category of its FLOPs."""

CLAMPS = ("linear", "relu", "relu6")
"""The activations that LiteRT makes part of the operation before."""

LARGEST_TAPS = 25
"""Of XNNPACK's depthwise kernels."""


def estimated(report: Report, device: Device) -> Report:
    """`report` with its `estimate` on a device.

    Raises ConvcostError where the device has no ceiling for the dtype of a layer that has MACs.
    """
    graph = report.run
    assert graph is not None  # a framework's counts have no steps, and the callers refuse those
    steps: dict[str, list[Node]] = {}
    for node in graph.nodes:
        steps.setdefault(node.layer, []).append(node)
    timings = tuple(_timing(row, steps.get(row.path, []), graph, device) for row in report.rows)
    return msgspec.structs.replace(report, estimate=Estimate(device, timings))


def operation(kind: str, dtype: str, device: Device, *, macs: int, read: int, weights: int, written: int) -> Operation:
    """An operation on a device. `read` and `written`: bytes of activations; `weights`: bytes of weights.

    Raises ConvcostError where the device has no ceiling for `dtype`.
    """
    law = device.law(dtype, kind, macs)
    if law is not None:
        overhead, ceiling = law.seconds_per_call, law.macs_per_second
    else:
        if macs and dtype not in device.macs_per_second:
            raise ConvcostError(
                f"device {device.name} has no ceiling for {dtype}, allowed: --dtype {' or '.join(device.dtypes)}"
            )
        overhead = _figure(device.seconds_per_call, kind)
        ceiling = device.macs_per_second[dtype].of(kind) if macs else None
    return Operation(
        kind=kind,
        dtype=dtype,
        macs=macs,
        read=read,
        weights=weights,
        written=written,
        ceiling=ceiling,
        bandwidth=_figure(device.bytes_per_second, kind),
        weight_bandwidth=_figure(device.weight_bytes_per_second, kind),
        overhead=overhead.value if overhead else 0.0,
        law=law,
    )


def _figure(by_kind: ByKind | None, kind: str) -> Figure | None:
    return by_kind.of(kind) if by_kind else None


def _timing(row: Row, nodes: Sequence[Node], graph: Fused, device: Device) -> Timing:
    """A layer's operations: one, or two, for each of its calls that is a fused step."""
    if row.cost is None:
        return Timing(row.path, known=False)
    if not nodes:
        into = graph.folded.get(row.path)
        apart = tuple(_activations(row, row.activation_bytes, device)) if into else ()
        return Timing(row.path, apart, fused_into=None if apart else into)
    kind, macs = _kind(row), _macs(row)
    try:
        operations = [one for node in nodes for one in _operations(row, node, graph, kind, macs[node.call], device)]
    except ConvcostError as error:
        raise ConvcostError(f"{error}; layer {row.path!r} computes in {row.layer.policy.compute}") from None
    return Timing(row.path, tuple(operations))


def _operations(row: Row, node: Node, graph: Fused, kind: str, macs: int, device: Device) -> list[Operation]:
    """What the device runs for one call."""
    rule, dtype = row.layer.rule, row.layer.policy.compute
    read, written = sum(graph.bytes[one] for one in node.reads), sum(graph.bytes[one] for one in node.writes)
    if isinstance(rule, BaseSeparableConv):
        inputs = _inputs(row)[node.call]
        between = bytes_of(prod(rule.depthwise.output_shape(*inputs)), dtype)
        first, kernel = rule.depthwise.cost(*inputs).macs, prod(rule.depthwise.weights(*inputs)[0].shape)
        weights = bytes_of(kernel, row.layer.policy.variable)
        step = partial(operation, dtype=dtype, device=device)
        return [
            step("depthwise", macs=first, read=read, weights=weights, written=between),
            step("pointwise", macs=macs - first, read=between, weights=row.weight_bytes - weights, written=written),
            *_activations(row, written, device),
        ]
    apart = _activations(row, written, device)
    if isinstance(rule, BaseActivation) and apart:
        return apart
    if device.laws:
        kind = _kind_by_law(row, kind)
    weights = row.weight_bytes
    if isinstance(rule, Embedding) and not macs:
        weights = min(weights, written)  # of the table, the rows that are asked for
    return [operation(kind, dtype, device, macs=macs, read=read, weights=weights, written=written), *apart]


def _kind_by_law(row: Row, kind: str) -> str:
    """The kind that a law is of: finer than `kind`, which is that of the arithmetic."""
    if kind == "depthwise" and isinstance(row.layer.rule, BaseWindowed) and prod(row.layer.rule.kernel) > LARGEST_TAPS:
        return "large_depthwise"
    if kind != "all" or row.cost is None:
        return kind
    other = dict(row.cost.other)
    return KIND_OF_CATEGORY.get(max(other, key=lambda category: other[category], default=""), "all")


def _activations(row: Row, size: int, device: Device) -> list[Operation]:
    """What an activation takes beside the operation that it is part of, on a tensor of `size` bytes, by a law."""
    rule, dtype = row.layer.rule, row.layer.policy.compute
    if isinstance(rule, BaseActivation):
        name = activation_name(rule.chosen())
    else:
        name = activation_name(rule.activation) if isinstance(rule, BaseWindowed | Dense) else "linear"
    if name in CLAMPS or not device.laws.get(dtype):
        return []
    alone = partial(operation, dtype=dtype, device=device, macs=0, weights=0, written=size)
    found = [alone("activation", read=size)]
    if name in ("silu", "swish"):
        found.append(alone("merge", read=2 * size))
    return found


def _kind(row: Row) -> str:
    """The kind of a layer's arithmetic; of several, the one that has most of its MACs."""
    most = max(parts_of_row(row), key=lambda part: part.macs, default=None)
    if most is None or not most.macs:
        return "all"
    twin = row.separable or judge(row)
    if twin is not None and twin.verdict == "pointwise":
        return "pointwise"
    if twin is not None and twin.verdict == "already_separable" and most.kind == "grouped convolution":
        return "depthwise"  # as many groups as channels
    return KIND_OF_PART.get(most.kind, "all")


def _macs(row: Row) -> list[int]:
    """The MACs of each call."""
    assert row.cost is not None and not isinstance(row.layer.rule, Model | Unknown)
    if len(row.calls) == 1:
        return [row.cost.macs]
    if all(call.rule is None for call in row.layer.calls):
        return [row.layer.rule.cost(*inputs).macs for inputs in _inputs(row)]
    whole, rest = divmod(row.cost.macs, len(row.calls))  # calls with settings of their own, which the row does not tell
    return [whole + (place < rest) for place in range(len(row.calls))]


def _inputs(row: Row) -> list[tuple[Shape, ...]]:
    return [tuple(shape for shape in call.inputs if shape is not None) for call in row.calls]
