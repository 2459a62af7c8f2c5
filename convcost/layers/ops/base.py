"""What every tensor operation is (`keras.ops.*`), as a Functional graph records it.

What a call was given besides tensors (a scalar, a constant) is a setting under the argument's name, see `arguments`.
The batch dimension is a dimension like any other here: axes count as Keras has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcost.cost import NOTHING, Cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import OPS, Kind, KindMeta, axis_of
from convcost.model import OpenShape, Shape

Axes = int | tuple[int, ...] | None
"""One axis or several; None is all of them, or the flattened tensor."""


class BaseOp(Kind):
    """`arguments` reads like the signature of Keras's `call`: `*name` gathers further tensors, `**name` keywords.

    Where an argument holds tensors, its setting has None in the place of each.
    """

    registry = OPS
    package = "keras.ops"

    def operands(self, inputs: tuple[Shape, ...]) -> list[Shape]:
        """The shapes of all arguments in their order, those of constants included; without those not given."""
        tensors = iter(inputs)
        fields = dict(zip(self.__struct_encode_fields__, self.__struct_fields__, strict=True))
        given = (getattr(self, fields[name]) for name in (name.lstrip("*") for name in self.arguments))
        return [shape for value in given for shape in _shapes(value, tensors)]


def with_own_batch(settings: dict[str, Any], setting: str, recorded: list[OpenShape]) -> dict[str, Any]:
    """`settings` with a shape that starts with 0, for the input's own first size, where it repeats a fixed one.

    So a literal that holds the batch size of the file follows the batch size of the run.
    """
    target = settings.get(setting)
    fixed = recorded[0][0] if recorded and recorded[0] else None
    if not isinstance(target, list) or not target or fixed is None or target[0] != fixed:
        return settings
    return {**settings, setting: [0, *target[1:]]}


def own_batch(target: Shape, shape: Shape) -> Shape:
    """`target` with the first size of `shape` where it starts with 0."""
    return (*shape[:1], *target[1:]) if target[:1] == (0,) else target


def _shapes(value: Any, tensors: Iterator[Shape]) -> Iterator[Shape]:
    """The shapes that an argument stands for, the next tensor's wherever it has None."""
    if value is None:
        tensor = next(tensors, None)
        if tensor is not None:
            yield tensor
    elif isinstance(value, list) and None in value:
        for one in value:
            yield from _shapes(one, tensors)
    else:
        yield shape_of_constant(value)


def shape_of_constant(value: Any) -> Shape:
    """The shape of a constant as Keras serializes it: a number, nested lists, `__numpy__` or `__tensor__`."""
    if isinstance(value, dict):
        config = value.get("config")
        return shape_of_constant(config.get("value")) if isinstance(config, dict) else ()
    shape: list[int] = []
    while isinstance(value, (list, tuple)):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def axes_of(axes: Axes, rank: int) -> tuple[int, ...]:
    """The axes counted from the front, None for all."""
    if axes is None:
        return tuple(range(rank))
    return tuple(axis_of(axis, rank) for axis in ((axes,) if isinstance(axes, int) else axes))


def elementwise(flops: int, shape: Shape) -> Cost:
    """So many FLOPs for each element of `shape`."""
    return Cost(0, {"elementwise": flops * prod(shape)}) if flops else NOTHING


def define(base: type[BaseOp], names: str = "", **variants: Mapping[Any, str]) -> None:
    """Kinds by name that are like `base`, or differ from it in one class variable: its values, and who has which."""
    for name in names.split():
        KindMeta(name, (base,), {"__module__": base.__module__})
    for variable, values in variants.items():
        for value, having in values.items():
            for name in having.split():
                KindMeta(name, (base,), {"__module__": base.__module__, variable: value})
