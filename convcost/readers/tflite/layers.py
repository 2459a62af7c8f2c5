"""A graph of operators -> Model. Operators that are Keras layers become their records, which cost them as ever.

Constants are weights. Where a DEQUANTIZE (float16 weights) or a DENSIFY (sparse ones) stands between a constant and its
reader, it is folded away: the weights are what the file holds. Two operators with the same settings and the same
constants are one layer that is called twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from convcost.errors import ConvcostError
from convcost.layers.base import Kind
from convcost.layers.convolution import Conv2D, Conv2DTranspose, DepthwiseConv2D
from convcost.layers.dense import Dense
from convcost.layers.merging import Concatenate
from convcost.layers.passing import InputLayer
from convcost.layers.pooling import AveragePooling2D, MaxPooling2D
from convcost.layers.reshaping import ZeroPadding2D
from convcost.model import Call, Layer, Model, Policy, Recorded, Ref, Unknown, Weight
from convcost.readers.tflite.graph import Operator, TfGraph, TfTensor
from convcost.readers.tflite.names import ACTIVATIONS, SAME
from convcost.readers.tflite.operators import BaseContraction, BaseOperator, kind_of

Tensors = Sequence[TfTensor]

UNPACKING = ("DEQUANTIZE", "DENSIFY")
INDICES = ("int32", "int64", "bool", "string")
"""Types of constants that say how an operator works: shapes, axes, paddings. Weights have others."""


def model_of(graph: TfGraph, source: str) -> Model:
    """The Model of a graph. Raises ConvcostError where a tensor is read that nothing puts out, or put out twice."""
    return _Reading(graph, source).model()


class _Reading:
    """A graph, while it becomes a model."""

    def __init__(self, graph: TfGraph, source: str) -> None:
        self.graph = graph
        self.source = source
        self.constants = {tensor.index: tensor for tensor in graph.tensors if tensor.is_constant}
        self.refs: dict[int, Ref] = {}
        self.layers: dict[str, Layer] = {}
        self.shared: dict[object, str] = {}
        self.recorded: dict[Ref, Recorded] = {}
        self.names: set[str] = set()

    def model(self) -> Model:
        inputs = tuple(self.entering(number) for number in dict.fromkeys(self.graph.inputs))
        for operator in self.graph.operators:
            if operator.code in UNPACKING and operator.outputs and self.constants.keys() & operator.inputs[:1]:
                packed, unpacked = self.constants[operator.inputs[0]], self.graph.tensors[operator.outputs[0]]
                self.constants[unpacked.index] = msgspec.structs.replace(packed, shape=unpacked.shape)
            else:
                self.add(operator)
        outputs = tuple(self.refs[number] for number in self.graph.outputs if number in self.refs)
        return Model(
            name=self.graph.name or "main",
            layers=tuple(self.layers.values()),
            inputs=inputs,
            outputs=outputs,
            recorded=self.recorded,
            source=self.source,
            format="tflite",
            notes=tuple(self.notes()),
        )

    def notes(self) -> Iterator[str]:
        """What a reader of the counts should know: weights that the file holds sparse count as dense ones."""
        sparse = [one for one in self.graph.tensors if one.is_sparse and one.is_constant]
        if sparse:
            held = sum(one.data[1] - one.data[0] for one in sparse if one.data)
            dense = sum(one.bytes for one in sparse)
            yield (
                f"{self.source}: {len(sparse)} weights are sparse and count as dense, {dense:,} bytes; the file holds"
                f" {held:,} and where they belong"
            )

    def entering(self, number: int) -> Ref:
        tensor = self.graph.tensors[number]
        name = self.named(tensor)
        rule = InputLayer(batch_shape=tensor.signature or (None,))
        self.layers[name] = Layer(name, "InputLayer", rule, (Call(),), policy=Policy(compute=tensor.dtype))
        self.refs[number] = Ref(name)
        return Ref(name)

    def named(self, tensor: TfTensor) -> str:
        """The name of a layer, after what it puts out: of the names of all that was merged into it, the first."""
        name = first = tensor.name.split(";")[0] or f"tensor_{tensor.index}"
        count = 1
        while name in self.names:
            name, count = f"{first}_{count}", count + 1
        self.names.add(name)
        return name

    def add(self, operator: Operator) -> None:
        """One operator as a layer, or as another call of one that is there."""
        tensors = self.graph.tensors
        read = [number for number in operator.inputs if number >= 0 and number not in self.constants]
        read = [number for number in read if not tensors[number].is_variable]
        missing = next((number for number in read if number not in self.refs), None)
        if missing is not None:
            raise ConvcostError(
                f"{self.source}: operator {operator.index} ({operator.code}) reads tensor {missing}, which nothing has"
                " put out before"
            )
        empty = next((number for number in (*read, *operator.outputs) if 0 in tensors[number].shape), None)
        if empty is not None:
            raise ConvcostError(
                f"{self.source}: operator {operator.index} ({operator.code}) has a tensor without elements:"
                f" {tensors[empty].shape}"
            )
        call = Call(tuple(self.refs[number] for number in read))
        layer = self.layer(operator, read)
        held = tuple(number for number in operator.inputs if number in self.constants)
        key = (
            (layer.kind, layer.rule, layer.policy, held) if layer.stored and isinstance(layer.rule, Kind) else operator
        )
        name = self.shared.setdefault(key, layer.name)
        if name in self.layers:
            layer = self.layers[name]
        self.layers[name] = msgspec.structs.replace(layer, calls=(*layer.calls, call))
        for place, number in enumerate(operator.outputs):
            ref = Ref(name, len(layer.calls), place)
            if number in self.refs or number in self.constants:
                raise ConvcostError(f"{self.source}: tensor {number} is put out twice")
            self.refs[number] = ref
            self.recorded[ref] = Recorded(tensors[number].signature, tensors[number].dtype)

    def layer(self, operator: Operator, read: list[int]) -> Layer:
        tensors, constants = self.graph.tensors, [self.constants.get(number) for number in operator.inputs]
        writes = [tensors[number] for number in operator.outputs]
        rule: Kind | None = None
        stored: tuple[Weight, ...] = ()
        make = LAYERS.get(operator.code)
        if make is not None and all(number >= 0 for number in operator.inputs[:2]):
            rule, stored = self.made(make, operator, constants)
        if rule is None:
            stored = weights_among(constants)
            rule = self.operator(operator, read, stored)
        kind = operator.code if rule is None or isinstance(rule, BaseOperator) else type(rule).__name__
        variable = next((weight.dtype for weight in stored if weight.dtype), "float32")
        compute = writes[0].dtype if writes else "float32"
        name = self.named(writes[0]) if writes else f"{operator.code.lower()}_{operator.index}"
        unknown = Unknown(f"no rule for the operator {operator.code}", stored)
        return Layer(name, kind, rule or unknown, (), policy=Policy(variable, compute), stored=stored)

    def made(
        self, make: Maker, operator: Operator, constants: Sequence[TfTensor | None]
    ) -> tuple[Kind | None, tuple[Weight, ...]]:
        """A Keras layer for an operator. Raises ConvcostError where its settings are none that a layer may have."""
        try:
            found = make(operator, [self.known(number) for number in operator.inputs], constants)
            if found is not None:
                msgspec.convert(msgspec.structs.asdict(found[0]), type(found[0]))  # which checks them
        except (ConvcostError, msgspec.ValidationError) as error:
            raise ConvcostError(
                f"{self.source}: operator {operator.index} ({operator.code}) has settings that do not go: {error}"
            ) from None
        return found or (None, ())

    def known(self, number: int) -> TfTensor | None:
        return self.constants.get(number, self.graph.tensors[number]) if number >= 0 else None

    def operator(self, operator: Operator, read: list[int], stored: tuple[Weight, ...]) -> BaseOperator | None:
        """The record of an operator that no Keras layer stands for."""
        shapes = {
            "reads": tuple(self.graph.tensors[number].shape for number in read),
            "writes": tuple(self.graph.tensors[number].shape for number in operator.outputs),
        }
        if operator.code in ("FULLY_CONNECTED", "BATCH_MATMUL") and operator.outputs:
            return self.contraction(operator, shapes, stored)
        kind = kind_of(operator.code)
        if kind is None or not read or not operator.outputs:
            return None
        stored = tuple(msgspec.structs.replace(one, dtype=None) for one in stored)  # their types are the layer's
        field = FUSED.get(operator.code)
        return kind(
            code=operator.code,
            constants=stored,
            activation=_activation(operator, field) if field is not None else "linear",
            **shapes,
        )

    def contraction(
        self, operator: Operator, shapes: dict[str, tuple[tuple[int, ...], ...]], stored: tuple[Weight, ...]
    ) -> BaseOperator | None:
        """A product over the last size of the left matrix, or the one before it where that is transposed."""
        left, right = _first_two([self.known(number) for number in operator.inputs])
        if left is None or right is None or len(right.shape) < 2 or not left.shape:
            return None
        if operator.code == "FULLY_CONNECTED":
            depth, activation = right.shape[-1], _activation(operator, 0)
        else:
            transposed = operator.options.byte(0) and len(left.shape) > 1
            depth, activation = left.shape[-2 if transposed else -1], "linear"
        bias = len(operator.inputs) > 2 and operator.inputs[2] >= 0
        return BaseContraction(
            code=operator.code, constants=stored, activation=activation, depth=depth, use_bias=bias, **shapes
        )


FUSED = {"ADD": 0, "SUB": 0, "MUL": 0, "DIV": 0, "CONCATENATION": 1}
"""Where the options of an operator name the activation that it applies."""

Made = tuple[Kind, tuple[Weight, ...]]


def _activation(operator: Operator, field: int) -> str:
    number = operator.options.byte(field)
    return ACTIVATIONS[number] if 0 <= number < len(ACTIVATIONS) else "linear"


def _first_two(tensors: Sequence[TfTensor | None]) -> tuple[TfTensor | None, TfTensor | None]:
    first, second, *_ = (*tensors, None, None)
    return first, second


def _padding(operator: Operator) -> str:
    return "same" if operator.options.byte(0) == SAME else "valid"


def weights_among(constants: Sequence[TfTensor | None]) -> tuple[Weight, ...]:
    """The constants that are weights, not the shape or the axes by which an operator works."""
    return tuple(
        Weight("constant", one.shape, dtype=one.dtype)
        for one in constants
        if one is not None and (one.dtype not in INDICES or one.scales)
    )


def _with_bias(kernel: Weight, constants: Sequence[TfTensor | None], place: int = 2) -> tuple[Weight, ...]:
    bias = constants[place] if len(constants) > place else None
    return (kernel,) if bias is None else (kernel, Weight("bias", (kernel.shape[-1],), dtype=bias.dtype))


def _has_bias(operator: Operator, place: int = 2) -> bool:
    return len(operator.inputs) > place and operator.inputs[place] >= 0


def _convolution(
    operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]
) -> Made | None:
    """The kernel is (filters, height, width, channels of a group)."""
    image, kernel = _first_two(inputs)
    if image is None or kernel is None or len(image.shape) != 4 or len(kernel.shape) != 4 or not kernel.shape[3]:
        return None
    filters, height, width, channels = kernel.shape
    options = operator.options
    rule = Conv2D(
        filters=filters,
        kernel_size=(height, width),
        strides=(options.integer(2, 1), options.integer(1, 1)),
        padding=_padding(operator),  # type: ignore[arg-type]
        dilation_rate=(options.integer(5, 1), options.integer(4, 1)),
        groups=max(image.shape[3] // channels, 1),
        activation=_activation(operator, 3),
        use_bias=_has_bias(operator),
    )
    weight = Weight("kernel", (height, width, channels, filters), dtype=kernel.dtype)
    return rule, _with_bias(weight, constants)


def _depthwise(
    operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]
) -> Made | None:
    """The kernel is (1, height, width, channels that are put out)."""
    image, kernel = _first_two(inputs)
    if image is None or kernel is None or len(image.shape) != 4 or len(kernel.shape) != 4 or not image.shape[3]:
        return None
    _, height, width, filters = kernel.shape
    channels, options = image.shape[3], operator.options
    rule = DepthwiseConv2D(
        kernel_size=(height, width),
        strides=(options.integer(2, 1), options.integer(1, 1)),
        padding=_padding(operator),  # type: ignore[arg-type]
        dilation_rate=(options.integer(6, 1), options.integer(5, 1)),
        depth_multiplier=filters // channels,
        activation=_activation(operator, 4),
        use_bias=_has_bias(operator),
    )
    weight = Weight("kernel", (height, width, channels, filters // channels), dtype=kernel.dtype)
    bias = constants[2] if len(constants) > 2 else None
    return rule, (weight,) if bias is None else (weight, Weight("bias", (filters,), dtype=bias.dtype))


def _transposed(
    operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]
) -> Made | None:
    """Reads the shape that it puts out, the kernel (filters, height, width, channels), and the image."""
    if len(inputs) < 3 or inputs[1] is None or len(inputs[1].shape) != 4 or constants[0] is None:
        return None
    filters, height, width, channels = inputs[1].shape
    rule = Conv2DTranspose(
        filters=filters,
        kernel_size=(height, width),
        strides=(operator.options.integer(2, 1), operator.options.integer(1, 1)),
        padding=_padding(operator),  # type: ignore[arg-type]
        activation=_activation(operator, 3),
        use_bias=_has_bias(operator, 3),
    )
    weights = [Weight("kernel", (height, width, filters, channels), dtype=inputs[1].dtype)]
    if len(constants) > 3 and constants[3] is not None:
        weights.append(Weight("bias", (filters,), dtype=constants[3].dtype))
    return rule, tuple(weights)


def _dense(operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]) -> Made | None:
    """The kernel is (units, features). Without keep_num_dims, leading positions become one."""
    rows, kernel = _first_two(inputs)
    if rows is None or kernel is None or kernel.index not in {one.index for one in constants if one}:
        return None
    keeps = len(rows.shape) == 2 or operator.options.byte(2)
    if len(kernel.shape) != 2 or not keeps or rows.shape[-1:] != kernel.shape[1:]:
        return None
    units, features = kernel.shape
    rule = Dense(units=units, activation=_activation(operator, 0), use_bias=_has_bias(operator))
    return rule, _with_bias(Weight("kernel", (features, units), dtype=kernel.dtype), constants)


def _pooling(kind: type[AveragePooling2D | MaxPooling2D]) -> Maker:
    def make(
        operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]
    ) -> Made | None:
        options = operator.options
        if options.byte(5):
            return None  # no Keras pooling has an activation
        rule = kind(
            pool_size=(options.integer(4, 1), options.integer(3, 1)),
            strides=(options.integer(2, 1), options.integer(1, 1)),
            padding=_padding(operator),  # type: ignore[arg-type]
        )
        return rule, ()

    return make


def _concatenated(
    operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]
) -> Made | None:
    if any(constants) or operator.options.byte(1):
        return None
    return Concatenate(axis=operator.options.integer(0)), ()


def _padded(operator: Operator, inputs: Sequence[TfTensor | None], constants: Sequence[TfTensor | None]) -> Made | None:
    """A border of zeros around an image."""
    _, border = _first_two(constants)
    numbers = border.numbers if border else ()
    if len(numbers) != 8 or numbers[:2] != (0, 0) or numbers[6:] != (0, 0) or min(numbers) < 0:
        return None
    return ZeroPadding2D(padding=(numbers[2:4], numbers[4:6])), ()


Maker = Callable[[Operator, Sequence[TfTensor | None], Sequence[TfTensor | None]], Made | None]

LAYERS: dict[str, Maker] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _pooling(AveragePooling2D),
    "MAX_POOL_2D": _pooling(MaxPooling2D),
    "CONCATENATION": _concatenated,
    "PAD": _padded,
}
"""Operators that are Keras layers: their record, and the weights as the file holds them."""
