"""Layers with a quantized dtype policy: other weights, the same MACs."""

from keras.layers import Dense, EinsumDense, Embedding, ReversibleEmbedding, TimeDistributed

from .attention import reverse
from .case import Case

INT8, INT4, BLOCKS = "int8_from_float32", "int4/-1_from_float32", "int4/4_from_mixed_bfloat16"
FLOAT8, GPTQ, AWQ = "float8_from_mixed_bfloat16", "gptq/4/4_from_float32", "awq/4/4_from_float32"

CASES = [
    *(
        case
        for policy in (INT8, INT4, BLOCKS, FLOAT8)
        for case in (
            Case(Dense(7, dtype=policy), (3, 10), macs=3 * 10 * 7),
            Case(Dense(6, dtype=policy, use_bias=False, activation="relu"), (9,), macs=9 * 6),
            Case(EinsumDense("abc,cd->abd", (None, 7), bias_axes="d", dtype=policy), (3, 10), macs=3 * 10 * 7),
            Case(EinsumDense("abc,cde->abde", (None, 2, 3), dtype=policy), (4, 10), macs=4 * 10 * 2 * 3),
            Case(EinsumDense("abcd,cde->abe", (None, 7), bias_axes="e", dtype=policy), (4, 2, 5), macs=4 * 2 * 5 * 7),
            Case(TimeDistributed(Dense(7, dtype=policy)), (3, 10), macs=3 * 10 * 7),
        )
    ),
    *(
        case
        for policy in (GPTQ, AWQ, "gptq/8/-1_from_float32")
        for case in (
            Case(Dense(7, dtype=policy), (10,), macs=10 * 7, runs=False),
            Case(
                EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", dtype=policy),
                (4, 10),
                macs=4 * 10 * 6,
                runs=False,
            ),
            Case(EinsumDense("abcd,cde->abe", (None, 9), dtype=policy), (4, 2, 5), macs=4 * 2 * 5 * 9, runs=False),
        )
    ),
    *(
        case
        for policy in (INT8, INT4, BLOCKS)
        for case in (
            Case(Embedding(10, 7, dtype=policy), (3,), dtypes=("int32",)),
            Case(ReversibleEmbedding(10, 7, dtype=policy), (3, 7), call=reverse, macs=3 * 7 * 10),
            Case(ReversibleEmbedding(10, 7, tie_weights=False, dtype=policy), (3, 7), call=reverse, macs=3 * 7 * 10),
        )
    ),
    *(
        case
        for policy in (INT8, INT4)
        for case in (
            Case(Dense(7, lora_rank=2, dtype=policy), (3, 10), macs=3 * 10 * 7 + 3 * 2 * (10 + 7)),
            Case(
                EinsumDense("abc,cd->abd", (None, 7), lora_rank=2, dtype=policy),
                (3, 10),
                macs=3 * 10 * 7 + 3 * 2 * (10 + 7),
            ),
            Case(Embedding(10, 7, lora_rank=2, dtype=policy), (3,), dtypes=("int32",), macs=3 * 2 * 7),
        )
    ),
]
