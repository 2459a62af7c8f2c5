"""Layer and input -> shape, params, MACs and other FLOPs, every number written as its product. No framework here."""

from __future__ import annotations

from math import prod
from typing import Any

import msgspec
import pytest

from convcost.layers import LAYERS
from convcost.model import Layer, Policy, Shape

IMAGE: Shape = (1, 8, 10, 3)
ELEMENTS = 8 * 10 * 3


def held(name: str, **settings: Any) -> Layer:
    return Layer(name.lower(), name, record(name, **settings), ())


def record(name: str, **settings: Any) -> Any:
    return msgspec.convert(settings, LAYERS[name])


#  kind, settings, inputs, output, params, MACs
ROWS: list[tuple[str, dict[str, Any], list[Shape], Any, int, int]] = [
    ("Conv1D", {"filters": 4, "kernel_size": 3}, [(1, 9, 2)], (1, 7, 4), 3 * 2 * 4 + 4, 3 * 2 * 4 * 7),
    (
        "Conv2D",
        {"filters": 16, "kernel_size": 3, "padding": "same", "strides": 2},
        [IMAGE],
        (1, 4, 5, 16),
        9 * 3 * 16 + 16,
        9 * 3 * 16 * 4 * 5,
    ),
    (
        "Conv2D",
        {"filters": 6, "kernel_size": [3, 5], "groups": 3, "use_bias": False},
        [IMAGE],
        (1, 6, 6, 6),
        15 * 1 * 6,
        15 * 1 * 6 * 36,
    ),
    ("Conv3D", {"filters": 4, "kernel_size": 2}, [(1, 3, 4, 5, 2)], (1, 2, 3, 4, 4), 8 * 2 * 4 + 4, 8 * 2 * 4 * 24),
    ("DepthwiseConv2D", {"kernel_size": 3}, [IMAGE], (1, 6, 8, 3), 9 * 3 + 3, 9 * 3 * 48),
    (
        "SeparableConv2D",
        {"filters": 16, "kernel_size": 3},
        [IMAGE],
        (1, 6, 8, 16),
        9 * 3 + 3 * 16 + 16,
        9 * 3 * 48 + 3 * 16 * 48,
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
        [IMAGE],
        (1, 16, 20, 4),
        9 * 3 * 4 + 4,
        9 * 3 * 4 * 8 * 10,
    ),
    ("Dense", {"units": 7}, [(1, 4, 5)], (1, 4, 7), 5 * 7 + 7, 4 * 5 * 7),
    ("Dense", {"units": 7, "lora_rank": 2}, [(1, 5)], (1, 7), 5 * 7 + 7 + 5 * 2 + 2 * 7, 5 * 7 + 5 * 2 * 7),
    (
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": [None, 2, 7], "bias_axes": "de"},
        [(1, 4, 5)],
        (1, 4, 2, 7),
        5 * 2 * 7 + 2 * 7,
        4 * 5 * 2 * 7,
    ),
    (
        "EinsumDense",
        {"equation": "...a,ab->...b", "output_shape": 7},
        [(1, 2, 4, 5)],
        (1, 2, 4, 7),
        5 * 7,
        2 * 4 * 5 * 7,
    ),
    ("BatchNormalization", {}, [IMAGE], IMAGE, 4 * 3, 0),
    ("BatchNormalization", {"axis": [3], "scale": False}, [IMAGE], IMAGE, 3 * 3, 0),
    ("LayerNormalization", {"axis": [-2, -1]}, [(1, 4, 5)], (1, 4, 5), 2 * 4 * 5, 0),
    ("GroupNormalization", {"groups": 3}, [IMAGE], IMAGE, 2 * 3, 0),
    ("RMSNormalization", {}, [IMAGE], IMAGE, 3, 0),
    ("UnitNormalization", {}, [IMAGE], IMAGE, 0, 0),
    ("PReLU", {"shared_axes": [1, 2]}, [IMAGE], IMAGE, 3, 0),
    ("MaxPooling2D", {}, [IMAGE], (1, 4, 5, 3), 0, 0),
    ("AdaptiveAveragePooling2D", {"output_size": [2, 3]}, [IMAGE], (1, 2, 3, 3), 0, 0),
    ("Dot", {"axes": [2, 1]}, [(1, 3, 4), (1, 4, 5)], (1, 3, 5), 0, 3 * 5 * 4),
    ("Embedding", {"input_dim": 10, "output_dim": 4, "input_length": 7}, [(1, 7)], (1, 7, 4), 10 * 4, 0),
    (
        "ReversibleEmbedding",
        {"input_dim": 10, "output_dim": 4, "reverse": True, "tie_weights": False},
        [(1, 7, 4)],
        (1, 7, 10),
        10 * 4 + 4 * 10,
        7 * 4 * 10,
    ),
    ("SimpleRNN", {"units": 4}, [(1, 7, 3)], (1, 4), 3 * 4 + 4 * 4 + 4, 7 * 4 * (3 + 4)),
    (
        "LSTM",
        {"units": 4, "implementation": 1, "time_major": False},
        [(1, 7, 3)],
        (1, 4),
        4 * (3 * 4 + 4 * 4 + 4),
        7 * 4 * 4 * (3 + 4),
    ),
    (
        "LSTM",
        {"units": 4, "return_sequences": True, "return_state": True},
        [(1, 7, 3)],
        [(1, 7, 4), (1, 4), (1, 4)],
        4 * (3 * 4 + 4 * 4 + 4),
        7 * 4 * 4 * (3 + 4),
    ),
    ("GRU", {"units": 4}, [(1, 7, 3)], (1, 4), 3 * (3 * 4 + 4 * 4 + 2 * 4), 7 * 3 * 4 * (3 + 4)),
    ("GRU", {"units": 4, "reset_after": False}, [(1, 7, 3)], (1, 4), 3 * (3 * 4 + 4 * 4 + 4), 7 * 3 * 4 * (3 + 4)),
    (
        "ConvLSTM2D",
        {"filters": 4, "kernel_size": 3},
        [(1, 5, 8, 10, 3)],
        (1, 6, 8, 4),
        9 * 3 * 16 + 9 * 4 * 16 + 16,
        5 * (9 * 3 * 16 * 48 + 9 * 4 * 16 * 48),
    ),
    ("LSTMCell", {"units": 4}, [(1, 3), (1, 4), (1, 4)], [(1, 4)] * 3, 4 * (3 * 4 + 4 * 4 + 4), 4 * 4 * (3 + 4)),
    ("RNN", {"cell": held("GRUCell", units=4)}, [(1, 7, 3)], (1, 4), 3 * (3 + 4 + 2) * 4, 7 * 12 * (3 + 4)),
    (
        "StackedRNNCells",
        {"cells": (held("LSTMCell", units=4), held("SimpleRNNCell", units=5))},
        [(1, 3)],
        [(1, 5), (1, 4), (1, 4), (1, 5)],
        4 * (3 + 4 + 1) * 4 + (4 + 5 + 1) * 5,
        16 * (3 + 4) + 5 * (4 + 5),
    ),
    (
        "Bidirectional",
        {"layer": held("LSTM", units=4, return_sequences=True)},
        [(1, 7, 3)],
        (1, 7, 8),
        2 * 4 * (3 * 4 + 4 * 4 + 4),
        2 * 7 * 4 * 4 * (3 + 4),
    ),
    (
        "Bidirectional",
        {"layer": held("LSTM", units=4, return_state=True), "merge_mode": None},
        [(1, 7, 3)],
        [(1, 4)] * 6,
        2 * 4 * (3 * 4 + 4 * 4 + 4),
        2 * 7 * 4 * 4 * (3 + 4),
    ),
    ("TimeDistributed", {"layer": held("Dense", units=4)}, [(1, 7, 3)], (1, 7, 4), 3 * 4 + 4, 7 * 3 * 4),
    ("SpectralNormalization", {"layer": held("Dense", units=4)}, [(1, 3)], (1, 4), 3 * 4 + 4 + 4, 3 * 4),
    ("Wrapper", {"layer": held("Dense", units=4)}, [(1, 3)], (1, 4), 3 * 4 + 4, 3 * 4),
    ("Attention", {}, [(1, 5, 8), (1, 7, 8)], (1, 5, 8), 0, 5 * 7 * 8 + 5 * 7 * 8),
    (
        "Attention",
        {"score_mode": "concat", "use_scale": True, "return_attention_scores": True},
        [(1, 5, 8), (1, 7, 6), (1, 7, 8)],
        [(1, 5, 6), (1, 5, 7)],
        1 + 1,
        5 * 7 * 6,
    ),
    ("AdditiveAttention", {}, [(1, 5, 8), (1, 7, 8)], (1, 5, 8), 8, 5 * 7 * 8),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 4},
        [(1, 5, 8), (1, 5, 8)],
        (1, 5, 8),
        4 * (8 * 8 + 8),
        4 * 5 * 8 * 8 + 2 * (2 * 5 * 5 * 4),
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 3, "key_dim": 4, "value_dim": 5, "use_bias": False, "output_shape": [9], "use_gate": True},
        [(1, 5, 8), (1, 7, 6), (1, 7, 2)],
        (1, 5, 9),
        8 * 12 + 2 * 12 + 8 * 15 + 6 * 15 + 15 * 9,
        5 * 8 * 12 + 7 * 2 * 12 + 5 * 8 * 15 + 7 * 6 * 15 + 3 * 5 * 7 * (4 + 5) + 5 * 15 * 9,
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 6, "num_key_value_heads": 2},
        [(1, 5, 8), (1, 7, 8)],
        (1, 5, 8),
        8 * 24 + 24 + 2 * (8 * 8 + 8) + 24 * 8 + 8,
        5 * 8 * 24 + 2 * 7 * 8 * 8 + 6 * 5 * 7 * (4 + 4) + 5 * 24 * 8,
    ),
    ("CategoryEncoding", {"num_tokens": 5, "output_mode": "one_hot"}, [(1, 3)], (1, 3, 5), 0, 0),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot"}, [(1, 3)], (1, 2 + 1), 0, 0),
    ("Normalization", {}, [IMAGE], IMAGE, 3 + 3 + 1, 0),
    (
        "STFTSpectrogram",
        {"frame_length": 16, "frame_step": 8},
        [(1, 64, 2)],
        (1, 7, 2 * 9),
        2 * 16 * 9,
        2 * 16 * 9 * 7 * 2,
    ),
    ("MelSpectrogram", {"fft_length": 64, "sequence_stride": 16}, [(1, 160)], (1, 128, 11), 0, 11 * 33 * 128),
    ("MelSpectrogram", {"fft_length": 64, "sequence_stride": 16}, [(1, 159)], (1, 128, 10), 0, 10 * 33 * 128),
    ("RandomFlip", {}, [IMAGE], IMAGE, 0, 0),
    ("Pipeline", {"layers": (held("CenterCrop", height=4, width=5),) * 2}, [IMAGE], (1, 4, 5, 3), 0, 0),
]


@pytest.mark.parametrize(
    ("kind", "settings", "inputs", "output", "params", "macs"), ROWS, ids=lambda one: str(one)[:30]
)
def test_shape_params_and_macs(
    kind: str, settings: dict[str, Any], inputs: list[Shape], output: Any, params: int, macs: int
) -> None:
    rule = record(kind, **settings)
    assert rule.output_shape(*inputs) == output
    assert sum(prod(weight.shape) for weight in rule.weights(*inputs)) == params
    assert rule.cost(*inputs).macs == macs


#  kind, settings, inputs, other FLOPs by category
OTHER: list[tuple[str, dict[str, Any], list[Shape], dict[str, int]]] = [
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "activation": "relu"},
        [IMAGE],
        {"bias": 6 * 8 * 4, "activation": 6 * 8 * 4},
    ),
    ("Dense", {"units": 7, "activation": "sigmoid"}, [(1, 5)], {"bias": 7, "activation": 4 * 7}),
    ("BatchNormalization", {}, [IMAGE], {"normalization": 2 * ELEMENTS}),
    ("LayerNormalization", {}, [IMAGE], {"normalization": 7 * ELEMENTS}),
    ("GroupNormalization", {"groups": 1, "center": False}, [IMAGE], {"normalization": 6 * ELEMENTS}),
    ("RMSNormalization", {}, [IMAGE], {"normalization": 4 * ELEMENTS}),
    ("UnitNormalization", {}, [IMAGE], {"normalization": 3 * ELEMENTS}),
    ("MaxPooling2D", {}, [IMAGE], {"pooling": 4 * 60}),
    ("GlobalAveragePooling2D", {}, [IMAGE], {"pooling": ELEMENTS}),
    ("Add", {}, [IMAGE, IMAGE, IMAGE], {"merge": 2 * ELEMENTS}),
    ("SimpleRNN", {"units": 4}, [(1, 7, 3)], {"bias": 7 * 4, "activation": 7 * 4 * 1, "elementwise": 7 * 4}),
    (
        "LSTM",  # three sigmoids and two tanhs; four sums, three FLOPs for the carry, one for the output
        {"units": 4},
        [(1, 7, 3)],
        {"bias": 7 * 16, "activation": 7 * 4 * (3 * 4 + 2 * 1), "elementwise": 7 * 4 * (4 + 3 + 1)},
    ),
    (
        "GRU",  # two sigmoids and a tanh; three sums, the reset, four FLOPs for the mix
        {"units": 4},
        [(1, 7, 3)],
        {"bias": 7 * 2 * 12, "activation": 7 * 4 * (2 * 4 + 1), "elementwise": 7 * 4 * (3 + 1 + 4)},
    ),
    (
        "GRU",  # one bias where the reset comes before the product
        {"units": 4, "reset_after": False},
        [(1, 7, 3)],
        {"bias": 7 * 12, "activation": 7 * 4 * (2 * 4 + 1), "elementwise": 7 * 4 * (3 + 1 + 4)},
    ),
    (
        "Bidirectional",
        {"layer": held("SimpleRNN", units=4, activation=None, use_bias=False), "merge_mode": "ave"},
        [(1, 7, 3)],
        {"elementwise": 2 * 7 * 4, "merge": 2 * 4},
    ),
    ("Attention", {"use_scale": True}, [(1, 5, 8), (1, 7, 8)], {"elementwise": 35, "activation": 5 * 35}),
    (
        "AdditiveAttention",
        {},
        [(1, 5, 8), (1, 7, 8)],
        {"elementwise": 3 * 35 * 8, "activation": 35 * 8 + 5 * 35},
    ),
    (
        "MultiHeadAttention",  # the scale of the query; the softmax
        {"num_heads": 2, "key_dim": 4},
        [(1, 5, 8), (1, 5, 8)],
        {"bias": 4 * 5 * 8, "elementwise": 5 * 8, "activation": 5 * 2 * 25},
    ),
    (
        "MultiHeadAttention",  # the scale of the query, the product with the gate; the softmax, the gate's sigmoid
        {"num_heads": 2, "key_dim": 4, "value_dim": 3, "use_gate": True, "use_bias": False},
        [(1, 5, 8), (1, 5, 8)],
        {"elementwise": 5 * 2 * 4 + 5 * 2 * 3, "activation": 5 * 2 * 25 + 4 * 5 * 2 * 3},
    ),
    (
        "ReversibleEmbedding",
        {"input_dim": 10, "output_dim": 4, "reverse": True, "logit_soft_cap": 3.0},
        [(1, 7, 4)],
        {"elementwise": 2 * 7 * 10, "activation": 7 * 10},
    ),
    ("Rescaling", {"scale": 2.0}, [IMAGE], {"elementwise": 2 * ELEMENTS}),
    ("AutoContrast", {}, [IMAGE], {"elementwise": 6 * ELEMENTS}),
    (
        "ContrastLimitedAdaptiveHistogramEqualization",
        {"tile_grid_size": [2, 3]},
        [IMAGE],
        {"elementwise": 8 * (8 * 10 * 3 + 256 * 2 * 3 * 3)},
    ),
    ("Resizing", {"height": 4, "width": 5}, [IMAGE], {"elementwise": 7 * 60}),
]


@pytest.mark.parametrize(("kind", "settings", "inputs", "other"), OTHER, ids=lambda one: str(one)[:30])
def test_other_flops(kind: str, settings: dict[str, Any], inputs: list[Shape], other: dict[str, int]) -> None:
    assert dict(record(kind, **settings).cost(*inputs).other) == other


def test_a_held_layer_keeps_its_flag_and_its_dtype() -> None:
    inner = Layer("dense", "Dense", record("Dense", units=4), (), trainable=False, policy=Policy("float16", "float16"))
    kernel, bias = record("TimeDistributed", layer=inner).weights((1, 7, 3))
    assert (kernel.name, kernel.shape, kernel.trainable, kernel.dtype) == ("dense/kernel", (3, 4), False, "float16")
    assert (bias.name, bias.shape, bias.trainable, bias.dtype) == ("dense/bias", (4,), False, "float16")


def test_the_scale_of_rms_normalization_has_its_axes_in_order() -> None:
    (scale,) = record("RMSNormalization", axis=[2, 1]).weights((1, 4, 6))
    assert scale.shape == (4, 6)
