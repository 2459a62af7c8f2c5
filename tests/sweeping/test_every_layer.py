"""Every class of Keras's layers and operations, on many input shapes at once and on each by itself."""

from __future__ import annotations

import pytest

from convcost.api import load, sweep
from convcost.sweeping.axes import Axis
from tests.layers.cases import CASES
from tests.layers.cases.case import Case
from tests.ops.cases import CASES as OPS
from tests.ops.cases.case import Case as Operation
from tests.sweeping.comparing import alone, together

MORE = (-1, 0, 1, 4)
"""By how much the sizes of a shape vary, one size at a time."""


def around(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """`shape` and its neighbours."""
    found = {
        tuple(size + more * (place == axis) for place, size in enumerate(shape))
        for axis in range(len(shape))
        for more in MORE
    }
    return sorted(one for one in found | {shape} if min(one, default=1) > 0)[:6]


@pytest.mark.parametrize("case", [*CASES, *OPS], ids=repr)
def test_many_shapes_at_once(case: Case | Operation) -> None:
    model = load(case.model)
    shapes = [tuple(size or 5 for size in shape) for shape in case.shapes]
    axes = [Axis("input", ref.layer, tuple(around(shape))) for ref, shape in zip(model.inputs, shapes, strict=True)]
    found = sweep(model, axes)
    for one in found.configurations[:24]:
        assert together(one) == alone(model, found, one), one
