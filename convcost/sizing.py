"""Nested models with the shapes on which they are called in their InputLayers, as Keras wants to have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from convcost.errors import ConvcostError, ShapeError, UncountedError
from convcost.layers.passing import InputLayer
from convcost.model import Dim, Layer, Model, OpenShape, Ref, Shape, Unknown
from convcost.order import in_order
from convcost.profile import declared_shape

OPEN_SIZES = (256, 320)
"""What stands for a size that the model leaves open. What differs between the two is open inside as well."""


def sized(model: Model) -> Model:
    """`model` with shapes in all InputLayers. Raises ConvcostError where an input has no shape."""
    seen: dict[str, list[list[Shape]]] = {}
    for open_size in OPEN_SIZES:
        inputs = [_with(declared_shape(model, ref), open_size, model, ref) for ref in model.inputs]
        _run(model, inputs, "", seen)
    return _filled(model, seen, "")


def _with(declared: OpenShape | None, open_size: int, model: Model, ref: Ref) -> Shape:
    if declared is None:
        raise ConvcostError(f"{model.source}: input {ref.layer!r} has no shape")
    return (1, *(size or open_size for size in declared))


def _run(model: Model, inputs: Sequence[Shape], prefix: str, seen: dict[str, list[list[Shape]]]) -> list[Shape]:
    """The shapes that a model puts out; notes those on which it is called."""
    seen.setdefault(prefix, []).append(list(inputs))
    shapes = dict(zip(model.inputs, inputs, strict=True))
    for layer, index, call in in_order(model):
        rule = call.rule or layer.rule
        if isinstance(rule, InputLayer):
            continue
        path = prefix + layer.name
        reads = [shapes[ref] for ref in call.inputs]
        put_out: Shape | list[Shape]
        if isinstance(rule, Model):
            put_out = _run(rule, reads, f"{path}/", seen)
        elif isinstance(rule, Unknown):
            raise ConvcostError(f"{model.source}: layer {path!r} ({layer.kind}): {rule.reason}")
        else:
            try:
                put_out = rule.output_shape(*reads)
            except (ShapeError, UncountedError) as error:
                raise ConvcostError(f"{model.source}: layer {path!r} ({layer.kind}): {error}") from None
        for place, shape in enumerate(put_out if isinstance(put_out, list) else [put_out]):
            shapes[Ref(layer.name, index, place)] = shape
    return [shapes[ref] for ref in model.outputs]


def _filled(model: Model, seen: Mapping[str, list[list[Shape]]], prefix: str) -> Model:
    told = {ref.layer: _common([call[place] for call in seen[prefix]]) for place, ref in enumerate(model.inputs)}
    layers: list[Layer] = []
    for layer in model.layers:
        if isinstance(layer.rule, Model):
            layer = msgspec.structs.replace(layer, rule=_filled(layer.rule, seen, f"{prefix}{layer.name}/"))
        elif layer.name in told and prefix:
            layer = msgspec.structs.replace(layer, rule=InputLayer(batch_shape=told[layer.name]))
        layers.append(layer)
    return msgspec.structs.replace(model, layers=tuple(layers))


def _common(shapes: Sequence[Shape]) -> OpenShape:
    """The sizes that all shapes have in common, batch first; None where they differ."""
    sizes: list[Dim] = [one[0] if len(set(one)) == 1 else None for one in zip(*shapes, strict=True)]
    return (None, *sizes[1:])
