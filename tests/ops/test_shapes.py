"""Laws: shapes of operations are numpy's, for any shapes and settings; an einsum contracts in opt_einsum's order."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import opt_einsum
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convcost.errors import ShapeError, UncountedError
from convcost.layers.ops.contractions import Dot, Inner, Matmul, Outer, Tensordot
from convcost.layers.ops.einsum import Einsum
from convcost.layers.ops.elementwise import BaseBinary
from convcost.layers.ops.indexing import GetItem, Take
from convcost.layers.ops.moving import ArraySplit, Moveaxis, Pad, Reshape, Split, Squeeze, Tile, Transpose
from convcost.layers.ops.reductions import reduced

Shape = tuple[int, ...]
shapes = arrays.array_shapes(min_dims=1, max_dims=5, max_side=6)
SIZES = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 1, "f": 7}


def zeros(shape: Shape) -> np.ndarray:
    return np.zeros(shape, "int8")


@given(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4))
def test_broadcasting(found: Any) -> None:
    assert BaseBinary().output_shape(*found.input_shapes) == found.result_shape


@given(shapes, shapes)
def test_what_does_not_broadcast(left: Shape, right: Shape) -> None:
    try:
        wanted = np.broadcast_shapes(left, right)
    except ValueError:
        with pytest.raises(ShapeError):
            BaseBinary().output_shape(left, right)
    else:
        assert BaseBinary().output_shape(left, right) == wanted


@given(shapes, st.data())
def test_reshape(shape: Shape, data: st.DataObject) -> None:
    """To any factors of the size, one of them left open."""
    left, target = prod(shape), []
    while left > 1 and len(target) < 4:
        size = data.draw(st.sampled_from([size for size in range(1, left + 1) if left % size == 0]))
        target.append(size)
        left //= size
    target.append(left)
    place = data.draw(st.none() | st.integers(0, len(target) - 1))
    asked = tuple(-1 if axis == place else size for axis, size in enumerate(target))
    assert Reshape(newshape=asked).output_shape(shape) == zeros(shape).reshape(asked).shape


@given(shapes, st.data())
def test_get_item(shape: Shape, data: st.DataObject) -> None:
    key = data.draw(arrays.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    key = key if isinstance(key, tuple) else (key,)
    written = [as_keras_writes(one) for one in key]
    wanted = zeros(shape)[key].shape
    if 0 in wanted:
        with pytest.raises(UncountedError, match="takes nothing"):
            GetItem(key=written).output_shape(shape)
    else:
        assert GetItem(key=written).output_shape(shape) == wanted


def as_keras_writes(key: Any) -> Any:
    if key is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(key, slice):
        return {"class_name": "__slice__", "config": {"start": key.start, "stop": key.stop, "step": key.step}}
    return key


@given(st.lists(st.text("abcdef", max_size=4), min_size=1, max_size=4), st.data())
def test_einsum(terms: list[str], data: st.DataObject) -> None:
    """Any terms, repeated labels too, and any output, or none written."""
    used = sorted(set("".join(terms)))
    output = data.draw(
        st.none() | st.permutations(used).flatmap(lambda order: st.integers(0, len(order)).map(lambda n: order[:n]))
    )
    subscripts = ",".join(terms) + ("" if output is None else "->" + "".join(output))
    operands = [zeros(tuple(SIZES[label] for label in term)) for term in terms]
    ours = Einsum(subscripts=subscripts, factors=[None] * len(terms))
    assert ours.output_shape(*(one.shape for one in operands)) == np.einsum(subscripts, *operands).shape


@given(
    arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3), st.sampled_from(["->...ac", "->a...c", "->...", ""])
)
def test_einsum_with_an_ellipsis(leading: Any, output: str) -> None:
    subscripts = "...ab,b...c" + output
    left, right = leading.input_shapes
    shapes = ((*left, 2, 3), (3, *right, 4))
    wanted = np.einsum(subscripts, *map(zeros, shapes)).shape
    assert Einsum(subscripts=subscripts, factors=[None, None]).output_shape(*shapes) == wanted


@given(
    st.lists(
        st.text("abcdf", min_size=1, max_size=3).map(lambda text: "".join(dict.fromkeys(text))), min_size=2, max_size=4
    ),
    st.data(),
)
def test_einsum_contracts_in_the_order_of_opt_einsum(terms: list[str], data: st.DataObject) -> None:
    used = sorted(set("".join(terms)))
    output = "".join(data.draw(st.permutations(used)))[: data.draw(st.integers(0, len(used)))]
    subscripts = f"{','.join(terms)}->{output}"
    operands = [zeros(tuple(SIZES[label] for label in term)) for term in terms]
    _, info = opt_einsum.contract_path(subscripts, *operands, optimize="greedy")
    macs = sum(two_operand_macs(equation) for _, _, equation, *_ in info.contraction_list)
    ours = Einsum(subscripts=subscripts, factors=[None] * len(terms))
    assert ours.cost(*(one.shape for one in operands)).macs == macs


def two_operand_macs(equation: str) -> int:
    """The product of the sizes of all labels but those that one operand sums alone; 0 where both sum over nothing."""
    terms, _, output = equation.partition("->")
    if "," not in terms:
        return 0
    left, right = map(set, terms.split(","))
    if not left & right - set(output):
        return 0
    return prod(SIZES[label] for label in (left & right) | set(output))


@given(st.sampled_from([Dot, Inner, Matmul, Outer]), shapes, shapes)
def test_products(kind: Any, left: Shape, right: Shape) -> None:
    numpy = getattr(np, kind.__name__.lower())
    try:
        wanted = numpy(zeros(left), zeros(right)).shape
    except ValueError:
        with pytest.raises(ShapeError):
            kind().output_shape(left, right)
    else:
        assert kind().output_shape(left, right) == wanted


@given(shapes, shapes, st.integers(0, 3))
def test_tensordot(left: Shape, right: Shape, axes: int) -> None:
    assume(axes <= min(len(left), len(right)))
    right = (*left[len(left) - axes :], *right[axes:])
    ours = Tensordot(axes=axes)
    assert ours.output_shape(left, right) == np.tensordot(zeros(left), zeros(right), axes).shape
    assert ours.cost(left, right).macs == (prod(left) * prod(right[axes:]) if axes else 0)


@given(shapes, st.data())
def test_moving_axes(shape: Shape, data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(len(shape))))
    assert Transpose(axes=tuple(axes)).output_shape(shape) == zeros(shape).transpose(axes).shape
    some = data.draw(st.integers(0, len(shape)))
    onto = data.draw(st.permutations(range(len(shape))))[:some]
    moved = Moveaxis(source=tuple(axes[:some]), destination=tuple(onto))
    assert moved.output_shape(shape) == np.moveaxis(zeros(shape), axes[:some], onto).shape


@given(shapes, st.data(), st.booleans())
def test_reductions(shape: Shape, data: st.DataObject, keepdims: bool) -> None:
    axes = data.draw(st.none() | arrays.valid_tuple_axes(len(shape)))
    assert reduced(shape, axes, keepdims) == zeros(shape).sum(axis=axes, keepdims=keepdims).shape


@given(shapes, st.data())
def test_splits(shape: Shape, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    cuts = data.draw(st.integers(1, 5) | st.lists(st.integers(0, 6)).map(sorted).map(tuple))
    wanted = [one.shape for one in np.array_split(zeros(shape), cuts, axis)]
    assert ArraySplit(indices_or_sections=cuts, axis=axis).output_shape(shape) == wanted
    if not isinstance(cuts, int) or shape[axis] % cuts == 0:
        assert Split(indices_or_sections=cuts, axis=axis).output_shape(shape) == wanted
    else:
        with pytest.raises(ShapeError):
            Split(indices_or_sections=cuts, axis=axis).output_shape(shape)


@given(shapes, st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_tile(shape: Shape, repeats: list[int]) -> None:
    assert Tile(repeats=tuple(repeats)).output_shape(shape) == np.tile(zeros(shape), repeats).shape


@given(shapes, st.data())
def test_pad(shape: Shape, data: st.DataObject) -> None:
    width = data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=len(shape), max_size=len(shape)))
    assert Pad(pad_width=tuple(width)).output_shape(shape) == np.pad(zeros(shape), width).shape


@given(shapes, shapes, st.data())
def test_take(shape: Shape, indices: Shape, data: st.DataObject) -> None:
    axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    assert Take(axis=axis).output_shape(shape, indices) == np.take(zeros(shape), zeros(indices), axis).shape


def test_squeeze_wants_sizes_of_one() -> None:
    assert Squeeze(axis=(1, -1)).output_shape((2, 1, 3, 1)) == (2, 3)
    with pytest.raises(ShapeError, match="allowed: 1"):
        Squeeze(axis=2).output_shape((2, 1, 3, 1))
