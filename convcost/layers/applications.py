"""The two layers that networks of `keras.applications` bring along."""

from __future__ import annotations

from convcost.cost import Cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.model import Shape, Weight


class LayerScale(Kind):
    """ConvNeXt's learned factor per channel (keras.applications.convnext)."""

    formula = "0 (elementwise: 1 FLOP an element)"
    package = "keras.src.applications"

    projection_dim: Positive
    init_values: float = 1e-6

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("gamma", (self.projection_dim,)),)

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"elementwise": prod(inputs[0])})


class CustomScaleLayer(Kind):
    """InceptionResNetV2's residual sum: x + scale · branch (keras.applications.inception_resnet_v2)."""

    formula = "0 (merge: 2 FLOPs an element)"
    package = "keras.src.applications"

    scale: float = 1.0

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"merge": 2 * prod(inputs[0])})
