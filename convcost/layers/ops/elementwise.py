"""Elementwise operations, with numpy's broadcasting, and those that fill or copy a tensor of their input's shape.

FLOPs per element follow from the written formula; exp, log, a trigonometric function, a comparison, a selection and an
operation on bits count one each, as in `convcost.layers.activations`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.cost import Cost
from convcost.errors import UncountedError
from convcost.layers.activations import activation_cost
from convcost.layers.arithmetic import broadcast
from convcost.layers.base import axis_of
from convcost.layers.ops.base import BaseOp, define, elementwise
from convcost.model import Shape


class BaseUnary(BaseOp):
    """On each element of one tensor."""

    formula = "0 (elementwise)"
    flops: ClassVar[int] = 1

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, inputs[0])


class BaseBinary(BaseOp):
    """On two operands, with broadcasting; one of them may be a constant."""

    formula = "0 (elementwise)"
    arguments = ("x1", "x2")
    flops: ClassVar[int] = 1

    x1: Any = None
    x2: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(*self.operands(inputs))

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, self.output_shape(*inputs))


define(
    BaseUnary,
    flops={
        0: "Array Cast Conj Conjugate Copy EmptyLike Flip Fliplr Flipud FullLike Imag OnesLike Real Roll SaturateCast"
        " Tril Triu ZerosLike",
        1: "Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh BitwiseInvert BitwiseNot Cbrt Ceil Cos"
        " Cosh Deg2rad Erf Erfc Erfinv Exp Exp2 Expm1 Fabs Floor I0 Isfinite Isinf Isnan Isneginf Isposinf Isreal Log"
        " Log10 Log1p Log2 LogicalNot Negative Rad2deg Reciprocal Round Sign Signbit Sin Sinh Sqrt Square Tan Trunc",
        2: "Clip Rsqrt Sinc",
        3: "NanToNum",
    },
)

define(
    BaseBinary,
    flops={
        1: "Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide Equal FloorDivide"
        " Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Lcm LeftShift Less LessEqual LogicalAnd LogicalOr"
        " LogicalXor Maximum Minimum Mod Multiply Nextafter NotEqual Power RightShift Subtract TrueDivide",
        2: "DivideNoNan Ldexp",
        4: "Hypot Polar",  # √(a² + b²); a·cos(b) and a·sin(b)
        5: "Isclose Logaddexp Logaddexp2",  # |a − b| ≤ atol + rtol·|b|; max + log(1 + exp(−|a − b|))
    },
)


class AllClose(BaseBinary):
    """Whether all of `isclose` hold."""

    flops = 6

    def output_shape(self, *inputs: Shape) -> Shape:
        return ()

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(self.flops, broadcast(*self.operands(inputs)))


class BaseActivation(BaseOp):
    """An activation function; `function` is its name in `convcost.layers.activations`."""

    formula = "0 (activation)"
    fusion = "producer"
    function: ClassVar[str]

    def cost(self, *inputs: Shape) -> Cost:
        return activation_cost(self.function, inputs[0])


define(
    BaseActivation,
    function={
        "celu": "Celu",
        "elu": "Elu",
        "gelu": "Gelu",
        "hard_shrink": "HardShrink",
        "hard_sigmoid": "HardSigmoid",
        "hard_silu": "HardSilu",
        "hard_tanh": "HardTanh",
        "leaky_relu": "LeakyRelu",
        "log_sigmoid": "LogSigmoid",
        "log_softmax": "LogSoftmax",
        "relu": "Relu",
        "relu6": "Relu6",
        "selu": "Selu",
        "sigmoid": "Sigmoid",
        "silu": "Silu",
        "soft_shrink": "SoftShrink",
        "softmax": "Softmax",
        "softplus": "Softplus",
        "softsign": "Softsign",
        "sparse_plus": "SparsePlus",
        "sparse_sigmoid": "SparseSigmoid",
        "sparsemax": "Sparsemax",
        "squareplus": "Squareplus",
        "tanh": "Tanh",
        "tanh_shrink": "TanhShrink",
        "threshold": "Threshold",
    },
)


class Glu(BaseActivation):
    """One half of the input along `axis`, times the sigmoid of the other."""

    function = "glu"
    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = list(inputs[0])
        shape[axis_of(self.axis, len(shape))] //= 2
        return tuple(shape)

    def cost(self, *inputs: Shape) -> Cost:
        return activation_cost(self.function, self.output_shape(*inputs))


class Where(BaseOp):
    """A selection between two operands. Of a condition alone the result hangs on the data."""

    formula = "0 (elementwise)"
    arguments = ("condition", "x1", "x2")

    condition: Any = None
    x1: Any = None
    x2: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        operands = self.operands(inputs)
        if len(operands) == 1:
            raise UncountedError("where(condition) puts out as many indices as the condition has truths")
        return broadcast(*operands)

    def cost(self, *inputs: Shape) -> Cost:
        return elementwise(1, self.output_shape(*inputs))


class Select(BaseOp):
    """The first choice whose condition holds, else a default."""

    formula = "0 (elementwise)"
    arguments = ("condlist", "choicelist", "default")

    condlist: Any = None
    choicelist: Any = None
    default: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return broadcast(*self.operands(inputs))

    def cost(self, *inputs: Shape) -> Cost:
        choices = len(self.choicelist) if isinstance(self.choicelist, list) else 1
        return elementwise(choices, self.output_shape(*inputs))


class BasePassed(BaseOp):
    """The same tensor under another name."""

    fusion = "alias"


define(BasePassed, "ConvertToTensor StopGradient")
