"""Convolutions, pooling and normalizations as operations."""

import numpy as np
from keras import ops

from .case import Case

FIRST = {"data_format": "channels_first"}


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, "float32")


CASES = [
    Case(lambda x: ops.conv(x, ones(3, 4, 6)), (9, 4), macs=3 * 4 * 6 * 7),
    Case(lambda x: ops.conv(x, ones(3, 2, 4, 6), padding="same", strides=2), (9, 8, 4), macs=6 * 4 * 6 * 5 * 4),
    Case(lambda x: ops.conv(x, ones(3, 3, 4, 6), dilation_rate=2), (9, 8, 4), macs=9 * 4 * 6 * 5 * 4),
    Case(lambda x: ops.conv(x, ones(3, 3, 4, 6), **FIRST), (4, 9, 8), macs=9 * 4 * 6 * 7 * 6),
    Case(lambda x: ops.conv(x, ones(2, 2, 2, 3, 4)), (5, 4, 3, 3), macs=8 * 3 * 4 * 4 * 3 * 2),
    Case(lambda x, k: ops.conv(x, k[0]), (9, 8, 4), (3, 3, 4, 6), macs=9 * 4 * 6 * 7 * 6),
    Case(lambda x: ops.depthwise_conv(x, ones(3, 4, 2)), (9, 4), macs=3 * 4 * 2 * 7),
    Case(lambda x: ops.depthwise_conv(x, ones(3, 3, 4, 2), padding="same"), (9, 8, 4), macs=9 * 4 * 2 * 9 * 8),
    Case(
        lambda x: ops.separable_conv(x, ones(3, 3, 4, 2), ones(1, 1, 8, 5)),
        (9, 8, 4),
        macs=9 * 4 * 2 * 7 * 6 + 8 * 5 * 7 * 6,
    ),
    Case(lambda x: ops.conv_transpose(x, ones(3, 6, 4), strides=2), (9, 4), macs=3 * 6 * 4 * 9, traces=False),
    Case(
        lambda x: ops.conv_transpose(x, ones(3, 3, 6, 4), strides=2, padding="same", output_padding=1),
        (5, 4, 4),
        macs=9 * 6 * 4 * 5 * 4,
        traces=False,
    ),
    Case(lambda x: ops.max_pool(x, 2), (9, 4)),
    Case(lambda x: ops.max_pool(x, (3, 2), strides=(2, 1), padding="same"), (9, 8, 4)),
    Case(lambda x: ops.max_pool(x, 2, **FIRST), (4, 9, 8)),
    Case(lambda x: ops.average_pool(x, 2), (5, 4, 6, 3)),
    Case(lambda x: ops.adaptive_max_pool(x, (3, 2)), (9, 8, 4), recorded=False),
    Case(lambda x: ops.adaptive_average_pool(x, (3,)), (9, 4), recorded=False),
    Case(lambda x: ops.batch_normalization(x, ones(3), ones(3), axis=-1), (4, 3)),
    Case(lambda x: ops.batch_normalization(x, ones(3), ones(3), -1, offset=ones(3), scale=ones(3)), (4, 3)),
    Case(ops.layer_normalization, (4, 3)),
    Case(lambda x: ops.layer_normalization(x, gamma=ones(3), beta=ones(3)), (4, 3)),
    Case(lambda x: ops.rms_normalization(x, scale=ones(3)), (4, 3)),
    Case(lambda x: ops.normalize(x, axis=1), (4, 3)),
]
