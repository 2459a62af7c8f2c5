"""One row of the tables: a call of an operation on tensors, and its MACs as a product written by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras
import numpy as np

Shape = tuple[int, ...]


def words(names: str) -> list[str]:
    """The names in a string."""
    return names.split()


class Case:
    """A call on inputs of these shapes (per sample, without the batch). The operation under test comes last.

    `macs` are of one sample, of the operations that the call makes. `trace` is what the traced graph multiplies where
    that is not `macs` (`convcost.engine.differences` says why). `data` makes the values of an input from its shape.
    Keras has flaws of its own: `recorded` is False where the shape that it infers is not the one that comes out, `runs`
    where TensorFlow refuses the call, `traces` where it refuses it in a graph.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        *shapes: Shape,
        macs: int = 0,
        dtypes: tuple[str, ...] = (),
        data: Callable[[Shape], Any] = np.ones,
        trace: int | None = None,
        recorded: bool = True,
        runs: bool = True,
        traces: bool = True,
    ) -> None:
        self.call = call
        self.shapes = shapes
        self.macs = macs
        self.dtypes = dtypes or ("float32",) * len(shapes)
        self.data = data
        self.trace = macs if trace is None else trace
        self.recorded, self.runs, self.traces = recorded, runs, traces

    @cached_property
    def outputs(self) -> list[Any]:
        """What the call puts out symbolically."""
        return [tensor for tensor in keras.tree.flatten(self.call(*self.inputs)) if tensor is not None]

    @cached_property
    def inputs(self) -> list[Any]:
        return [keras.Input(shape, dtype=dtype) for shape, dtype in zip(self.shapes, self.dtypes, strict=True)]

    @cached_property
    def model(self) -> keras.Model:
        return keras.Model(self.inputs, self.outputs)

    @property
    def operation(self) -> keras.Operation:
        """The one under test."""
        operation: keras.Operation = self.outputs[0]._keras_history.operation
        return operation

    @property
    def kind(self) -> str:
        return type(self.operation).__name__

    @property
    def really(self) -> list[Shape]:
        """The shapes that come out when Keras runs the call on one sample."""
        values = [
            keras.ops.convert_to_tensor(self.data((1, *shape)), dtype=dtype)
            for shape, dtype in zip(self.shapes, self.dtypes, strict=True)
        ]
        return [tuple(tensor.shape) for tensor in keras.tree.flatten(self.call(*values)) if tensor is not None]

    def __repr__(self) -> str:
        return self.kind
