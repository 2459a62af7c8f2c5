"""Embeddings: a row of a table for every index. A look-up multiplies nothing."""

from __future__ import annotations

from convcost.cost import NOTHING, Cost
from convcost.layers.activations import activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.layers.dense import Dense
from convcost.model import Shape, Weight


class Embedding(Kind):
    formula = "0 (look-up); with LoRA the table's low-rank addition: input_dim · lora_rank · output_dim"

    input_dim: Positive
    output_dim: Positive
    mask_zero: bool = False
    input_length: int | tuple[int | None, ...] | None = None
    lora_rank: Positive | None = None
    lora_alpha: float | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.output_dim)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        table = Weight("embeddings", (self.input_dim, self.output_dim), trainable=not self.lora_rank)
        if not self.lora_rank:
            return (table,)
        return (
            table,
            Weight("lora_embeddings_a", (self.input_dim, self.lora_rank), dtype="float32"),
            Weight("lora_embeddings_b", (self.lora_rank, self.output_dim), dtype="float32"),
        )

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(self.input_dim * self.lora_rank * self.output_dim) if self.lora_rank else NOTHING


class ReversibleEmbedding(Embedding, kw_only=True):
    """Called with `reverse`, it projects back onto the vocabulary (arXiv 1608.05859)."""

    formula = "0 (look-up); with reverse: leading positions · output_dim · input_dim"
    arguments = ("inputs", "reverse")

    tie_weights: bool = True
    reverse_dtype: str | None = None
    logit_soft_cap: float | None = None
    reverse: bool = False

    @property
    def projection(self) -> Dense:
        return Dense(units=self.input_dim, use_bias=False)

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.projection.output_shape(inputs[0]) if self.reverse else super().output_shape(*inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        weights = super().weights(*inputs)
        back = Weight("reverse_embeddings", (self.output_dim, self.input_dim))
        return weights if self.tie_weights else (*weights, back)

    def cost(self, *inputs: Shape) -> Cost:
        adapter = super().cost(*inputs)
        if not self.reverse:
            return adapter
        return (adapter if self.tie_weights else NOTHING) + self.projection.cost(inputs[0]) + self.cap(*inputs)

    def cap(self, *inputs: Shape) -> Cost:
        """cap · tanh(x / cap)."""
        logits = self.output_shape(*inputs)
        if self.logit_soft_cap is None:
            return NOTHING
        return Cost(0, {"elementwise": 2 * prod(logits)}) + activation_cost("tanh", logits)
