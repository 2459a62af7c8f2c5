"""The tracer against products written by hand: small models, layer by layer, and what it says when it cannot count."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow

from convcost.engine.trace import Trace, trace
from convcost.errors import ConvcostError, MeasureError

layers, ops = keras.layers, keras.ops


def model_of(layer: Callable[..., Any], *shapes: tuple[int | None, ...]) -> keras.Model:
    """A model that calls `layer` on inputs of these shapes."""
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, layer(*inputs), name="net")


CONVOLUTIONS = [
    # layer, input shape, MACs: prod(kernel_size) · channels a group · filters · output positions
    (layers.Conv2D(6, 3), (8, 8, 4), 3 * 3 * 4 * 6 * 6 * 6),
    (layers.Conv2D(6, 3, strides=2, padding="same"), (9, 9, 4), 3 * 3 * 4 * 6 * 5 * 5),
    (layers.Conv2D(6, 3, groups=2), (8, 8, 4), 3 * 3 * 2 * 6 * 6 * 6),
    (layers.Conv2D(4, 3, padding="same", dilation_rate=2), (16, 16, 32), 3 * 3 * 32 * 4 * 16 * 16),
    (layers.Conv2D(4, (3, 2), dilation_rate=(2, 3)), (17, 15, 4), 3 * 2 * 4 * 4 * 13 * 12),
    (layers.Conv2D(4, 3, padding="same", dilation_rate=3, groups=2), (17, 15, 4), 3 * 3 * 2 * 4 * 17 * 15),
    (layers.Conv2D(6, 3, data_format="channels_first"), (4, 8, 9), 3 * 3 * 4 * 6 * 6 * 7),
    (
        layers.Conv2D(6, 3, padding="same", dilation_rate=2, data_format="channels_first"),
        (4, 8, 9),
        3 * 3 * 4 * 6 * 8 * 9,
    ),
    (layers.Conv1D(7, 3, padding="causal"), (17, 4), 3 * 4 * 7 * 17),
    (layers.Conv1D(7, 3, padding="causal", dilation_rate=4), (17, 4), 3 * 4 * 7 * 17),
    (layers.Conv1D(6, 3, padding="same", dilation_rate=3, groups=2), (17, 4), 3 * 2 * 6 * 17),
    (layers.Conv3D(5, 3, padding="same"), (6, 7, 8, 4), 3 * 3 * 3 * 4 * 5 * 6 * 7 * 8),
    (layers.Conv3D(6, 3, padding="same", dilation_rate=(1, 2, 3), groups=2), (6, 7, 8, 4), 27 * 2 * 6 * 6 * 7 * 8),
    (layers.Conv3D(5, 3, padding="same", data_format="channels_first"), (4, 6, 7, 8), 27 * 4 * 5 * 6 * 7 * 8),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), (13, 11, 5), 3 * 3 * 5 * 2 * 11 * 9),
    (layers.DepthwiseConv2D(3, padding="same", dilation_rate=2), (13, 11, 5), 3 * 3 * 5 * 13 * 11),
    (layers.DepthwiseConv2D(3, strides=2, padding="same", dilation_rate=2), (13, 11, 5), 3 * 3 * 5 * 7 * 6),
    (layers.DepthwiseConv2D(3, strides=3, dilation_rate=2), (13, 11, 5), 3 * 3 * 5 * 3 * 3),
    (layers.DepthwiseConv1D(3, strides=2, dilation_rate=2, padding="same"), (13, 5), 3 * 5 * 7),
    (layers.SeparableConv1D(7, 3, strides=2, dilation_rate=2, padding="same"), (13, 5), (3 * 5 + 5 * 7) * 7),
    (layers.SeparableConv2D(7, 3, depth_multiplier=2), (9, 8, 5), (3 * 3 * 5 * 2 + 5 * 2 * 7) * 7 * 6),
    (layers.SeparableConv2D(7, 3, strides=2, dilation_rate=2, padding="same"), (9, 8, 5), (3 * 3 * 5 + 5 * 7) * 5 * 4),
    (layers.Conv1DTranspose(7, 3, strides=2), (13, 5), 3 * 5 * 7 * 13),
    (layers.Conv2DTranspose(7, 3, strides=2, padding="same"), (13, 12, 5), 3 * 3 * 5 * 7 * 13 * 12),
    (layers.Conv2DTranspose(7, 3, dilation_rate=2), (13, 12, 5), 3 * 3 * 5 * 7 * 13 * 12),
    (layers.Conv3DTranspose(7, 3, strides=3, output_padding=1), (4, 5, 6, 3), 27 * 3 * 7 * 4 * 5 * 6),
]

OTHER_LAYERS = [
    (layers.Dense(7), (5,), 5 * 7),
    (layers.Dense(7, activation="softmax"), (6, 5), 6 * 5 * 7),
    (layers.EinsumDense("abc,cd->abd", (None, 7)), (6, 8), 6 * 8 * 7),
    (layers.EinsumDense("...c,cd->...d", 7), (6, 8), 6 * 8 * 7),
    (layers.EinsumDense("abc,cde->abde", (None, 7, 2)), (6, 8), 6 * 8 * 7 * 2),
    (layers.LSTM(7), (6, 5), 6 * 4 * (5 * 7 + 7 * 7)),
    (layers.LSTM(7, unroll=True), (6, 5), 6 * 4 * (5 * 7 + 7 * 7)),
    (layers.GRU(7, return_sequences=True), (6, 5), 6 * 3 * (5 * 7 + 7 * 7)),
    (layers.GRU(7, reset_after=False), (6, 5), 6 * 3 * (5 * 7 + 7 * 7)),
    (layers.SimpleRNN(7), (6, 5), 6 * (5 * 7 + 7 * 7)),
    (layers.Bidirectional(layers.LSTM(7)), (6, 5), 2 * 6 * 4 * (5 * 7 + 7 * 7)),
    (layers.ConvLSTM2D(7, 3, padding="same"), (6, 9, 8, 5), 6 * 4 * 3 * 3 * (5 + 7) * 7 * 9 * 8),
    (layers.TimeDistributed(layers.Conv2D(8, 3, groups=2)), (6, 9, 9, 4), 6 * 3 * 3 * 2 * 8 * 7 * 7),
    (layers.AveragePooling2D(3, strides=2, padding="same"), (9, 9, 4), 0),
    (layers.GlobalAveragePooling2D(), (9, 9, 4), 0),
    (layers.MaxPooling3D(2), (6, 6, 6, 4), 0),
    (layers.BatchNormalization(), (9, 9, 4), 0),
    (layers.GroupNormalization(2), (9, 9, 4), 0),
    (layers.UpSampling2D(2, interpolation="bilinear"), (9, 9, 4), 0),
    (layers.Resizing(5, 7), (9, 9, 4), 0),
]


@pytest.mark.parametrize(
    ("layer", "shape", "macs"), CONVOLUTIONS + OTHER_LAYERS, ids=lambda value: getattr(value, "name", None)
)
def test_layer(layer: keras.layers.Layer, shape: tuple[int, ...], macs: int) -> None:
    traced = trace(model_of(layer, shape))
    assert traced.macs == macs
    assert traced.under(layer.name) == macs
    assert traced.uncounted == ()


class Through(layers.Layer):
    """A function of tensors as a layer."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, *tensors: Any) -> Any:
        return self.function(*tensors)


def test_what_only_lends_its_shape_is_not_computed() -> None:
    def network(matrix: Any) -> Any:
        square = tensorflow.matmul(matrix, matrix)
        return tensorflow.raw_ops.ZerosLike(x=square) + matrix

    assert trace(model_of(Through(network), (6, 6))).macs == 0


QUERY, VALUE = (6, 8), (5, 8)


@pytest.mark.parametrize(
    ("operation", "macs"),
    [
        # projections of 2 heads of 3: query, key and value, output; then QKᵀ and AV
        (layers.MultiHeadAttention(2, 3), 6 * 8 * 6 + 2 * 5 * 8 * 6 + 6 * 6 * 8 + 2 * 2 * 6 * 5 * 3),
        # 4 query heads of 8 share 2 key and value heads
        (layers.GroupQueryAttention(8, 4, 2), 6 * 8 * 32 + 2 * 5 * 8 * 16 + 6 * 32 * 8 + 2 * 4 * 6 * 5 * 8),
        (lambda query, value: layers.Attention()([query, value]), 2 * 6 * 5 * 8),
        (lambda query, value: layers.AdditiveAttention()([query, value]), 6 * 5 * 8),
        (lambda query, value: layers.Dot(2)([query, value]), 6 * 5 * 8),
        (lambda query, value: ops.matmul(query, ops.transpose(value, (0, 2, 1))), 6 * 5 * 8),
        (lambda query, value: query @ ops.transpose(value, (0, 2, 1)), 6 * 5 * 8),
        (lambda query, value: ops.einsum("bic,bjc->bij", query, value), 6 * 5 * 8),
        (lambda query, value: ops.einsum("...ic,...jc->...ij", query, value), 6 * 5 * 8),
        (
            lambda query, value: ops.einsum("...ic,...jc->...ij", ops.stack([query] * 3, 1), value[:, None]),
            3 * 6 * 5 * 8,
        ),
        (lambda query, value: ops.einsum("bic,bjc->bijc", query, value), 0),  # sums over nothing
        (lambda query, value: ops.einsum("bic->bc", query), 0),  # multiplies nothing
        (Through(lambda query, value: tensorflow.matmul(query[0], value[0], transpose_b=True)), 6 * 5 * 8),
        (Through(lambda query, value: tensorflow.matmul(query[0, :5], value[0], transpose_a=True)), 8 * 5 * 8),
        (Through(lambda query, value: tensorflow.matmul(query[:, :5], value, transpose_a=True)), 8 * 5 * 8),
        (lambda query, value: ops.einsum("bic,bjd->bi", query, value), 0),  # each sums alone, then they multiply
        (lambda query, value: ops.einsum("bic,bjc->b", query, value), 8),  # i and j are summed beforehand
        (lambda query, value: ops.tensordot(query, value[0], axes=[[2], [1]]), 6 * 5 * 8),
    ],
)
def test_two_inputs(operation: Callable[..., Any], macs: int) -> None:
    assert trace(model_of(operation, QUERY, VALUE)).macs == macs


class Repeating(layers.Layer):
    """Squares a matrix as long as `condition` says."""

    def __init__(self, condition: Callable[..., Any], step: int = 1) -> None:
        super().__init__()
        self.condition = condition
        self.step = step

    def call(self, matrix: Any) -> Any:
        return ops.while_loop(
            self.condition, lambda time, state: (time + self.step, ops.matmul(state, state)), (0, matrix)
        )[1]


class Chosen(layers.Layer):
    """Multiplies once or twice, as the data say."""

    def call(self, matrix: Any) -> Any:
        squared = ops.matmul(matrix, matrix)
        return ops.cond(ops.sum(matrix) > 0, lambda: ops.matmul(squared, matrix), lambda: squared)


class Switched(layers.Layer):
    """Multiplies twice, once or not at all, as the data say."""

    def call(self, matrix: Any) -> Any:
        sides = [
            lambda: matrix,
            lambda: ops.matmul(ops.matmul(matrix, matrix), matrix),
            lambda: ops.matmul(matrix, matrix),
        ]
        return ops.switch(ops.cast(ops.sum(matrix), "int32"), sides)


@pytest.mark.parametrize(
    ("layer", "products"),
    [
        (Repeating(lambda time, state: time < 5), 5),
        (Repeating(lambda time, state: time <= 4, step=2), 3),
        (Repeating(lambda time, state: ops.logical_and(time < 5, time < 4)), 4),
        (Repeating(lambda time, state: ops.logical_and(time < 5, ops.sum(state) < 1)), 5),
        (Repeating(lambda time, state: time < -3), 0),
        (Chosen(), 2),
        (Switched(), 2),
    ],
    ids=["less", "at most", "both", "at most, as data say", "never", "if", "case"],
)
def test_control_flow(layer: keras.layers.Layer, products: int) -> None:
    assert trace(model_of(layer, (6, 6))).macs == products * 6 * 6 * 6


class Receding(layers.Layer):
    """A loop whose limit runs, too."""

    def call(self, matrix: Any) -> Any:
        def body(time: Any, limit: Any, state: Any) -> Any:
            return time + 2, limit + 1, ops.matmul(state, state)

        return ops.while_loop(lambda time, limit, state: time < limit, body, (0, 5, matrix))[2]


@pytest.mark.parametrize(
    "layer",
    [
        Repeating(lambda time, state: ops.sum(state) < 1),
        Repeating(lambda time, state: time < 5, step=0),
        Receding(),
    ],
    ids=["as long as data say", "for ever", "limit runs"],
)
def test_a_loop_of_unknown_length_is_no_number(layer: keras.layers.Layer) -> None:
    with pytest.raises(MeasureError, match="how often it runs"):
        trace(model_of(layer, (6, 6)))


class Fused(layers.Layer):
    """The one operation that Keras makes of an LSTM where there is a GPU."""

    def call(self, source: Any) -> Any:
        steps, units = 6, 7
        state = tensorflow.zeros((1, 1, units))
        return tensorflow.raw_ops.CudnnRNNV3(
            input=tensorflow.reshape(source, (steps, 1, 5)),
            input_h=state,
            input_c=state,
            params=tensorflow.zeros((4 * (5 * units + units * units) + 2 * 4 * units,)),
            sequence_lengths=[steps],
        ).output


def test_a_recurrent_layer_on_a_gpu() -> None:
    assert trace(model_of(Fused(), (6, 5))).macs == 6 * 4 * (5 * 7 + 7 * 7)


class Hidden(layers.Layer):
    """Leaves TensorFlow for NumPy, where nothing can be seen."""

    def call(self, matrix: Any) -> Any:
        hidden = tensorflow.numpy_function(lambda values: values @ values, [matrix], "float32")
        return ops.reshape(hidden, (1, 6, 6))


class Mapped(layers.Layer):
    """Hands a function to an operation that decides how often to run it."""

    def call(self, matrix: Any) -> Any:
        spec = tensorflow.TensorSpec((6, 6), "float32")
        square = tensorflow.function(lambda values: tensorflow.matmul(values, values)).get_concrete_function(spec)
        return tensorflow.raw_ops.MapDefun(
            arguments=[matrix], captured_inputs=[], output_types=["float32"], output_shapes=[(6, 6)], f=square
        )[0]


@pytest.mark.parametrize("layer", [Hidden(name="unseen"), Mapped(name="unseen")], ids=["NumPy", "MapDefun"])
def test_what_the_graph_hides_is_named(layer: keras.layers.Layer) -> None:
    def network(values: Any) -> Any:
        return layers.Dense(2)(layer(values))

    traced = trace(model_of(network, (6, 6)))
    assert traced.uncounted == ("unseen",)
    assert traced.macs == 6 * 6 * 2


class Block(layers.Layer):
    def __init__(self) -> None:
        super().__init__(name="block")
        self.first = layers.Dense(3, name="first")
        self.second = layers.Dense(4, name="second")

    def call(self, values: Any) -> Any:
        return self.second(self.first(values))


def test_layers_keep_their_paths() -> None:
    """A second call of `conv` is not mistaken for the layer `conv_1`; models, blocks and operations have paths."""
    values = keras.Input((8, 8, 4))
    conv = layers.Conv2D(4, 3, padding="same", groups=2, name="conv")
    inner = keras.Sequential([keras.Input((8, 8, 4)), layers.Conv2D(4, 1, name="conv")], name="inner")
    outer = keras.Model(values, inner(inner(values)), name="outer")
    result = layers.Conv2D(5, 1, name="conv_1")(outer(conv(conv(values))))
    result = Block()(result)
    result = ops.matmul(result, ops.transpose(result, (0, 1, 3, 2)))
    traced = trace(keras.Model(values, result))
    matmul = next(path for path in traced.by_layer if path.startswith("matmul"))
    assert traced.by_layer == {
        "conv": 2 * 3 * 3 * 2 * 4 * 8 * 8,
        "conv_1": 4 * 5 * 8 * 8,
        "outer/inner/conv": 2 * 4 * 4 * 8 * 8,
        "block/first": 5 * 3 * 8 * 8,
        "block/second": 3 * 4 * 8 * 8,
        matmul: 8 * 8 * 4 * 8,
    }
    assert traced.under("block") == (5 * 3 + 3 * 4) * 8 * 8
    assert traced.under("conv") == traced.by_layer["conv"]
    assert traced.macs == sum(traced.by_layer.values())


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.dense = layers.Dense(4, name="dense")

    def call(self, values: Any) -> Any:
        return self.dense(values)


def test_subclassed_model() -> None:
    assert trace(Subclassed(), (3, 5)) == Trace({"dense": 3 * 5 * 4})
    with pytest.raises(ConvcostError, match="subclassed: the model tells no input shape"):
        trace(Subclassed())


def test_open_shapes() -> None:
    values = keras.Input((None, None, 3), name="image")
    model = keras.Model(values, layers.Conv2D(2, 3)(values), name="open")
    assert trace(model, (8, 9, 3)).macs == trace(model, {"image": (8, 9, 3)}).macs == 3 * 3 * 3 * 2 * 6 * 7
    with pytest.raises(ConvcostError, match="open: input 'image' has the open shape"):
        trace(model)


def test_inputs_by_name() -> None:
    inputs = {"left": keras.Input((None, 3), name="left"), "right": keras.Input((3, None), name="right")}
    model = keras.Model(inputs, ops.matmul(inputs["left"], inputs["right"]))
    assert trace(model, {"right": (3, 5), "left": (4, 3)}).macs == 4 * 3 * 5


def test_a_batch_that_the_model_fixes() -> None:
    values = keras.Input(batch_shape=(4, 6, 5))
    traced = trace(keras.Model(values, layers.LSTM(7, stateful=True)(values)))
    assert traced.batch == 4
    assert traced.macs == 4 * 6 * 4 * (5 * 7 + 7 * 7)


def test_an_error_of_the_model_is_one_line() -> None:
    model = model_of(layers.Dense(2, name="a[0]"), (3,))
    with pytest.raises(MeasureError, match=r"^net: TensorFlow cannot trace the model: 'a\[0\]' is not a valid scope"):
        trace(model)


def test_what_cannot_be_traced() -> None:
    with pytest.raises(MeasureError, match="cannot trace a dict, allowed: a Keras 3 model"):
        trace({})


def test_without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(layers.Dense(2), (3,))
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MeasureError, match=r"pip install 'convcost\[tensorflow\]'"):
        trace(model)


def test_another_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(MeasureError, match="the backend 'jax', allowed: 'tensorflow'"):
        trace(model_of(layers.Dense(2), (3,)))


def test_keras_is_left_as_it_was() -> None:
    call = keras.Operation.__call__
    trace(model_of(layers.Dense(2), (3,)))
    with pytest.raises(MeasureError):
        trace(model_of(layers.Dense(2, name="a[0]"), (3,)))
    assert keras.Operation.__call__ is call
    assert keras.config.is_traceback_filtering_enabled()
