"""Layers that hold another layer, or a whole model, and call it.

Readers hand the inner layer over as a `Layer`: its weights keep its own trainable flag and dtype, since Keras lets the
inner layer decide both.
"""

from __future__ import annotations

from typing import ClassVar

from convcost.cost import Cost, total
from convcost.errors import ShapeError
from convcost.layers.base import Kind
from convcost.model import Fusion, Layer, Model, Ref, Rule, Shape, Unknown, Weight
from convcost.order import in_order


class Nested:
    """A model as one layer: what a wrapper holds when it holds a model."""

    fusion: ClassVar[Fusion | None] = None
    absorbs_padding: ClassVar[bool] = False

    def __init__(self, model: Model) -> None:
        self.model = model

    def _shapes(self, inputs: tuple[Shape, ...]) -> tuple[list[Shape], list[tuple[Layer, Rule, list[Shape]]]]:
        """What comes out, and every call with what it reads."""
        if len(inputs) != len(self.model.inputs):
            raise ShapeError(f"its model takes {len(self.model.inputs)} tensors, got {len(inputs)}")
        shapes = dict(zip(self.model.inputs, inputs, strict=True))
        calls = []
        for layer, index, call in in_order(self.model):
            reads = [shapes[ref] for ref in call.inputs] or [shapes[Ref(layer.name, index)]]
            rule = call.rule or rule_of(layer)
            for place, shape in enumerate(outputs_of(rule, *reads)):
                shapes[Ref(layer.name, index, place)] = shape
            calls.append((layer, rule, reads))
        return [shapes[ref] for ref in self.model.outputs], calls

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        shapes, _ = self._shapes(inputs)
        return shapes if len(shapes) > 1 else shapes[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        _, calls = self._shapes(inputs)
        by_layer = {layer.name: weights_of(layer, *reads) for layer, _, reads in calls}
        return tuple(weight for layer in self.model.layers for weight in by_layer.get(layer.name, ()))

    def cost(self, *inputs: Shape) -> Cost:
        _, calls = self._shapes(inputs)
        return total(rule.cost(*reads) for _, rule, reads in calls)


def outputs_of(rule: Rule, *inputs: Shape) -> list[Shape]:
    """The shapes that a rule puts out, as a list even where there is one."""
    put_out = rule.output_shape(*inputs)
    return put_out if isinstance(put_out, list) else [put_out]


def rule_of(layer: Layer) -> Rule:
    """What a held layer is. Raises ShapeError where no rule knows it."""
    if isinstance(layer.rule, Unknown):
        raise ShapeError(f"it holds layer {layer.name!r} ({layer.kind}): {layer.rule.reason}")
    return Nested(layer.rule) if isinstance(layer.rule, Model) else layer.rule


def weights_of(layer: Layer, *inputs: Shape) -> tuple[Weight, ...]:
    """The weights of a held layer: under its name, with its trainable flag and its dtype."""
    held = isinstance(layer.rule, Model)  # a model's layers have flags and dtypes of their own
    return tuple(
        Weight(
            f"{layer.name}/{weight.name}",
            weight.shape,
            weight.trainable and (held or layer.trainable),
            weight.dtype or layer.policy.variable,
        )
        for weight in rule_of(layer).weights(*inputs)
    )


class Wrapper(Kind):
    """The base class of wrappers: it does what its layer does."""

    formula = "those of its layer"
    inner = ("layer",)

    layer: Layer

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        return rule_of(self.layer).output_shape(*inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return weights_of(self.layer, *inputs)

    def cost(self, *inputs: Shape) -> Cost:
        return rule_of(self.layer).cost(*inputs)


class TimeDistributed(Wrapper):
    """Its layer at every step of axis 1."""

    formula = "those of its layer · steps"

    def output_shape(self, *inputs: Shape) -> Shape:
        _, steps, step = each_step(inputs[0])
        put_out = rule_of(self.layer).output_shape(step)
        if isinstance(put_out, list):
            raise ShapeError(f"its layer {self.layer.name!r} puts out {len(put_out)} tensors, allowed: one")
        return (put_out[0], steps, *put_out[1:])

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return weights_of(self.layer, each_step(inputs[0])[2])

    def cost(self, *inputs: Shape) -> Cost:
        _, steps, step = each_step(inputs[0])
        return rule_of(self.layer).cost(step) * steps


def each_step(shape: Shape) -> tuple[int, int, Shape]:
    """Batch, steps and the shape of one step of a sequence (batch, steps, …)."""
    if len(shape) < 3:
        raise ShapeError(f"its input has {len(shape) - 1} dimensions {shape[1:]}, allowed: 2 or more (steps first)")
    return shape[0], shape[1], (shape[0], *shape[2:])


class SpectralNormalization(Wrapper):
    """Divides the kernel by its largest singular value in training alone; at inference its layer runs as it is."""

    power_iterations: int = 1

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        weights = weights_of(self.layer, *inputs)
        if not weights:
            raise ShapeError(f"its layer {self.layer.name!r} ({self.layer.kind}) has no kernel to normalize")
        kernel, *rest = weights
        vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False, dtype=kernel.dtype)
        return (kernel, vector, *rest)
