"""Attention, EinsumDense and embeddings. MACs: projections, query positions · key positions · sizes of a head."""

from keras.layers import (
    AdditiveAttention,
    Attention,
    EinsumDense,
    Embedding,
    GroupQueryAttention,
    MultiHeadAttention,
    ReversibleEmbedding,
)

from .case import Case

QUERY, VALUE, KEY = (5, 8), (7, 6), (7, 8)


def itself(layer, x):
    return layer(x, x)


def named(layer, query, value, key):
    return layer(query=query, key=key, value=value)


def in_order(layer, *tensors):
    return layer(*tensors)


def with_scores(layer, x):
    return layer(x, x, return_attention_scores=True)


def causal(layer, x):
    return layer(x, x, use_causal_mask=True)


def reverse(layer, x):
    return layer(x, reverse=True)


CASES = [
    Case(Attention(), (5, 8), (7, 8), macs=5 * 7 * (8 + 8)),
    Case(Attention(use_scale=True), (5, 8), (7, 6), (7, 8), macs=5 * 7 * (8 + 6)),
    Case(Attention(score_mode="concat"), (5, 8), (7, 8), macs=5 * 7 * 8),
    Case(Attention(score_mode="concat", use_scale=True, dropout=0.1), (5, 8), (7, 8), macs=5 * 7 * 8),
    Case(Attention(), (3, 5, 8), (3, 7, 8), macs=3 * 5 * 7 * (8 + 8)),
    Case(
        Attention(),
        (5, 8),
        (7, 8),
        call=lambda layer, *tensors: layer(list(tensors), return_attention_scores=True, use_causal_mask=True),
        macs=5 * 7 * (8 + 8),
    ),
    Case(AdditiveAttention(), (5, 8), (7, 8), macs=5 * 7 * 8),
    Case(AdditiveAttention(use_scale=False), (5, 8), (7, 6), (7, 8), macs=5 * 7 * 6),
    Case(
        AdditiveAttention(),
        (5, 8),
        (7, 8),
        call=lambda layer, *tensors: layer(list(tensors), return_attention_scores=True),
        macs=5 * 7 * 8,
    ),
    Case(MultiHeadAttention(2, 4), (5, 8), call=itself, macs=3 * 5 * 8 * 8 + 2 * 2 * 5 * 5 * 4 + 5 * 8 * 8),
    Case(MultiHeadAttention(2, 4, use_bias=False), (5, 8), call=causal, macs=4 * 5 * 8 * 8 + 2 * 2 * 25 * 4),
    Case(MultiHeadAttention(2, 4), (5, 8), call=with_scores, macs=4 * 5 * 8 * 8 + 2 * 2 * 25 * 4),
    Case(
        MultiHeadAttention(2, 4),
        QUERY,
        VALUE,
        call=in_order,
        macs=5 * 8 * 8 + 2 * 7 * 6 * 8 + 2 * 2 * 5 * 7 * 4 + 5 * 8 * 8,
    ),
    Case(
        MultiHeadAttention(3, 4, value_dim=5),
        QUERY,
        VALUE,
        KEY,
        call=named,
        macs=5 * 8 * 12 + 7 * 8 * 12 + 7 * 6 * 15 + 3 * 5 * 7 * (4 + 5) + 5 * 15 * 8,
    ),
    Case(
        MultiHeadAttention(2, 4, output_shape=9),
        (5, 8),
        call=itself,
        macs=3 * 5 * 8 * 8 + 2 * 2 * 25 * 4 + 5 * 8 * 9,
    ),
    Case(
        MultiHeadAttention(2, 4, output_shape=(3, 9), dropout=0.1),
        (5, 8),
        call=itself,
        macs=3 * 5 * 8 * 8 + 2 * 2 * 25 * 4 + 5 * 8 * 27,
    ),
    Case(
        MultiHeadAttention(2, 4, use_gate=True, sliding_window=2),
        (5, 8),
        call=itself,
        macs=5 * 5 * 8 * 8 + 2 * 2 * 25 * 4,
    ),
    Case(
        MultiHeadAttention(2, 4),
        (3, 5, 8),
        call=itself,
        macs=4 * 15 * 8 * 8 + 2 * 2 * 15 * 15 * 4,
    ),
    Case(
        MultiHeadAttention(2, 4, attention_axes=(2,)),
        (3, 5, 8),
        call=itself,
        macs=4 * 15 * 8 * 8 + 3 * 2 * 2 * 25 * 4,
    ),
    Case(
        MultiHeadAttention(2, 4, attention_axes=1),
        (3, 5, 8),
        call=itself,
        macs=4 * 15 * 8 * 8 + 5 * 2 * 2 * 9 * 4,
    ),
    Case(
        MultiHeadAttention(2, 4),
        (5, 8),
        (5, 5),
        dtypes=("float32", "bool"),
        call=lambda layer, x, mask: layer(x, x, attention_mask=mask),
        macs=4 * 5 * 8 * 8 + 2 * 2 * 25 * 4,
    ),
    Case(
        GroupQueryAttention(4, 6, 2),
        (5, 8),
        call=itself,
        macs=5 * 8 * 24 + 2 * 5 * 8 * 8 + 2 * 6 * 25 * 4 + 5 * 24 * 8,
    ),
    Case(
        GroupQueryAttention(4, 6, 1, use_bias=False, use_gate=True),
        (5, 8),
        (7, 8),
        call=in_order,
        macs=2 * 5 * 8 * 24 + 2 * 7 * 8 * 4 + 2 * 6 * 35 * 4 + 5 * 24 * 8,
    ),
    Case(
        GroupQueryAttention(4, 2, 2),
        (5, 8),
        call=with_scores,
        macs=3 * 5 * 8 * 8 + 2 * 2 * 25 * 4 + 5 * 8 * 8,
    ),
    Case(EinsumDense("ab,bc->ac", output_shape=7), (5,), macs=5 * 7),
    Case(EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d"), (3, 5), macs=3 * 5 * 7),
    Case(EinsumDense("...x,xy->...y", output_shape=7, bias_axes="y", activation="relu"), (3, 3, 5), macs=9 * 5 * 7),
    Case(EinsumDense("abc,cde->abde", output_shape=(None, 2, 4), bias_axes="de"), (3, 8), macs=3 * 8 * 2 * 4),
    Case(EinsumDense("abcd,cde->abe", output_shape=(None, 7), bias_axes="e"), (3, 2, 4), macs=3 * 2 * 4 * 7),
    Case(EinsumDense("abc,bde->acde", output_shape=(5, 2, 4), bias_axes="ce"), (3, 5), macs=3 * 5 * 2 * 4),
    Case(EinsumDense("ab...,bc->ac...", output_shape=7, bias_axes="c"), (5, 3, 2), macs=5 * 7 * 6),
    Case(EinsumDense("abc,bcd->abd", output_shape=(3, 7)), (3, 5), macs=3 * 5 * 7),
    Case(EinsumDense("abc,cd->abd", output_shape=(3, 7), lora_rank=2), (3, 5), macs=3 * 5 * 7 + 5 * 2 * 7),
    Case(Embedding(10, 4), (7,), dtypes=("int32",)),
    Case(Embedding(10, 4, mask_zero=True, trainable=False), (7, 2), dtypes=("int32",)),
    Case(Embedding(10, 4, lora_rank=3), (7,), dtypes=("int32",), macs=10 * 3 * 4),
    Case(Embedding(10, 4, dtype="bfloat16"), (), dtypes=("int32",)),
    Case(ReversibleEmbedding(10, 4), (7,), dtypes=("int32",)),
    Case(ReversibleEmbedding(10, 4), (7, 4), call=reverse, macs=7 * 4 * 10),
    Case(ReversibleEmbedding(10, 4, tie_weights=False, logit_soft_cap=5.0), (7, 4), call=reverse, macs=7 * 4 * 10),
    Case(
        ReversibleEmbedding(10, 4, tie_weights=False),
        (7,),
        dtypes=("int32",),
        call=lambda layer, x: layer(layer(x), reverse=True),
        macs=7 * 4 * 10,
    ),
]
