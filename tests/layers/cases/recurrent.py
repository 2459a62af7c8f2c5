"""Recurrent layers. MACs: steps · gates · units · (features + units)."""

from keras.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM1D,
    ConvLSTM2D,
    ConvLSTM3D,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)

from .case import Case

FIRST = "channels_first"
SEQUENCE = (7, 3)


def with_state(layer, sequence, *states):
    return layer(sequence, initial_state=list(states))


def one_step(layer, step, *states):
    return layer(step, list(states))


CASES = [
    Case(SimpleRNN(4), SEQUENCE, macs=7 * 4 * (3 + 4)),
    Case(SimpleRNN(4, return_sequences=True, use_bias=False), SEQUENCE, macs=7 * 4 * (3 + 4)),
    Case(SimpleRNN(4, return_state=True, go_backwards=True), SEQUENCE, macs=7 * 4 * (3 + 4)),
    Case(SimpleRNN(4, activation="relu", unroll=True), SEQUENCE, macs=7 * 4 * (3 + 4)),
    Case(SimpleRNN(4), SEQUENCE, (4,), call=with_state, macs=7 * 4 * (3 + 4)),
    Case(LSTM(4), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, return_sequences=True), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, return_state=True, use_bias=False), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, return_sequences=True, return_state=True, go_backwards=True), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, recurrent_dropout=0.2, dropout=0.1), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, trainable=False, unit_forget_bias=False), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4, dtype="mixed_bfloat16"), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(LSTM(4), SEQUENCE, (4,), (4,), call=with_state, macs=7 * 16 * (3 + 4)),
    Case(
        LSTM(4),
        SEQUENCE,
        (7,),
        dtypes=("float32", "bool"),
        call=lambda layer, sequence, mask: layer(sequence, mask=mask),
        macs=7 * 16 * (3 + 4),
    ),
    Case(GRU(4), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(GRU(4, reset_after=False), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(GRU(4, use_bias=False, return_sequences=True), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(GRU(4, return_state=True, go_backwards=True, recurrent_dropout=0.1), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(GRU(4, reset_after=False, use_bias=False), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(SimpleRNNCell(4), (3,), (4,), call=one_step, macs=4 * (3 + 4)),
    Case(SimpleRNNCell(4, use_bias=False), (3,), (4,), call=one_step, macs=4 * (3 + 4)),
    Case(LSTMCell(4), (3,), (4,), (4,), call=one_step, macs=16 * (3 + 4)),
    Case(LSTMCell(4, trainable=False), (3,), (4,), (4,), call=one_step, macs=16 * (3 + 4)),
    Case(GRUCell(4), (3,), (4,), call=one_step, macs=12 * (3 + 4)),
    Case(GRUCell(4, reset_after=False), (3,), (4,), call=one_step, macs=12 * (3 + 4)),
    Case(
        StackedRNNCells([LSTMCell(4), GRUCell(5)]),
        (3,),
        (4,),
        (4,),
        (5,),
        call=lambda layer, step, h, c, state: layer(step, [[h, c], [state]]),
        macs=16 * (3 + 4) + 15 * (4 + 5),
    ),
    Case(RNN(LSTMCell(4)), SEQUENCE, macs=7 * 16 * (3 + 4)),
    Case(RNN(GRUCell(4), return_sequences=True, return_state=True), SEQUENCE, macs=7 * 12 * (3 + 4)),
    Case(RNN(SimpleRNNCell(4, trainable=False)), SEQUENCE, macs=7 * 4 * (3 + 4)),
    Case(RNN([LSTMCell(4), LSTMCell(5)]), SEQUENCE, macs=7 * (16 * (3 + 4) + 20 * (4 + 5))),
    Case(
        RNN(
            StackedRNNCells([SimpleRNNCell(4, dtype="float16"), LSTMCell(5, dtype="float16")], dtype="float16"),
            return_state=True,
            dtype="float16",
        ),
        SEQUENCE,
        macs=7 * (4 * (3 + 4) + 20 * (4 + 5)),
    ),
    Case(Bidirectional(LSTM(4)), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(Bidirectional(LSTM(4, return_sequences=True), merge_mode="sum"), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(Bidirectional(GRU(4), merge_mode="mul"), SEQUENCE, macs=2 * 7 * 12 * (3 + 4)),
    Case(Bidirectional(SimpleRNN(4), merge_mode="ave"), SEQUENCE, macs=2 * 7 * 4 * (3 + 4)),
    Case(Bidirectional(LSTM(4), merge_mode=None), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(
        Bidirectional(LSTM(4, return_sequences=True, return_state=True), merge_mode=None),
        SEQUENCE,
        macs=2 * 7 * 16 * (3 + 4),
    ),
    Case(Bidirectional(LSTM(4, return_state=True)), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(Bidirectional(LSTM(4, trainable=False)), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(
        Bidirectional(LSTM(4), backward_layer=GRU(4, go_backwards=True, dtype="float16")),
        SEQUENCE,
        macs=7 * 16 * (3 + 4) + 7 * 12 * (3 + 4),
    ),
    Case(Bidirectional(RNN(LSTMCell(4))), SEQUENCE, macs=2 * 7 * 16 * (3 + 4)),
    Case(ConvLSTM1D(4, 3), (5, 9, 2), macs=5 * (3 * 2 * 16 * 7 + 3 * 4 * 16 * 7)),
    Case(ConvLSTM1D(4, 3, padding="same", strides=2), (5, 9, 2), macs=5 * (3 * 2 * 16 * 5 + 3 * 4 * 16 * 5)),
    Case(ConvLSTM1D(4, 3, data_format=FIRST, return_state=True), (5, 2, 9), macs=5 * (3 * 2 * 16 * 7 + 3 * 4 * 16 * 7)),
    Case(ConvLSTM2D(4, 3), (5, 8, 9, 2), macs=5 * (9 * 2 * 16 * 42 + 9 * 4 * 16 * 42)),
    Case(
        ConvLSTM2D(4, (3, 1), return_sequences=True, return_state=True, use_bias=False, go_backwards=True),
        (5, 8, 9, 2),
        macs=5 * (3 * 2 * 16 * 54 + 3 * 4 * 16 * 54),
    ),
    Case(ConvLSTM2D(4, 3, dilation_rate=2), (5, 8, 9, 2), macs=5 * (9 * 2 * 16 * 20 + 9 * 4 * 16 * 20)),
    Case(ConvLSTM2D(4, 3, data_format=FIRST, strides=2), (5, 2, 8, 9), macs=5 * (9 * 2 * 16 * 12 + 9 * 4 * 16 * 12)),
    Case(ConvLSTM3D(4, 2), (5, 3, 4, 5, 2), macs=5 * (8 * 2 * 16 * 24 + 8 * 4 * 16 * 24)),
    Case(
        ConvLSTM3D(4, 2, padding="same", return_sequences=True),
        (5, 3, 4, 5, 2),
        macs=5 * (8 * 2 * 16 * 60 + 8 * 4 * 16 * 60),
    ),
    Case(Bidirectional(ConvLSTM1D(4, 3)), (5, 9, 2), macs=2 * 5 * (3 * 2 * 16 * 7 + 3 * 4 * 16 * 7)),
]
