"""Attention: the product of queries and keys, a softmax, and the product of its scores with the values.

MACs are those of QKᵀ and AV, and of the projections where a layer has them (arXiv 1706.03762). Masked positions
count: causal and sliding-window masks change no MACs.
"""

from __future__ import annotations

from string import ascii_letters
from typing import Literal

import msgspec

from convcost.cost import NOTHING, Cost, total
from convcost.errors import ShapeError
from convcost.layers.activations import activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive, axis_of, expect_rank
from convcost.layers.einsum_dense import EinsumDense
from convcost.model import Shape, Weight


def elementwise(flops: int) -> Cost:
    return Cost(0, {"elementwise": flops})


def weighted_sum_cost(scores: Shape, value_dim: int) -> Cost:
    """The softmax of scores and their product with values of this size."""
    return activation_cost("softmax", scores) + Cost(prod(scores) * value_dim)


def query_value_key(inputs: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
    """The three shapes; without a key the value is the key. Raises ShapeError where they do not belong together."""
    if not 2 <= len(inputs) <= 3:
        raise ShapeError(f"it takes {len(inputs)} tensors, allowed: query and value, or query, value and key")
    query, value = inputs[:2]
    key = inputs[-1]
    if value[1:-1] != key[1:-1] or min(map(len, inputs)) < 3:
        raise ShapeError(f"query {query[1:]}, value {value[1:]} and key {key[1:]} do not belong together")
    return query, value, key


class BaseScored(Kind):
    """Attention without weights of its own, but for a scale."""

    return_attention_scores: bool = False
    dropout: float = 0.0

    def scores(self, *inputs: Shape) -> Shape:
        query, _, key = query_value_key(inputs)
        return (*query[:-1], key[-2])

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        output = (*inputs[0][:-1], inputs[1][-1])
        return [output, self.scores(*inputs)] if self.return_attention_scores else output

    def cost(self, *inputs: Shape) -> Cost:
        return self.score_cost(*inputs) + weighted_sum_cost(self.scores(*inputs), inputs[1][-1])

    def score_cost(self, *inputs: Shape) -> Cost:
        """What the scores cost."""
        raise NotImplementedError

    def summed_score_cost(self, scaled: bool, *inputs: Shape) -> Cost:
        """Scores that are sums: for every pair and feature an addition, a tanh, an addition (and a scale)."""
        terms = (*self.scores(*inputs), inputs[0][-1])
        return elementwise((2 + scaled) * prod(terms)) + activation_cost("tanh", terms)


class Attention(BaseScored):
    """Dot-product (arXiv 1508.04025) or concatenating attention."""

    formula = "QKᵀ + AV: query length · key length · (features + value features); concat: AV alone"

    use_scale: bool = False
    score_mode: Literal["dot", "concat"] = "dot"

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        there = [("scale", self.use_scale), ("concat_score_weight", self.score_mode == "concat")]
        return tuple(Weight(name, ()) for name, is_there in there if is_there)

    def score_cost(self, *inputs: Shape) -> Cost:
        scores = self.scores(*inputs)
        if self.score_mode == "concat":
            return self.summed_score_cost(self.use_scale, *inputs) + elementwise(prod(scores))
        scale = elementwise(prod(scores)) if self.use_scale else NOTHING
        return Cost(prod(scores) * inputs[0][-1]) + scale


class AdditiveAttention(BaseScored):
    """Scores that are sums over tanh(query + key) (arXiv 1409.0473): only AV is a product."""

    formula = "AV: query length · key length · value features (the sum that makes the scores is no MAC)"

    use_scale: bool = True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("scale", (inputs[0][-1],)),) if self.use_scale else ()

    def score_cost(self, *inputs: Shape) -> Cost:
        return self.summed_score_cost(self.use_scale, *inputs)


class BaseHeads(Kind):
    """Attention in several heads, between projections."""

    formula = "projections of query, key, value and output, QKᵀ and AV"
    arguments = ("query", "value", "key")

    use_bias: bool = True
    use_gate: bool = False
    dropout: float = 0.0
    sliding_window: Positive | None = None
    return_attention_scores: bool = False

    def heads(self) -> tuple[int, int, int, int]:
        """Heads of the query, heads of key and value, size of a key, size of a value."""
        raise NotImplementedError

    def axes(self, query: Shape) -> tuple[int, ...]:
        """The axes along which positions attend to each other."""
        return tuple(range(1, len(query) - 1))

    def features(self, query: Shape) -> Shape:
        """Sizes of the output's last axes."""
        return query[-1:]

    def projections(self, *inputs: Shape) -> list[tuple[str, EinsumDense, Shape]]:
        """Each projection with its name and its input, in the order in which Keras saves them."""
        query, value, key = query_value_key(inputs)
        heads, held, key_dim, value_dim = self.heads()
        gate = [("gate", self.projection(1, (heads, value_dim), "sigmoid"), query)] if self.use_gate else []
        return [
            ("query", self.projection(1, (heads, key_dim)), query),
            ("key", self.projection(1, (held, key_dim)), key),
            *gate,
            ("value", self.projection(1, (held, value_dim)), value),
            ("attention_output", self.projection(2, self.features(query)), (*query[:-1], heads, value_dim)),
        ]

    def projection(self, taken: int, given: Shape, activation: str | None = None) -> EinsumDense:
        """A product that replaces the last `taken` axes by axes of these sizes."""
        before, after = ascii_letters[:taken], ascii_letters[taken : taken + len(given)]
        return EinsumDense(
            equation=f"...{before},{before}{after}->...{after}",
            named_shape=given,
            bias_axes=after if self.use_bias else None,
            activation=activation,
        )

    def scores(self, *inputs: Shape) -> Shape:
        """Batch and axes that do not attend, heads, query positions, key positions."""
        query, _, key = query_value_key(inputs)
        along = self.axes(query)
        kept = [size for axis, size in enumerate(query[:-1]) if axis not in along]
        return (*kept, self.heads()[0], *(query[axis] for axis in along), *(key[axis] for axis in along))

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        output = (*inputs[0][:-1], *self.features(inputs[0]))
        return [output, self.scores(*inputs)] if self.return_attention_scores else output

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return tuple(
            msgspec.structs.replace(weight, name=f"{name}/{weight.name}")
            for name, projection, shape in self.projections(*inputs)
            for weight in projection.weights(shape)
        )

    def cost(self, *inputs: Shape) -> Cost:
        heads, _, key_dim, value_dim = self.heads()
        scores, positions = self.scores(*inputs), prod(inputs[0][:-1]) * heads
        products = Cost(prod(scores) * key_dim) + weighted_sum_cost(scores, value_dim)
        scale, gate = positions * key_dim, positions * value_dim * self.use_gate
        projected = total(projection.cost(shape) for _, projection, shape in self.projections(*inputs))
        return projected + products + elementwise(scale + gate)


class MultiHeadAttention(BaseHeads, kw_only=True):
    num_heads: Positive
    key_dim: Positive
    value_dim: Positive | None = None
    given_shape: Positive | tuple[Positive, ...] | None = msgspec.field(default=None, name="output_shape")
    """Sizes of the output's last axes; None: the query's features."""
    attention_axes: int | tuple[int, ...] | None = None

    def heads(self) -> tuple[int, int, int, int]:
        return self.num_heads, self.num_heads, self.key_dim, self.value_dim or self.key_dim

    def axes(self, query: Shape) -> tuple[int, ...]:
        if self.attention_axes is None:
            return super().axes(query)
        along = (self.attention_axes,) if isinstance(self.attention_axes, int) else self.attention_axes
        return tuple(axis_of(axis, len(query)) for axis in along)

    def features(self, query: Shape) -> Shape:
        if self.given_shape is None:
            return super().features(query)
        return (self.given_shape,) if isinstance(self.given_shape, int) else self.given_shape


class GroupQueryAttention(BaseHeads, kw_only=True):
    """Several query heads share a head of keys and values (arXiv 2305.13245); QKᵀ and AV are those of all heads."""

    head_dim: Positive
    num_query_heads: Positive
    num_key_value_heads: Positive

    def __post_init__(self) -> None:
        if self.num_query_heads % self.num_key_value_heads:
            raise ShapeError(
                f"num_key_value_heads is {self.num_key_value_heads}, which does not divide"
                f" num_query_heads ({self.num_query_heads})"
            )

    def heads(self) -> tuple[int, int, int, int]:
        return self.num_query_heads, self.num_key_value_heads, self.head_dim, self.head_dim

    def features(self, query: Shape) -> Shape:
        expect_rank(query, 3)
        return query[-1:]
