"""MACs of one operation of a TensorFlow graph, from the shapes of its tensors. What contracts is listed in `RULES`.

A layer is counted as it is defined, not as TensorFlow happens to run it, where the graph tells the two apart:

- A dilated convolution runs on blocks that `SpaceToBatchND` pads and cuts. Its MACs are those of the positions that
  `BatchToSpaceND` keeps: the layer's own output.
- A depthwise convolution with both strides and dilation runs at stride 1, and a slice then drops positions. Its MACs
  are those of the positions that the slice keeps.

Operations that pool, resize or look up are no contractions, nor is an Einsum that sums over nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from convcost.errors import MeasureError

Sizes = tuple[int, ...]


def macs(operation: Any) -> int:
    """Multiply-accumulates of one run of `operation` (a `tf.Operation`); 0 for what contracts nothing.

    Raises MeasureError where a shape that it needs is open.
    """
    rule = RULES.get(operation.type)
    return rule(operation) if rule else 0


def sizes(tensor: Any) -> Sizes:
    """The shape of a graph's tensor. Raises MeasureError where a dimension is open."""
    if not tensor.shape.is_fully_defined():
        raise MeasureError(
            f"{tensor.op.type} {tensor.name!r}: the traced graph leaves its shape open, {tuple(tensor.shape)}"
        )
    return tuple(tensor.shape)


def _convolution(operation: Any) -> int:
    """Every output element sums over the window and the channels of its group: the kernel without its last axis."""
    _, kernel, *_ = operation.inputs
    return prod(sizes(kernel)[:-1]) * prod(sizes(_unblocked(operation.outputs[0])))


def _depthwise(operation: Any) -> int:
    """Every output element sums over the window; the kernel is [*window, channels, depth_multiplier]."""
    _, kernel, *_ = operation.inputs
    output = _unblocked(operation.outputs[0])
    if output is not operation.outputs[0]:
        output = _strided(output)
    return prod(sizes(kernel)[:-2]) * prod(sizes(output))


def _transposed(operation: Any) -> int:
    """Every input element meets the whole window of every filter; the kernel is [*window, filters, channels]."""
    _, kernel, source, *_ = operation.inputs
    return prod(sizes(kernel)[:-1]) * prod(sizes(source))


def _product(transposes: str) -> Callable[[Any], int]:
    """A matrix product: the axis summed over is the last of the left factor, or the one before it if transposed."""

    def rule(operation: Any) -> int:
        left = sizes(operation.inputs[0])
        summed = left[-2] if operation.get_attr(transposes) else left[-1]
        return summed * prod(sizes(operation.outputs[0]))

    return rule


def _einsum(operation: Any) -> int:
    """The product of all labels' sizes, where a label of both operands is summed over.

    What one operand sums alone, it sums beforehand. An ellipsis stands for axes that broadcast.
    """
    terms, _, result = operation.get_attr("equation").decode().partition("->")
    named = [_labels(*one) for one in zip(terms.split(","), (one.shape.rank for one in operation.inputs), strict=True)]
    labels: dict[str, int] = {}
    for term, operand in zip(named, operation.inputs, strict=True):
        for label, size in zip(term, sizes(operand), strict=True):
            labels[label] = max(labels.get(label, 1), size)
    kept = {label for label in labels if label in result or len(label) > 1}
    summed = set.intersection(*map(set, named)) - kept
    return prod(labels[label] for label in kept | summed) if summed and len(named) > 1 else 0


def _labels(term: str, rank: int) -> list[str]:
    """The label of each axis; those under the ellipsis are "...1", "...2", … from the right, as they broadcast."""
    before, ellipsis, after = term.partition("...")
    if not ellipsis:
        return list(before)
    hidden = rank - len(before) - len(after)
    return [*before, *(f"...{place}" for place in range(hidden, 0, -1)), *after]


def _cudnn_recurrent(operation: Any) -> int:
    """All steps of a recurrent layer at once: every weight but the biases meets every step.

    The weights come as one vector, with two biases a gate, layer and direction.
    """
    source, state, _, weights, *_ = operation.inputs
    gates = {b"lstm": 4, b"gru": 3}.get(operation.get_attr("rnn_mode"), 1)
    steps, batch, _ = sizes(source)
    layers_and_directions, _, units = sizes(state)
    biases = 2 * gates * units * layers_and_directions
    return (prod(sizes(weights)) - biases) * steps * batch


def _unblocked(blocks: Any) -> Any:
    """What a convolution's output is once `BatchToSpaceND` has put its blocks together; itself if it has no blocks."""
    tensor = blocks
    while (reader := _sole_reader(tensor)) is not None:
        if reader.type == "BatchToSpaceND":
            return reader.outputs[0]
        if reader.type != "Squeeze":  # a convolution in one dimension runs in two
            break
        tensor = reader.outputs[0]
    return blocks


def _strided(tensor: Any) -> Any:
    """The positions that a slice keeps of `tensor`; itself where no slice follows."""
    reader = _sole_reader(tensor)
    return reader.outputs[0] if reader is not None and reader.type == "StridedSlice" else tensor


def _sole_reader(tensor: Any) -> Any:
    readers = tensor.consumers()
    return readers[0] if len(readers) == 1 else None


RULES: dict[str, Callable[[Any], int]] = {
    "Conv": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Conv2DBackpropInput": _transposed,
    "Conv2DBackpropInputV2": _transposed,
    "Conv3DBackpropInput": _transposed,
    "Conv3DBackpropInputV2": _transposed,
    "MatMul": _product("transpose_a"),
    "SparseMatMul": _product("transpose_a"),
    "BatchMatMul": _product("adj_x"),
    "BatchMatMulV2": _product("adj_x"),
    "BatchMatMulV3": _product("adj_x"),
    "Einsum": _einsum,
    "CudnnRNN": _cudnn_recurrent,
    "CudnnRNNV2": _cudnn_recurrent,
    "CudnnRNNV3": _cudnn_recurrent,
}
"""The operations that contract, by type. Any other operation multiplies nothing that is summed."""
