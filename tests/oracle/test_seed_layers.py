"""The worked example: 3×3 over 5×5×3, 128 filters, built in Keras and run on ones, beside `convcost.compare`."""

from __future__ import annotations

import keras
import pytest

import convcost
from convcost.comparison import Part
from convcost.engine.trace import trace

COMPARED = convcost.compare(3, 128, 3, 5)


@pytest.mark.parametrize(
    ("part", "layers"),
    [
        (COMPARED.standard, [keras.layers.Conv2D(128, 3, padding="same")]),
        (COMPARED.depthwise, [keras.layers.DepthwiseConv2D(3, padding="same")]),
        (
            COMPARED.pointwise,
            [keras.layers.DepthwiseConv2D(3, padding="same"), keras.layers.Conv2D(128, 1, padding="same")],
        ),
    ],
    ids=["standard", "depthwise", "pointwise"],
)
def test_layer(part: Part, layers: list[keras.layers.Layer]) -> None:
    """The last of `layers`, after what it reads from."""
    *before, layer = layers
    ones = keras.ops.ones((1, 5, 5, 3))
    for one in before:
        ones = one(ones)
    assert tuple(layer(ones).shape) == (1, *part.output_shape)
    assert layer.count_params() == part.params
    assert trace(keras.Sequential([keras.Input(ones.shape[1:]), layer])).macs == part.macs


def test_the_numbers_of_the_example() -> None:
    assert COMPARED.standard.macs == 3 * 3 * 3 * 128 * 5 * 5
    assert COMPARED.depthwise.macs == 3 * 3 * 3 * 5 * 5
    assert COMPARED.pointwise.macs == 3 * 128 * 5 * 5
    assert COMPARED.standard.params == 3 * 3 * 3 * 128 + 128
    assert COMPARED.separable_params == (3 * 3 * 3 + 3) + (3 * 128 + 128)


def test_the_fused_layer() -> None:
    """SeparableConv2D does the same with one bias less."""
    model = keras.Sequential([keras.Input((5, 5, 3)), keras.layers.SeparableConv2D(128, 3, padding="same")])
    assert model.count_params() == COMPARED.fused_params == 3 * 3 * 3 + 3 * 128 + 128
    assert trace(model).macs == COMPARED.separable.macs
