"""Activations, as layers and fused into others: elementwise arithmetic, never MACs.

FLOPs per element follow from the written formula of each function; exp, log, tanh, erf, a division, a comparison
and a selection by max or min count one each.
"""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.cost import NOTHING, Cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, axis_of
from convcost.model import Shape, Weight

Function = str | dict[str, Any] | None
"""What a setting `activation` holds: a name, a function as Keras serializes it, or none."""

FLOPS_PER_ELEMENT = {
    "linear": 0,
    "relu": 1,  # max(x, 0)
    "relu6": 2,  # min(max(x, 0), 6)
    "leaky_relu": 2,  # max(x, a·x)
    "prelu": 2,
    "threshold": 2,
    "elu": 4,  # x > 0 ? x : a·(exp(x) − 1)
    "celu": 5,
    "selu": 5,
    "sigmoid": 4,  # 1 / (1 + exp(−x))
    "log_sigmoid": 4,
    "tanh": 1,
    "softplus": 3,  # log(1 + exp(x))
    "softsign": 3,  # x / (1 + |x|)
    "silu": 5,  # x · sigmoid(x)
    "swish": 5,
    "hard_sigmoid": 4,  # min(max(x + 3, 0), 6) / 6
    "hard_silu": 5,
    "hard_swish": 5,
    "hard_tanh": 2,
    "gelu": 5,  # x/2 · (1 + erf(x / √2))
    "mish": 5,  # x · tanh(log(1 + exp(x)))
    "exponential": 1,
    "soft_shrink": 3,
    "hard_shrink": 2,
    "tanh_shrink": 2,
    "sparse_plus": 4,
    "sparse_sigmoid": 4,
    "squareplus": 5,
    "glu": 5,
    "softmax": 5,  # subtract the maximum, exp, sum, divide
    "log_softmax": 5,
    "sparsemax": 5,
}
"""An activation that is not listed here counts one FLOP an element."""


def activation_name(activation: Function) -> str:
    """The plain name: Keras saves a name, a function record or a whole layer."""
    if activation is None:
        return "linear"
    if isinstance(activation, str):
        return activation.lower()
    config = activation.get("config")
    if isinstance(config, str):
        return config.lower()
    name = str(activation.get("class_name", "linear")).lower()
    return "leaky_relu" if name == "leakyrelu" else name


def activation_cost(activation: Function, shape: Shape) -> Cost:
    """What `activation` costs on a tensor of `shape`, fused or not."""
    per_element = FLOPS_PER_ELEMENT.get(activation_name(activation), 1)
    return Cost(0, {"activation": per_element * prod(shape)}) if per_element else NOTHING


class BaseActivation(Kind):
    """An activation as a layer; `function` is its name in the table above."""

    formula = "0 (activation)"
    fusion = "producer"
    function: ClassVar[Function] = None

    def chosen(self) -> Function:
        """The function, where settings decide which one it is."""
        return self.function

    def cost(self, *inputs: Shape) -> Cost:
        return activation_cost(self.chosen(), inputs[0])


class Activation(BaseActivation):
    activation: Function

    def chosen(self) -> Function:
        return self.activation


class ReLU(BaseActivation):
    max_value: float | None = None
    negative_slope: float | None = 0.0
    threshold: float | None = 0.0

    def chosen(self) -> Function:
        capped = "relu6" if self.max_value is not None else "relu"
        return "leaky_relu" if self.negative_slope else capped


class LeakyReLU(BaseActivation):
    function = "leaky_relu"
    negative_slope: float = 0.3
    alpha: float | None = None


class ELU(BaseActivation):
    function = "elu"
    alpha: float = 1.0


class Softmax(BaseActivation):
    function = "softmax"
    axis: int | tuple[int, ...] = -1


class PReLU(BaseActivation):
    """A slope per position, shared along `shared_axes` (1 is the first after the batch)."""

    function = "prelu"
    shared_axes: int | tuple[int, ...] | None = None

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shared = (self.shared_axes,) if isinstance(self.shared_axes, int) else self.shared_axes or ()
        sizes = list(inputs[0][1:])
        for axis in shared:
            sizes[axis_of(axis - 1, len(sizes))] = 1
        return (Weight("alpha", tuple(sizes)),)
