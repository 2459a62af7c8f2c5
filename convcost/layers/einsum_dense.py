"""EinsumDense: a product with a kernel along the axes that an equation names."""

from __future__ import annotations

import re

import msgspec

from convcost.cost import Cost
from convcost.errors import ShapeError
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
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

    def terms(self, rank: int) -> Terms:
        found = EQUATION.fullmatch(self.equation)
        if found is None or (found[1], found[3]) != (found[5], found[7]) or (found[1] and found[3]):
            raise ShapeError(
                f"equation is {self.equation!r}, allowed: ab,bc->ac, ...ab,bc->...ac or ab...,bc->ac..., in letters"
            )
        elided = "".join(map(str, range(rank - len(found[2])))) if found[1] or found[3] else ""
        if len(found[2]) + len(elided) != rank:
            raise ShapeError(f"its input has {rank} dimensions, batch included; the equation is {self.equation!r}")
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
        missing = set(terms.kernel + terms.output + (self.bias_axes or "")) - set(sizes)
        if missing:
            raise ShapeError(f"output_shape {told} does not tell the size of {min(missing)!r} in {self.equation!r}")
        return sizes

    def output_shape(self, *inputs: Shape) -> Shape:
        sizes = self.sizes(inputs[0])
        return tuple(sizes[letter] for letter in self.terms(len(inputs[0])).output)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        sizes, terms = self.sizes(inputs[0]), self.terms(len(inputs[0]))
        kernel = tuple(sizes[letter] for letter in terms.kernel)
        weights = [Weight("kernel", kernel, trainable=not self.lora_rank)]
        if self.bias_axes:
            along = terms.named.lstrip("".join(set(terms.named) - set(self.bias_axes))) + terms.bias
            weights.append(Weight("bias", tuple(sizes[one] if one in self.bias_axes else 1 for one in along)))
        if self.lora_rank:
            weights.append(Weight("lora_kernel_a", (*kernel[:-1], self.lora_rank), dtype="float32"))
            weights.append(Weight("lora_kernel_b", (self.lora_rank, kernel[-1]), dtype="float32"))
        return tuple(weights)

    def cost(self, *inputs: Shape) -> Cost:
        sizes, output = self.sizes(inputs[0]), self.output_shape(*inputs)
        terms = self.terms(len(inputs[0]))
        product = prod(sizes[letter] for letter in set(terms.input + terms.kernel))
        adapter = prod(sizes[letter] for letter in terms.kernel) * (self.lora_rank or 0)
        bias = Cost(0, {"bias": prod(output)} if self.bias_axes else {})
        return Cost(product + adapter) + bias + activation_cost(self.activation, output)
