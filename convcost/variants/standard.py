"""`standard`: the reverse: separable layers, and depthwise convolutions with the pointwise one that alone reads them,
become ordinary convolutions. MobileNet becomes the "Conv MobileNet" of arXiv 1704.04861, table 4.

MACs: HoWo·k²·C·N, params k²·C·N. Normalizations and activations between the two steps go.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from convcost.layers.arithmetic import prod
from convcost.layers.base import each
from convcost.layers.convolution import (
    BaseDepthwiseConv,
    BaseSeparableConv,
    Conv1D,
    Conv2D,
    DepthwiseConv1D,
    SeparableConv1D,
)
from convcost.model import Layer, Model, Ref
from convcost.report import Report
from convcost.variants.base import BaseVariant, Conversion
from convcost.variants.steps import Conv, end_of, window_of


class Standard(BaseVariant, frozen=True):
    name = "standard"
    formula = "1 / (m·(1/N + 1/k²))"
    source = "arXiv 1704.04861, table 4"
    weights = "initialised"

    def apply(self, model: Model, report: Report, wanted: Callable[[str], bool], always: bool = False) -> Conversion:
        converted: list[str] = []
        whole = _whole(model, wanted, converted, prefix="")
        return Conversion(whole, dict.fromkeys(converted, self))


def _whole(model: Model, wanted: Callable[[str], bool], converted: list[str], prefix: str) -> Model:
    """`model` with its separable layers and pairs made whole, nested models too."""
    layers = {layer.name: layer for layer in model.layers}
    readers = _readers(model)
    for name, layer in list(layers.items()):
        path = prefix + name
        if isinstance(layer.rule, Model):
            layers[name] = msgspec.structs.replace(layer, rule=_whole(layer.rule, wanted, converted, path + "/"))
        elif not wanted(path):
            continue
        elif isinstance(layer.rule, BaseSeparableConv):
            layers[name] = _with_rule(layer, _joined(layer.rule, layer.rule.filters, layer.rule))
            converted.append(path)
        elif _is_pointwise(layer):
            steps = _steps_before(layer, layers, readers)
            if steps:
                depthwise = steps[-1]
                assert isinstance(depthwise.rule, BaseDepthwiseConv) and isinstance(layer.rule, Conv)
                for step in steps:
                    del layers[step.name]
                whole = _with_rule(layer, _joined(depthwise.rule, layer.rule.filters, layer.rule))
                layers[name] = msgspec.structs.replace(whole, calls=depthwise.calls)
                converted.append(path)
    return msgspec.structs.replace(model, layers=tuple(layers.values()))


def _joined(window: BaseDepthwiseConv | BaseSeparableConv, filters: int, last: Conv | BaseSeparableConv) -> Conv:
    """One convolution with the window of the first step, and filters, bias and activation of the last."""
    kind = Conv1D if isinstance(window, DepthwiseConv1D | SeparableConv1D) else Conv2D
    return kind(filters=filters, **window_of(window), **end_of(last))


def _is_pointwise(layer: Layer) -> bool:
    rule = layer.rule
    if not isinstance(rule, Conv):
        return False
    return prod(rule.kernel) == rule.groups == prod(each(rule.strides, rule.rank, "strides")) == 1


def _readers(model: Model) -> dict[Ref, int]:
    """How many calls, and outputs of the model, read each tensor."""
    readers: dict[Ref, int] = {}
    for layer in model.layers:
        for call in layer.calls:
            for ref in (*call.inputs, *call.extras):
                readers[ref] = readers.get(ref, 0) + 1
    for ref in model.outputs:
        readers[ref] = readers.get(ref, 0) + 1
    return readers


def _steps_before(pointwise: Layer, layers: dict[str, Layer], readers: dict[Ref, int]) -> list[Layer]:
    """The layers between a pointwise convolution and the depthwise one that feeds it alone, that one last; or none."""
    steps: list[Layer] = []
    layer = pointwise
    while len(layer.calls) == 1 and len(layer.calls[0].inputs) == 1 and not layer.calls[0].extras:
        ref = layer.calls[0].inputs[0]
        before = layers.get(ref.layer)
        if before is None or readers[ref] != 1 or len(before.calls) != 1:
            return []
        steps.append(before)
        if isinstance(before.rule, BaseDepthwiseConv):
            return steps
        if isinstance(before.rule, Model) or getattr(before.rule, "fusion", None) not in ("producer", "alias"):
            return []
        layer = before
    return []


def _with_rule(layer: Layer, rule: Conv) -> Layer:
    return msgspec.structs.replace(layer, kind=type(rule).__name__, rule=rule)
