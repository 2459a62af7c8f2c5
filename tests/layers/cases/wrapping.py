"""Wrappers: what their layer does."""

import keras
from keras.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Embedding,
    MaxPooling1D,
    SpectralNormalization,
    TimeDistributed,
)

from .case import Case


def two_branches() -> keras.Model:
    """A model with a layer that is called twice, a frozen one and a nested one."""
    first = keras.Input((4,))
    shared = Dense(4)
    once = shared(first)
    twice = shared(once)
    frozen = Dense(3, trainable=False)(twice)
    return keras.Model(first, keras.Sequential([Dense(2, dtype="float16")])(keras.layers.concatenate([once, frozen])))


CASES = [
    Case(TimeDistributed(Dense(4)), (7, 3), macs=7 * 3 * 4),
    Case(TimeDistributed(Dense(4, trainable=False)), (7, 3), macs=7 * 3 * 4),
    Case(TimeDistributed(Dense(4, dtype="float16"), trainable=False), (7, 3), macs=7 * 3 * 4),
    Case(TimeDistributed(Conv2D(4, 3)), (5, 6, 7, 3), macs=5 * 9 * 3 * 4 * 20),
    Case(TimeDistributed(BatchNormalization()), (5, 6, 3)),
    Case(TimeDistributed(MaxPooling1D(2)), (5, 6, 3)),
    Case(TimeDistributed(TimeDistributed(Dense(4))), (5, 6, 3), macs=5 * 6 * 3 * 4),
    Case(TimeDistributed(LSTM(4)), (5, 6, 3), macs=5 * 6 * 16 * (3 + 4)),
    Case(TimeDistributed(two_branches()), (5, 4), macs=5 * (4 * 4 + 4 * 4 + 4 * 3 + 7 * 2)),
    Case(
        TimeDistributed(keras.Sequential([keras.Input((6, 7, 3)), Conv2D(4, 3), keras.layers.Flatten(), Dense(2)])),
        (5, 6, 7, 3),
        macs=5 * (9 * 3 * 4 * 20 + 80 * 2),
    ),
    Case(SpectralNormalization(Dense(4)), (3,), macs=3 * 4),
    Case(SpectralNormalization(Conv2D(4, 3), power_iterations=2), (5, 5, 3), macs=9 * 3 * 4 * 9),
    Case(SpectralNormalization(Conv2D(4, 3, use_bias=False, trainable=False)), (5, 5, 3), macs=9 * 3 * 4 * 9),
    Case(SpectralNormalization(Embedding(10, 4)), (3,)),
]
