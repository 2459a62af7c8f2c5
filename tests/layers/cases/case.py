"""One row of the tables: a Keras layer, what it is called on, and its MACs as a product written by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import keras


class Case:
    """A layer on inputs of these shapes (per sample, without the batch).

    `call` says how the layer takes them where that is neither the one tensor nor the list of all. `runs` is false where
    Keras has to see data before it can run the layer (GPTQ, AWQ).
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        *shapes: tuple[int | None, ...],
        macs: int = 0,
        call: Callable[..., Any] | None = None,
        dtypes: tuple[str, ...] = (),
        runs: bool = True,
    ) -> None:
        self.layer = layer
        self.shapes = shapes
        self.macs = macs
        self.runs = runs
        self.call = call or (lambda layer, *tensors: layer(tensors[0] if len(tensors) == 1 else list(tensors)))
        self.dtypes = dtypes or ("float32",) * len(shapes)

    @cached_property
    def model(self) -> keras.Model:
        inputs = [keras.Input(shape, dtype=dtype) for shape, dtype in zip(self.shapes, self.dtypes, strict=True)]
        return keras.Model(inputs, self.call(self.layer, *inputs))

    def __repr__(self) -> str:
        return f"{type(self.layer).__name__}{self.shapes}"
