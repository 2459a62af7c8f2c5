"""Functions of TensorFlow in a Keras 2 graph (`TFOpLambda`, `SlicingOpLambda`) -> operations as Keras 3 writes them.

Keras 2 records a call as [name, call, output, {argument: value}] if its first argument is a tensor, or as a list of
these if it is a list of tensors; a constant in the place of a tensor is ["_CONSTANT_VALUE", -1, value]. A function that
is not in the tables, or is called with what the operation lacks, stays what it is: a layer that no rule knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

Json = dict[str, Any]
AsTensor = Callable[[Any], Json | None]
"""The `__keras_tensor__` record for a reference [name, call, output], None for anything else."""

CONSTANT = "_CONSTANT_VALUE"

ON_ONE_TENSOR = {
    "clip_by_value": "Clip",
    "identity": "StopGradient",
    "linalg.diag": "Diag",
    "math.abs": "Absolute",
    "math.acos": "Arccos",
    "math.asin": "Arcsin",
    "math.atan": "Arctan",
    "math.ceil": "Ceil",
    "math.cos": "Cos",
    "math.cosh": "Cosh",
    "math.erf": "Erf",
    "math.exp": "Exp",
    "math.expm1": "Expm1",
    "math.floor": "Floor",
    "math.is_finite": "Isfinite",
    "math.is_nan": "Isnan",
    "math.log": "Log",
    "math.log1p": "Log1p",
    "math.log_sigmoid": "LogSigmoid",
    "math.logical_not": "LogicalNot",
    "math.negative": "Negative",
    "math.reciprocal": "Reciprocal",
    "math.round": "Round",
    "math.rsqrt": "Rsqrt",
    "math.sigmoid": "Sigmoid",
    "math.sign": "Sign",
    "math.sin": "Sin",
    "math.sinh": "Sinh",
    "math.softplus": "Softplus",
    "math.sqrt": "Sqrt",
    "math.square": "Square",
    "math.tan": "Tan",
    "math.tanh": "Tanh",
    "nn.elu": "Elu",
    "nn.gelu": "Gelu",
    "nn.leaky_relu": "LeakyRelu",
    "nn.log_softmax": "LogSoftmax",
    "nn.relu": "Relu",
    "nn.relu6": "Relu6",
    "nn.selu": "Selu",
    "nn.silu": "Silu",
    "nn.softmax": "Softmax",
    "nn.softsign": "Softsign",
    "ones_like": "OnesLike",
    "reverse": "Flip",
    "stop_gradient": "StopGradient",
    "zeros_like": "ZerosLike",
}
ON_TWO_TENSORS = {
    "__operators__.add": "Add",
    "floor_div": "FloorDivide",
    "math.add": "Add",
    "math.divide": "Divide",
    "math.divide_no_nan": "DivideNoNan",
    "math.equal": "Equal",
    "math.floordiv": "FloorDivide",
    "math.floormod": "Mod",
    "math.greater": "Greater",
    "math.greater_equal": "GreaterEqual",
    "math.less": "Less",
    "math.less_equal": "LessEqual",
    "math.logical_and": "LogicalAnd",
    "math.logical_or": "LogicalOr",
    "math.logical_xor": "LogicalXor",
    "math.maximum": "Maximum",
    "math.minimum": "Minimum",
    "math.multiply": "Multiply",
    "math.not_equal": "NotEqual",
    "math.pow": "Power",
    "math.squared_difference": "tf.SquaredDifference",
    "math.subtract": "Subtract",
    "math.truediv": "TrueDivide",
}
REDUCTIONS = {
    "math.argmax": "Argmax",
    "math.argmin": "Argmin",
    "math.l2_normalize": "Normalize",
    "math.reduce_all": "All",
    "math.reduce_any": "Any",
    "math.reduce_logsumexp": "Logsumexp",
    "math.reduce_max": "Max",
    "math.reduce_mean": "Mean",
    "math.reduce_min": "Min",
    "math.reduce_prod": "Prod",
    "math.reduce_std": "Std",
    "math.reduce_sum": "Sum",
    "math.reduce_variance": "Var",
}
OTHERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "__operators__.getitem": ("GetItem", {"slice_spec": "key"}),
    "broadcast_to": ("BroadcastTo", {"shape": "shape"}),
    "cast": ("Cast", {"dtype": "dtype"}),
    "concat": ("Concatenate", {"axis": "axis"}),
    "expand_dims": ("ExpandDims", {"axis": "axis"}),
    "gather": ("Take", {"indices": "indices", "axis": "axis"}),
    "image.resize": ("Resize", {"size": "size", "method": "interpolation"}),
    "linalg.matmul": (
        "tf.Matmul",
        {name: name for name in ("b", "transpose_a", "transpose_b", "adjoint_a", "adjoint_b")},
    ),
    "math.add_n": ("layers.Add", {}),
    "math.cumsum": ("Cumsum", {"axis": "axis"}),
    "math.top_k": ("TopK", {"k": "k"}),
    "nn.avg_pool2d": ("AveragePool", {"ksize": "pool_size", "strides": "strides", "padding": "padding"}),
    "nn.bias_add": ("Add", {"bias": "x2"}),
    "nn.conv2d": (
        "Conv",
        {
            "filter": "kernel",
            "filters": "kernel",
            "strides": "strides",
            "padding": "padding",
            "dilations": "dilation_rate",
        },
    ),
    "nn.depth_to_space": ("DepthToSpace", {"block_size": "block_size"}),
    "nn.depthwise_conv2d": (
        "DepthwiseConv",
        {"filter": "kernel", "strides": "strides", "padding": "padding", "dilations": "dilation_rate"},
    ),
    "nn.max_pool2d": ("MaxPool", {"ksize": "pool_size", "strides": "strides", "padding": "padding"}),
    "nn.space_to_depth": ("SpaceToDepth", {"block_size": "block_size"}),
    "one_hot": ("OneHot", {"depth": "num_classes", "axis": "axis"}),
    "pad": ("Pad", {"paddings": "pad_width"}),
    "repeat": ("Repeat", {"repeats": "repeats", "axis": "axis"}),
    "reshape": ("Reshape", {"shape": "newshape"}),
    "shape": ("tf.Shape", {}),
    "slice": ("Slice", {"begin": "start_indices", "size": "shape"}),
    "split": ("Split", {"num_or_size_splits": "indices_or_sections", "axis": "axis"}),
    "squeeze": ("Squeeze", {"axis": "axis"}),
    "stack": ("Stack", {"axis": "axis"}),
    "tensordot": ("Tensordot", {"b": "x2", "axes": "axes"}),
    "tile": ("Tile", {"multiples": "repeats"}),
    "transpose": ("Transpose", {"perm": "axes"}),
    "unstack": ("Unstack", {"num": "num", "axis": "axis"}),
    "where": ("Where", {"x": "x1", "y": "x2"}),
}
DEFAULTS: Mapping[str, Json] = {
    "gather": {"axis": 0},
    "math.argmax": {"axis": 0},
    "math.argmin": {"axis": 0},
    "math.cumsum": {"axis": 0},
    "math.top_k": {"k": 1},
}
"""What TensorFlow takes where Keras's operation takes something else, or nothing."""

OPERANDS = frozenset({"b", "indices", "kernel", "x1", "x2"})
"""Arguments that may be tensors."""

WITHOUT_EFFECT = frozenset(
    {"name", "dtype", "out_type", "output_type", "validate_indices", "use_cudnn_on_gpu", "sorted", "mode"}
    | {"constant_values", "epsilon", "antialias", "on_value", "off_value"}
)
"""Arguments that change neither shape nor cost."""


class NoEqualError(Exception):
    """The call has something that Keras's operation lacks."""


class Functions:
    """Translates the function calls among the layer entries of one graph."""

    def __init__(self, entries: Sequence[Json], as_tensor: AsTensor) -> None:
        self.entries = {str(entry.get("name")): entry for entry in entries}
        self.as_tensor = as_tensor

    def translated(self, entry: Json) -> Json:
        """An entry that calls a function, as one that calls an operation."""
        name, function = entry.get("name"), _function(entry)
        calls = [self.call(node) for node in entry.get("inbound_nodes") or ()]
        try:
            equals = [self.equal(function, given) for _, given in calls]
        except NoEqualError:
            equals = []
        if not equals or len({kind for kind, _ in equals}) > 1:
            nodes = [{"args": [first], "kwargs": given} for first, given in calls]
            return {**entry, "module": f"tf.{function}", "inbound_nodes": nodes}
        module, _, kind = equals[0][0].rpartition(".")
        is_layer = module == "layers"
        return {
            "class_name": kind,
            "module": {"": "keras.ops", "layers": "keras.layers"}.get(module, module),
            "config": {"name": name, **(equals[0][1] if is_layer else {})},
            "name": name,
            "inbound_nodes": [
                {"args": [first], "kwargs": {} if is_layer else settings}
                for (first, _), (_, settings) in zip(calls, equals, strict=True)
            ],
        }

    def call(self, node: Any) -> tuple[Any, Json]:
        """The first argument of a call, and the others by name, tensors as Keras 3 writes them."""
        listed = isinstance(node[0], list)
        given = (node[0] if listed else node)[3]
        first = [self.value(one[:3]) for one in node] if listed else self.value(node[:3])
        return first, {name: self.value(value) for name, value in given.items()}

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            if len(value) == 3 and value[0] == CONSTANT:
                return value[2]
            return self.as_tensor(value) or [self.value(one) for one in value]
        return {key: self.value(one) for key, one in value.items()} if isinstance(value, dict) else value

    def equal(self, function: str, given: Json) -> tuple[str, Json]:
        """The operation that does the same, and its arguments. Raises NoEqualError where there is none."""
        if function == "reshape":
            return self.reshape(given.get("shape"))
        if function in ON_ONE_TENSOR:
            return ON_ONE_TENSOR[function], {}
        kind, names = _named(function)
        arguments = dict(DEFAULTS.get(function, {}))
        for name, value in given.items():
            if name in names and value is not None:
                arguments[names[name]] = _converted(names[name], value)
            elif name == "data_format" and value in ("NCHW", "NCW", "NCDHW") and "padding" in names:
                arguments[name] = "channels_first"
            elif name not in names and not _is_without_effect(name, value):
                raise NoEqualError
        return kind, arguments

    def reshape(self, shape: Any) -> tuple[str, Json]:
        """Keras 2 graphs often put the batch dimension, as a tensor, before sizes that they know."""
        function, sizes, _ = self.maker_of(shape)
        listed = sizes if function == "stack" else shape
        if not isinstance(listed, list) or not all(type(size) is int for size in listed[1:]):
            raise NoEqualError
        if listed and self.is_batch(listed[0]):
            return "layers.Reshape", {"target_shape": listed[1:]}
        if not listed or type(listed[0]) is not int:
            raise NoEqualError
        return "Reshape", {"newshape": listed}

    def is_batch(self, size: Any) -> bool:
        """Whether a tensor is the first size of another, as `tf.shape(x)[0]` is."""
        function, shape, given = self.maker_of(size)
        picks_first = function == "__operators__.getitem" and given.get("slice_spec") in (0, [0])
        return picks_first and self.maker_of(shape)[0] == "shape"

    def maker_of(self, tensor: Any) -> tuple[str, Any, Json]:
        """The function that puts out a tensor, and what it is called on; "" where no function does."""
        entry = self.entries.get(tensor["config"]["keras_history"][0], {}) if _is_tensor(tensor) else {}
        nodes = entry.get("inbound_nodes") or []
        if "function" not in (entry.get("config") or {}) or len(nodes) != 1:
            return "", None, {}
        return (_function(entry), *self.call(nodes[0]))


def _function(entry: Json) -> str:
    config = entry.get("config")
    return str(config.get("function") if isinstance(config, dict) else None).removeprefix("compat.v1.")


def _named(function: str) -> tuple[str, Mapping[str, str]]:
    if function in ON_TWO_TENSORS:
        return ON_TWO_TENSORS[function], {"y": "x2"}
    if function in REDUCTIONS:
        return REDUCTIONS[function], {"axis": "axis", "keepdims": "keepdims", "keep_dims": "keepdims"}
    if function in OTHERS:
        return OTHERS[function]
    raise NoEqualError


def _is_without_effect(name: str, value: Any) -> bool:
    if name == "data_format":
        return value is None or str(value).endswith("C")
    return name in WITHOUT_EFFECT or value in (None, False, 0)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_tensor, value))
    return isinstance(value, dict) and (_is_tensor(value) or any(map(_holds_tensor, value.values())))


def _converted(name: str, value: Any) -> Any:
    """An argument as Keras's operation has it. Raises NoEqualError where a setting is known only at run time."""
    if name in OPERANDS:
        return value
    if _holds_tensor(value):
        raise NoEqualError
    if name in ("pool_size", "strides", "dilation_rate") and isinstance(value, list):
        return [max(size, 1) for size in value[1:-1]] if len(value) > 2 else value  # [1, height, width, 1]
    if name == "padding":
        return str(value).lower()
    if name == "indices_or_sections" and isinstance(value, list):
        return list(accumulate(value[:-1]))  # sizes of pieces -> where they are cut
    if name == "key":
        return [_index(one) for one in value] if isinstance(value, list) else _index(value)
    return value


def _index(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    return value
