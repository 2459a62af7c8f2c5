"""Operators without a Keras layer: what they put out is as the file says, and their arithmetic is by the element."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from convcost.cost import NOTHING, Cost
from convcost.errors import UncountedError
from convcost.layers.activations import activation_cost
from convcost.layers.base import Kind
from convcost.layers.reshaping import INTERPOLATION_FLOPS
from convcost.model import Fusion, Shape, Weight

ACTIVATIONS = {
    "RELU": "relu",
    "RELU6": "relu6",
    "RELU_N1_TO_1": "relu6",
    "RELU_0_TO_1": "relu6",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
    "ELU": "elu",
    "GELU": "gelu",
    "LEAKY_RELU": "leaky_relu",
    "HARD_SWISH": "hard_swish",
    "PRELU": "prelu",
    "SOFTMAX": "softmax",
    "LOG_SOFTMAX": "log_softmax",
    "EXP": "exponential",
}
"""By the name that `convcost.layers.activations` has for them."""

ALIASES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")

_MOVES = """
    CONCATENATION PAD PADV2 MIRROR_PAD TRANSPOSE SLICE STRIDED_SLICE SPLIT SPLIT_V PACK UNPACK GATHER GATHER_ND TILE
    SPACE_TO_DEPTH DEPTH_TO_SPACE SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SHAPE CAST BROADCAST_TO BROADCAST_ARGS REVERSE_V2
    ZEROS_LIKE FILL RANGE RANK EMBEDDING_LOOKUP SELECT SELECT_V2 WHERE
"""
MOVES = frozenset(_MOVES.split())
"""They put elements elsewhere, and compute nothing."""

MERGES = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "FLOOR_DIV", "FLOOR_MOD")
REDUCTIONS = (
    "MEAN",
    "SUM",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "REDUCE_PROD",
    "REDUCE_ANY",
    "REDUCE_ALL",
    "ARG_MAX",
    "ARG_MIN",
)
_ELEMENTWISE = """
    ABS CEIL FLOOR ROUND NEG SIGN SQUARE SQRT RSQRT LOG SIN COS LOGICAL_AND LOGICAL_OR LOGICAL_NOT
    EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL
"""
ELEMENTWISE = {
    "QUANTIZE": 2,  # a product and a sum
    "DEQUANTIZE": 2,
    **dict.fromkeys(_ELEMENTWISE.split(), 1),
    "RESIZE_NEAREST_NEIGHBOR": INTERPOLATION_FLOPS["nearest"],
    "RESIZE_BILINEAR": INTERPOLATION_FLOPS["bilinear"],
}
"""FLOPs for each element that is put out."""


class BaseOperator(Kind, kw_only=True):
    """An operator whose shapes are those of the file, with the constants that it reads.

    Another batch multiplies the first size; any other shape is one that the file does not tell of.
    """

    code: str
    reads: tuple[Shape, ...]
    writes: tuple[Shape, ...]
    constants: tuple[Weight, ...] = ()
    activation: str = "linear"

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.constants

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        shapes = [self.for_batch(shape, inputs) for shape in self.writes]
        return shapes[0] if len(shapes) == 1 else shapes

    def for_batch(self, shape: Shape, inputs: tuple[Shape, ...]) -> Shape:
        """A shape of the file for the batch that comes in."""
        if inputs == self.reads:
            return shape
        if any(came[1:] != told[1:] for came, told in zip(inputs, self.reads, strict=True)) or not shape:
            raise UncountedError(f"the file tells the shapes of {self.code} for its own input alone")
        return (shape[0] * inputs[0][0] // self.reads[0][0], *shape[1:])

    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        return NOTHING

    def cost(self, *inputs: Shape) -> Cost:
        found = self.output_shape(*inputs)
        output = found[0] if isinstance(found, list) else found
        return self.arithmetic(inputs, output) + activation_cost(self.activation, output)


class BaseMove(BaseOperator):
    """It computes nothing."""


class BaseAlias(BaseOperator):
    """Another name for its input."""

    fusion: ClassVar[Fusion | None] = "alias"


class BaseUnary(BaseOperator):
    """An activation by itself."""

    fusion: ClassVar[Fusion | None] = "producer"

    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        return activation_cost(ACTIVATIONS[self.code], output)


class BaseElementwise(BaseOperator):
    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        flops = ELEMENTWISE[self.code] * prod(output)
        return Cost(0, {"elementwise": flops}) if flops else NOTHING


class BaseMerging(BaseOperator):
    """Two tensors, or a tensor and a constant."""

    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        return Cost(0, {"merge": prod(output)})


class BaseReduction(BaseOperator):
    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        return Cost(0, {"pooling": prod(inputs[0])})


class BaseContraction(BaseOperator, kw_only=True):
    """A product of matrices: `depth` is the size that it sums over, for every element that it puts out."""

    depth: int
    use_bias: bool = False

    def arithmetic(self, inputs: tuple[Shape, ...], output: Shape) -> Cost:
        bias = {"bias": prod(output)} if self.use_bias else {}
        return Cost(prod(output) * self.depth, bias)


def kind_of(code: str) -> type[BaseOperator] | None:
    """The record for an operator that no Keras layer stands for; None where nothing knows it."""
    if code in ALIASES:
        return BaseAlias
    if code in ACTIVATIONS:
        return BaseUnary
    if code in ELEMENTWISE:
        return BaseElementwise
    if code in MERGES:
        return BaseMerging
    if code in REDUCTIONS:
        return BaseReduction
    return BaseMove if code in MOVES else None
