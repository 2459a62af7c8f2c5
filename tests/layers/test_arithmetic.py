"""Windows along one axis, where sizes and strides do not meet."""

from __future__ import annotations

import pytest

from convcost.layers.arithmetic import ceil_div, conv_extent, transposed_extent
from convcost.layers.convolution import Conv2D
from convcost.layers.pooling import MaxPooling2D


@pytest.mark.parametrize(("size", "by", "expected"), [(7, 2, 4), (8, 2, 4), (9, 2, 5), (1, 3, 1), (10, 3, 4)])
def test_ceil_div_rounds_up(size: int, by: int, expected: int) -> None:
    assert ceil_div(size, by) == expected


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "padding", "expected"),
    [
        (7, 3, 2, 1, "same", 4),  # ⌈7/2⌉
        (7, 3, 2, 1, "valid", 3),  # ⌊(7 − 3)/2⌋ + 1
        (8, 3, 2, 1, "valid", 3),  # ⌊(8 − 3)/2⌋ + 1
        (9, 3, 1, 3, "valid", 3),  # a window of 7
        (5, 4, 3, 1, "causal", 2),  # ⌈5/3⌉
    ],
)
def test_positions_of_a_window(size: int, kernel: int, stride: int, dilation: int, padding: str, expected: int) -> None:
    assert conv_extent(size, kernel, stride, dilation, padding) == expected


def test_odd_sizes_under_same_padding() -> None:
    rule = Conv2D(filters=4, kernel_size=3, strides=2, padding="same")
    assert rule.output_shape((1, 7, 9, 3)) == (1, 4, 5, 4)
    assert rule.cost((1, 7, 9, 3)).macs == 3 * 3 * 3 * 4 * 4 * 5
    assert MaxPooling2D(pool_size=2, padding="same").output_shape((1, 7, 9, 3)) == (1, 4, 5, 3)


def test_transposed_positions() -> None:
    assert transposed_extent(5, 3, 2, 1, "same", None) == 10
    assert transposed_extent(5, 3, 2, 1, "valid", None) == 5 * 2 + 1
    assert transposed_extent(5, 3, 2, 1, "same", 1) == (5 - 1) * 2 + 3 - 2 * 1 + 1
