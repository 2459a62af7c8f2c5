"""Values as they are written, and the numbers that stand for many of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convcost import ConvcostError
from convcost.sweeping.axes import Axis, count, input_shapes, parameters, places
from convcost.sweeping.grid import Parting


def told(values: tuple[Any, ...]) -> list[Any]:
    return [(type(value).__name__, value) for value in values]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.25,0.5,1", (0.25, 0.5, 1)),
        ("128:224:32", (128, 160, 192, 224)),
        ("128:223:32", (128, 160, 192)),
        ("0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("0.25:1:0.25", (0.25, 0.5, 0.75, 1.0)),
        ("1:2:0.5", (1.0, 1.5, 2.0)),
        ("3:1:-1", (3, 2, 1)),
        ("2:1.9:-0.6", (2.0,)),
        ("7:7:1", (7,)),
        ("1e2:3e2:1e2", (100.0, 200.0, 300.0)),
        ("32, 64:128:32, 500", (32, 64, 96, 128, 500)),
        ("relu,gelu", ("relu", "gelu")),
        ("true,false", ("true", "false")),
        ("[1, 2],[3, 4]", ("[1, 2]", "[3, 4]")),
        ("5", (5,)),
    ],
)
def test_values(text: str, values: tuple[Any, ...]) -> None:
    (axis,) = parameters({"a": text})
    assert told(axis.values) == told(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a: got '', allowed: values with commas between, as in 0.25,0.5 or 128:224:32"),
        ("1,,2", "a: got '1,,2', allowed: values with commas between"),
        ("1,2,", "a: got '1,2,', allowed: values with commas between"),
        ("1:2", "a: got '1:2', allowed: FIRST:LAST:STEP, numbers that lead from first to last"),
        ("1:2:0", "a: got '1:2:0', allowed: FIRST:LAST:STEP"),
        ("2:1:1", "a: got '2:1:1', allowed: FIRST:LAST:STEP"),
        ("2:1.9:0.6", "a: got '2:1.9:0.6', allowed: FIRST:LAST:STEP"),
        ("a:b:c", "a: got 'a:b:c', allowed: FIRST:LAST:STEP"),
        ("0:inf:1", "a: '0:inf:1' has more than 1,000,000 values"),
        ("0:nan:1", "a: got '0:nan:1', allowed: FIRST:LAST:STEP"),
        ("0:1:1e-9", "a: '0:1:1e-9' has more than 1,000,000 values, the most allowed"),
        ("0:1e999:1e-999999", "a: got '0:1e999:1e-999999', allowed: FIRST:LAST:STEP"),
        ("1,2,1", "a: 1 is given twice"),
        ("1:3:1,2", "a: 2 is given twice"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(ConvcostError) as caught:
        parameters({"a": text})
    assert str(caught.value).startswith(message)


def test_one_and_one_point_are_two_values() -> None:
    assert told(parameters({"a": "1,1.0"})[0].values) == [("int", 1), ("float", 1.0)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("128x128x3,160x160x3", ((128, 128, 3), (160, 160, 3))),
        ("128:224:32", (128, 160, 192, 224)),
        ("64x48", ((64, 48),)),
        ("64:66:1,10x20x3", (64, 65, 66, (10, 20, 3))),
        ("784", (784,)),
    ],
)
def test_input_shapes(text: str, values: tuple[Any, ...]) -> None:
    assert input_shapes({"": text}) == [Axis("input", "", values)]


@pytest.mark.parametrize("text", ["0x3", "a", "0:3:1", "0.5:3:1", "-4:4:4", "12.5"])
def test_no_input_shapes(text: str) -> None:
    with pytest.raises(ConvcostError, match="--input-shape: got"):
        input_shapes({"": text})


def test_the_last_axis_changes_first() -> None:
    axes = [Axis("parameter", "a", (1, 2)), Axis("parameter", "b", ("x", "y", "z"))]
    assert count(axes) == 6
    where = places(axes, np.arange(6))
    assert [(axes[0].values[a], axes[1].values[b]) for a, b in zip(*where, strict=True)] == [
        (a, b) for a in (1, 2) for b in ("x", "y", "z")
    ]


def test_what_no_number_stands_for_parts() -> None:
    mixed = Axis("parameter", "a", (1, 2.5, "relu", 3, "gelu"))
    with pytest.raises(Parting) as caught:
        mixed.at(np.array([0, 1, 2, 3, 4, 0]))
    labels = caught.value.labels.tolist()
    assert labels[0] == labels[3] == labels[5]
    assert len(set(labels)) == 4
    shapes = Axis("input", "", ((8, 8, 3), (9, 9, 3), (8, 8)))
    with pytest.raises(Parting):
        shapes.at(np.array([0, 2]))
    height, _, channels = shapes.at(np.array([0, 1, 1]))
    assert height.values.tolist() == [8, 9, 9]
    assert channels == 3
