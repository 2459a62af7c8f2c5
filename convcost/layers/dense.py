"""Dense: a matrix product over the last axis, at every leading position."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.layers.lora import lora_macs, lora_weights
from convcost.layers.quantization import has_integers, quantization_of, quantized_weights
from convcost.model import Shape, Weight


class Dense(Kind):
    formula = "leading positions · in_features · units"

    units: Positive
    activation: Function = None
    use_bias: bool = True
    lora_rank: Positive | None = None
    lora_alpha: float | None = None
    dtype: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0][:-1], self.units)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        features, how = inputs[0][-1], quantization_of(self.dtype)
        kernel = Weight("kernel", (features, self.units), trainable=not self.lora_rank)
        bias = (Weight("bias", (self.units,)),) if self.use_bias else ()
        kept = quantized_weights(how, kernel, bias, features, self.units, (self.units,)) if how else (kernel, *bias)
        return kept + lora_weights("kernel", kernel.shape, self.lora_rank)

    def cost(self, *inputs: Shape) -> Cost:
        output, kernel = self.output_shape(*inputs), (inputs[0][-1], self.units)
        product = prod(inputs[0]) * self.units
        adapter = lora_macs(self.lora_rank, kernel, product, output, quantized=has_integers(self.dtype))
        cost = Cost(product + adapter) + activation_cost(self.activation, output)
        return cost + Cost(0, {"bias": prod(output)}) if self.use_bias else cost
