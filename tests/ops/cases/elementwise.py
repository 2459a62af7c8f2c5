"""Elementwise operations, activations, and those that make a tensor like another."""

import numpy as np
from keras import ops

from .case import Case, words

INT = ("int32",)

UNARY = words(
    """abs absolute angle arccos arccosh arcsin arcsinh arctan arctanh array cbrt ceil conj conjugate copy cos cosh
deg2rad empty_like erf erfc erfinv exp exp2 expm1 fabs floor i0 imag isfinite isinf isnan isneginf isposinf isreal log
log10 log1p log2 logical_not nan_to_num negative ones_like rad2deg real reciprocal round rsqrt sign signbit sin sinc
sinh sqrt square tan trunc zeros_like
celu elu gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax relu relu6 selu sigmoid
silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh tanh_shrink
convert_to_tensor stop_gradient flip fliplr flipud tril triu"""
)

BINARY = words(
    """add arctan2 divide divide_no_nan equal floor_divide fmax fmin fmod greater greater_equal heaviside hypot
isclose less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum mod multiply
nextafter not_equal power subtract true_divide"""
)

BITWISE = words("""bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor left_shift right_shift""")

CASES = [
    *(Case(getattr(ops, name), (4, 3)) for name in UNARY),
    *(Case(getattr(ops, name), (4, 3), dtypes=INT) for name in ("bitwise_invert", "bitwise_not")),
    *(Case(getattr(ops, name), (4, 3), (4, 3)) for name in BINARY),
    *(Case(getattr(ops, name), (4, 3), (1, 3)) for name in BINARY),
    *(Case(getattr(ops, name), (4, 3), (4, 3), dtypes=INT * 2) for name in BITWISE),
    *(Case(getattr(ops, name), (4, 3), (3,), dtypes=INT * 2, traces=False) for name in ("gcd", "lcm")),
    Case(lambda x: 2 * x + 1.5, (4, 3)),
    Case(lambda x: x / np.ones((4, 1), "float32"), (4, 3)),
    Case(lambda x: ops.subtract(np.ones((7, 4, 3), "float32"), x), (4, 3)),
    Case(lambda x: x ** ops.ones((2, 1, 3)), (3,)),
    Case(lambda x, y: x * y, (4, 3), (3,)),
    Case(lambda x: ops.clip(x, 0, 1), (4, 3)),
    Case(lambda x: ops.threshold(x, 0.5, 0.0), (4, 3)),
    Case(ops.glu, (4, 6)),
    Case(lambda x: ops.glu(x, axis=1), (4, 3)),
    Case(lambda x: ops.softmax(x, axis=(1, 2)), (4, 3), traces=False),
    Case(lambda x: ops.cast(x, "float16"), (4, 3)),
    Case(lambda x: ops.saturate_cast(x, "uint8"), (4, 3)),
    Case(lambda x: ops.full_like(x, 2), (4, 3)),
    Case(lambda x: ops.roll(x, 1, axis=1), (4, 3)),
    Case(lambda x: ops.flip(x, axis=(1, 2)), (4, 3)),
    Case(lambda x: ops.tril(x, k=1), (4, 3)),
    Case(ops.ldexp, (4, 3), (3,), dtypes=("float32", "int32")),
    Case(ops.allclose, (4, 3), (4, 3)),
    Case(ops.polar, (4, 3), (4, 3)),
    Case(lambda x: ops.where(x > 0, x, 0.0), (4, 3)),
    Case(lambda x: ops.where(x > 0, -np.inf, x), (4, 3)),
    Case(ops.where, (4, 1), (1, 3), (3,), dtypes=("bool", "float32", "float32")),
    Case(lambda x, y: ops.select([x > 0, y > 0], [x, y], 0.0), (4, 3), (4, 3)),
    Case(lambda x: ops.select([x > 0, x > 1], [x, np.ones((4, 3), "float32")], 7.0), (4, 3)),
    Case(lambda x, y: ops.linspace(x, y, num=5), (4, 3), (3,)),
    Case(lambda x: ops.linspace(x, 1.0, num=5, axis=-1), (4, 3)),
    Case(lambda x: ops.logspace(0.0, x, num=5, axis=1), (4, 3)),
    Case(lambda x, y: ops.geomspace(x, y, num=5), (4, 3), (4, 3)),
    Case(lambda x: ops.vander(x[0]), (4,)),
    Case(lambda x: ops.vander(x[0], N=3), (4,)),
    Case(ops.diff, (4, 3)),
    Case(lambda x: ops.diff(x, n=2, axis=1), (4, 3)),
    Case(lambda x: ops.full((2, 3), ops.sum(x)), (4, 3)),
]
