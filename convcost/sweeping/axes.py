"""What varies in a sweep: the values of parameters, input shapes and models, and all their combinations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import prod
from typing import Any, Literal

import msgspec
import numpy as np

from convcost import units
from convcost.errors import ConvcostError
from convcost.sweeping.grid import Numbers, Parting, many
from convcost.units import printable

MOST_CONFIGURATIONS = 1_000_000

_PART = re.compile(r"(?:\[[^\]]*\]|[^,\[\]])+")


class Axis(msgspec.Struct, frozen=True):
    """The values of one thing: of a parameter, of the shape of an input ("": the only one), or the models themselves.

    An int in place of an input's shape is the height and width of an image, in the model's channels.
    """

    of: Literal["parameter", "input", "model"]
    name: str
    values: tuple[Any, ...]

    @property
    def title(self) -> str:
        return {"parameter": self.name, "input": self.name or "input", "model": "model"}[self.of]

    def at(self, places: Numbers) -> Any:
        """The value at these places of `values`, or the number that stands for all of them.

        Raises Parting where no number can: for words, for ints beside floats, for shapes of several ranks.
        """
        present = np.unique(places)
        values = [self.values[place] for place in present]
        if len(values) == 1:
            return values[0]
        kinds = [_kind(value, place) for place, value in enumerate(values)]
        if len(set(kinds)) > 1:
            labels = np.array([kinds.index(kind) for kind in kinds])
            raise Parting(labels[np.searchsorted(present, places)])
        if isinstance(values[0], tuple):
            return tuple(_spread(sizes, present, places) for sizes in zip(*values, strict=True))
        return _spread(values, present, places)


def typed(value: Any) -> str:
    """A value of an axis as it is typed."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else printable(str(value))


def _spread(values: Sequence[Any], present: Numbers, places: Numbers) -> Any:
    """One number for each of `places`, from one for each of those `present`."""
    return many(np.array(values)[np.searchsorted(present, places)])


def _kind(value: Any, place: int) -> Any:
    """Values of one kind can be one number; a word goes alone."""
    if type(value) in (int, float):
        return type(value)
    if isinstance(value, tuple) and all(type(size) is int for size in value):
        return len(value)
    return str(place)


def count(axes: Sequence[Axis]) -> int:
    """How many combinations there are. Raises ConvcostError where they are too many."""
    number = prod(len(axis.values) for axis in axes)
    if number > MOST_CONFIGURATIONS:
        sizes = " × ".join(f"{len(axis.values):,} of {axis.title}" for axis in axes)
        raise ConvcostError(f"{number:,} configurations ({sizes}), allowed: {MOST_CONFIGURATIONS:,}")
    return number


def places(axes: Sequence[Axis], numbers: Numbers) -> list[Numbers]:
    """Which value each axis has in the configurations of these numbers; the last axis changes first."""
    return list(np.unravel_index(numbers, [len(axis.values) for axis in axes])) if axes else []


def parameters(given: Mapping[str, str]) -> list[Axis]:
    """`0.25,0.5,1` or `128:224:32`, or both with a comma between, by parameter."""
    return [
        Axis(
            "parameter", name, _distinct([value for part in _parts(text, name) for value in _numbers(part, name)], name)
        )
        for name, text in given.items()
    ]


def input_shapes(given: Mapping[str, str]) -> list[Axis]:
    """`128x128x3,160x160x3`, or `128:224:32` for images of that height and width, by input."""
    return [Axis("input", name, _distinct(list(_shapes(text)), "--input-shape")) for name, text in given.items()]


def _shapes(text: str) -> Sequence[Any]:
    values: list[Any] = []
    for part in _parts(text, "--input-shape"):
        sizes = _numbers(part, "--input-shape") if ":" in part else [units.extents(part)]
        values += [size[0] if isinstance(size, tuple) and len(size) == 1 else size for size in sizes]
    if not all(isinstance(value, tuple) or (type(value) is int and value > 0) for value in values):
        raise ConvcostError(
            f"--input-shape: got {text!r}, allowed: shapes such as 128x128x3,160x160x3, or sizes such as 128:224:32"
        )
    return values


def _parts(text: str, what: str) -> list[str]:
    """What stands between commas, but for those inside of a list."""
    parts = [part.strip() for part in _PART.findall(text)]
    if not parts or not all(parts) or text.count(",") - sum(part.count(",") for part in parts) != len(parts) - 1:
        raise ConvcostError(f"{what}: got {text!r}, allowed: values with commas between, as in 0.25,0.5 or 128:224:32")
    return parts


def _numbers(part: str, what: str) -> list[Any]:
    """The numbers of `first:last:step`, last included where it is hit; any other text is one value.

    Steps are taken in decimals, so that 0.1:0.5:0.1 ends with 0.5 and holds 0.3, not 0.30000000000000004.
    """
    if ":" not in part:
        return [units.number(part)]
    try:
        first, last, step = map(Decimal, part.split(":"))
        steps = (last - first) // step if (last - first) * step >= 0 else None
    except (ValueError, ArithmeticError):
        steps = None
    if steps is None:
        raise ConvcostError(f"{what}: got {part!r}, allowed: FIRST:LAST:STEP, numbers that lead from first to last")
    if steps >= MOST_CONFIGURATIONS:
        raise ConvcostError(f"{what}: {part!r} has more than {MOST_CONFIGURATIONS:,} values, the most allowed")
    values = [first + number * step for number in range(int(steps) + 1)]
    whole = not any(sign in part.lower() for sign in ".e")
    return [int(value) if whole else float(value) for value in values]


def _distinct(values: Sequence[Any], what: str) -> tuple[Any, ...]:
    """Raises ConvcostError where a value is given twice."""
    seen = set()
    for value in values:
        if (type(value), value) in seen:
            raise ConvcostError(f"{what}: {value} is given twice")
        seen.add((type(value), value))
    return tuple(values)
