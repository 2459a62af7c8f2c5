"""Networks that several oracle tests look at, each built, profiled and traced once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any
from unittest.mock import patch

import keras
import pytest

import convcost
from convcost.engine.trace import Trace, trace
from convcost.report import Report

NETWORKS = sorted(name for name, build in inspect.getmembers(keras.applications, callable))
"""Every network of `keras.applications`."""

RESOLUTION = 224
"""Of a network that leaves its own open (MobileNetV3)."""


@contextmanager
def without_values() -> Iterator[None]:
    """Variables that are made here have a shape and never a value: VGG16 takes milliseconds instead of 550 MB.

    A graph traced with them computes their first values, so these are zeros rather than random numbers.
    """
    add_weight = keras.layers.Layer.add_weight

    def add_zeros(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> keras.Variable:
        return add_weight(layer, *args, **{**kwargs, "initializer": "zeros"})

    with keras.StatelessScope(initialize_variables=False), patch.object(keras.layers.Layer, "add_weight", add_zeros):
        yield
    keras.utils.clear_session(free_memory=False)  # or the next scope that ends would give them their values


class Network:
    """A network of `keras.applications` with its default input, without weights."""

    def __init__(self, name: str) -> None:
        self.name = name
        with without_values():
            self.model = getattr(keras.applications, name)(weights=None)

    @cached_property
    def input_shape(self) -> tuple[int, ...]:
        *sizes, channels = self.model.input_shape[1:]
        return (*(size or RESOLUTION for size in sizes), channels)

    @cached_property
    def report(self) -> Report:
        return convcost.analyze(self.model, input_shape=self.input_shape, what_if=False)

    @cached_property
    def traced(self) -> Trace:
        return trace(self.model, self.input_shape)

    @cached_property
    def output_shapes(self) -> dict[str, tuple[int, ...]]:
        """What Keras says that each layer puts out, per sample."""
        model = self.model
        if None in model.input_shape[1:]:
            with without_values():
                sized = keras.Input(self.input_shape, name=model.layers[0].name)
                model = keras.models.clone_model(model, input_tensors=sized)
        return {path: operation.output.shape[1:] for path, operation in leaves(model)}


def leaves(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.Operation]]:
    """Every layer and operation of a network by path, with those of nested models in their place."""
    for operation in model.layers if isinstance(model, keras.Sequential) else model.operations:
        if isinstance(operation, keras.Model):
            yield from leaves(operation, f"{prefix}{operation.name}/")
        elif not (prefix and isinstance(operation, keras.layers.InputLayer)):
            yield prefix + operation.name, operation


@cache
def network(name: str) -> Network:
    return Network(name)


@pytest.fixture
def net(name: str) -> Network:
    """The network that a test is parametrized with, by `name`; the same one all through the session."""
    return network(name)
