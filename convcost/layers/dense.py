"""Dense: a matrix product over the last axis, at every leading position."""

from __future__ import annotations

from convcost.cost import Cost
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.model import Shape, Weight


class Dense(Kind):
    formula = "leading positions · in_features · units"

    units: Positive
    activation: Function = None
    use_bias: bool = True
    lora_rank: Positive | None = None
    lora_alpha: float | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], self.units)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        features = inputs[0][-1]
        weights = [Weight("kernel", (features, self.units), trainable=not self.lora_rank)]
        if self.use_bias:
            weights.append(Weight("bias", (self.units,)))
        if self.lora_rank:
            weights.append(Weight("lora_kernel_a", (features, self.lora_rank), dtype="float32"))
            weights.append(Weight("lora_kernel_b", (self.lora_rank, self.units), dtype="float32"))
        return tuple(weights)

    def cost(self, *inputs: Shape) -> Cost:
        output = self.output_shape(*inputs)
        features = inputs[0][-1]
        adapter = features * self.lora_rank * self.units if self.lora_rank else 0
        cost = Cost(prod(inputs[0]) * self.units + adapter) + activation_cost(self.activation, output)
        return cost + Cost(0, {"bias": prod(output)}) if self.use_bias else cost
