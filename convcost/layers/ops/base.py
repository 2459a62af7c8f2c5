"""What every tensor operation is (`keras.ops.*`), as a Functional graph records it.

What a call was given besides tensors (a scalar, a constant) is a setting under the argument's name, see `arguments`.
"""

from __future__ import annotations

from typing import Any

from convcost.layers.base import OPS, Kind
from convcost.model import Shape


class BaseOp(Kind):
    registry = OPS
    package = "keras.ops"


def shape_of_constant(value: Any) -> Shape:
    """The shape of a constant as Keras serializes it: a number, nested lists, `__numpy__` or `__tensor__`."""
    if isinstance(value, dict):
        return shape_of_constant(value.get("config", {}).get("value"))
    shape: list[int] = []
    while isinstance(value, (list, tuple)):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)
