"""Embeddings: a row of a table for every index. A look-up multiplies nothing."""

from __future__ import annotations

from typing import Any

from convcost.cost import NOTHING, Cost
from convcost.layers.activations import activation_cost
from convcost.layers.arithmetic import ceil_div, prod
from convcost.layers.base import Kind, Positive
from convcost.layers.dense import Dense
from convcost.layers.lora import lora_macs, lora_weights
from convcost.layers.quantization import has_integers, quantization_of, scales_of_groups
from convcost.model import Shape, Weight


class Embedding(Kind):
    formula = "0 (look-up); with LoRA the table's low-rank addition: input_dim · lora_rank · output_dim"

    input_dim: Positive
    output_dim: Positive
    mask_zero: bool = False
    input_length: int | tuple[int | None, ...] | None = None
    lora_rank: Positive | None = None
    lora_alpha: float | None = None
    dtype: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.output_dim)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kept = self.table("embeddings", Weight("embeddings", (self.input_dim, self.output_dim), not self.lora_rank))
        return kept + lora_weights("embeddings", (self.input_dim, self.output_dim), self.lora_rank)

    def table(self, name: str, whole: Weight) -> tuple[Weight, ...]:
        """The table, or what is kept of it under quantization: a scale for every row."""
        how, rows, columns = quantization_of(self.dtype), self.input_dim, self.output_dim
        if how is None or how.mode not in ("int8", "int4"):
            return (whole,)
        if how.mode == "int8":
            integers = Weight(name, whole.shape, trainable=False, dtype="int8")
            return (integers, Weight(f"{name}_scale", (rows,), trainable=False))
        packed = Weight(name, (rows, ceil_div(columns, 2)), trainable=False, dtype="int8")
        index = Weight("g_idx", (columns,), trainable=False, dtype="float32")
        return (packed, *scales_of_groups(name, how, (rows,), (rows, how.groups(columns)), index))

    def cost(self, *inputs: Shape) -> Cost:
        table, output = (self.input_dim, self.output_dim), (*inputs[0], self.output_dim)
        return Cost(lora_macs(self.lora_rank, table, 0, output, quantized=has_integers(self.dtype)))


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
        return weights if self.tie_weights else (*weights, *self.reverse_table())

    def reverse_table(self) -> tuple[Weight, ...]:
        """The projection's own kernel, or what is kept of it: a scale for every column."""
        name, how, rows, columns = "reverse_embeddings", quantization_of(self.dtype), self.output_dim, self.input_dim
        if how is None or how.mode not in ("int8", "int4"):
            return (Weight(name, (rows, columns)),)
        if how.mode == "int8":
            integers = Weight(name, (rows, columns), trainable=False, dtype="int8")
            return (integers, Weight(f"{name}_scale", (columns,), trainable=False))
        packed = Weight(name, (ceil_div(rows, 2), columns), trainable=False, dtype="int8")
        return (packed, *scales_of_groups(name, how, (columns,), (how.groups(rows), columns), None, zero=None))

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
