"""EinsumDense: a product with a kernel along the axes that an equation names."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.layers.lora import lora_macs, lora_weights
from convcost.layers.quantization import Quantization, has_integers, quantization_of, quantized_weights
from convcost.model import Shape, Weight

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")
"""input,kernel->output, with an ellipsis on the same side of input and output."""


class Terms(msgspec.Struct, frozen=True):
    """An equation on an input of known rank: the letters of its terms; axes behind an ellipsis are digits."""

    input: str
    kernel: str
    output: str
    named: str
    """The letters of the output, without the ellipsis."""
    bias: str
    """The letters that follow a bias along the output: those of an ellipsis on the right."""


class EinsumDense(Kind, kw_only=True):
    formula = "the product of all sizes in the equation"

    equation: str
    named_shape: Positive | tuple[Positive | None, ...] = msgspec.field(name="output_shape")
    """Sizes of the output without the batch and what an ellipsis stands for; None: the input's."""
    activation: Function = None
    bias_axes: str | None = None
    lora_rank: Positive | None = None
    lora_alpha: float | None = None
    gptq_unpacked_column_size: int | None = None
    dtype: Any = None

    def terms(self, rank: int) -> Terms:
        found = EQUATION.fullmatch(self.equation)
        if found is None or (found[1], found[3]) != (found[5], found[7]) or (found[1] and found[3]):
            raise ShapeError(
                f"equation is {self.equation!r}, allowed: ab,bc->ac, ...ab,bc->...ac or ab...,bc->ac..., in letters"
            )
        elided = "".join(map(str, range(rank - len(found[2])))) if found[1] or found[3] else ""
        if len(found[2]) + len(elided) != rank:
            raise ShapeError(f"its input has {rank} dimensions, batch included; the equation is {self.equation!r}")
        if not set(self.bias_axes or "") <= set(found[6]):
            raise ShapeError(f"bias_axes is {self.bias_axes!r}, allowed: letters of the output of {self.equation!r}")
        left, right = (elided, "") if found[1] else ("", elided)
        return Terms(left + found[2] + right, found[4], left + found[6] + right, found[6], right)

    def sizes(self, shape: Shape) -> dict[str, int]:
        """The size of every letter: the input's, and what `output_shape` adds. Raises ShapeError where they differ."""
        terms = self.terms(len(shape))
        told = (self.named_shape,) if isinstance(self.named_shape, int) else self.named_shape
        sizes: dict[str, int] = {}
        added = [(letter, size) for letter, size in zip(reversed(terms.named), reversed(told), strict=False) if size]
        for letter, size in (*zip(terms.input, shape, strict=True), *added):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(
                    f"{letter!r} of {self.equation!r} is {sizes[letter]} in one place and {size} in another"
                )
        missing = set(terms.kernel + terms.output) - set(sizes)
        if missing:
            raise ShapeError(f"output_shape {told} does not tell the size of {min(missing)!r} in {self.equation!r}")
        return sizes

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes = self.sizes(inputs[0])
        return tuple(sizes[letter] for letter in self.terms(len(inputs[0])).output)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        sizes, terms = self.sizes(inputs[0]), self.terms(len(inputs[0]))
        kernel = Weight("kernel", tuple(sizes[letter] for letter in terms.kernel), trainable=not self.lora_rank)
        kept = (kernel, *self.bias(sizes, terms))
        how = quantization_of(self.dtype)
        if how is not None:
            scale = tuple(sizes[letter] if letter in terms.kernel else 1 for letter in terms.output)
            rows, columns = self.matrix(sizes, terms, how)
            kept = quantized_weights(how, kernel, kept[1:], rows, columns, scale)
        return kept + lora_weights("kernel", kernel.shape, self.lora_rank)

    def bias(self, sizes: dict[str, int], terms: Terms) -> tuple[Weight, ...]:
        """The bias, from its first axis on; 1 along axes without one."""
        axes = self.bias_axes
        if not axes:
            return ()
        first = min(terms.named.index(letter) for letter in axes)
        along = terms.named[first:] + terms.bias
        return (Weight("bias", tuple(sizes[letter] if letter in axes else 1 for letter in along)),)

    def matrix(self, sizes: dict[str, int], terms: Terms, how: Quantization) -> tuple[int, int]:
        """The kernel as rows (what is summed up) and columns, as a quantization takes it.

        GPTQ and AWQ look at a kernel of three axes alone: the rows are its first axis where that is the largest, else
        its first two.
        """
        kernel = tuple(sizes[letter] for letter in terms.kernel)
        rows = prod(sizes[letter] for letter in terms.kernel if letter not in terms.output)
        if how.mode in ("gptq", "awq") and len(kernel) == 3:
            rows = kernel[0] if kernel.index(max(kernel)) == 0 else kernel[0] * kernel[1]
        return rows, prod(kernel) // rows

    def cost(self, *inputs: Shape) -> Cost:
        sizes, output = self.sizes(inputs[0]), self.output_shape(*inputs)
        terms = self.terms(len(inputs[0]))
        product = prod(sizes[letter] for letter in set(terms.input + terms.kernel))
        kernel = tuple(sizes[letter] for letter in terms.kernel)
        adapter = lora_macs(self.lora_rank, kernel, product, output, quantized=has_integers(self.dtype))
        bias = Cost(0, {"bias": prod(output)} if self.bias_axes else {})
        return Cost(product + adapter) + bias + activation_cost(self.activation, output)
