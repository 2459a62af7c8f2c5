"""The objects of a SavedModel (`saved_model.pb`): which object holds which, and their variables, without their data.

Field numbers are those of TensorFlow's saved_model.proto, meta_graph.proto, saved_object_graph.proto,
trackable_object_graph.proto and tensor_shape.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from convcost.model import Model
from convcost.readers.keras_hdf5 import Stored
from convcost.readers.keras_weights import LAYER, Part
from convcost.readers.protobuf import integer, messages, text

META_GRAPHS, OBJECT_GRAPH, NODES = 2, 7, 1
CHILDREN, CHILD_NODE, CHILD_NAME = 1, 1, 2
USER_OBJECT, USER_IDENTIFIER, USER_METADATA = 4, 1, 3
VARIABLE, DTYPE, SHAPE, TRAINABLE, VARIABLE_NAME, DIMENSIONS, SIZE = 7, 1, 2, 3, 6, 2, 1

DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
"""Numbers of tensorflow.DataType (types.proto)."""


class Node(msgspec.Struct, frozen=True):
    """An object: what it holds by name, what Keras says of it (files of TensorFlow before 2.5), and its variable."""

    children: Mapping[str, int]
    is_container: bool
    metadata: str
    variable: Stored | None


def nodes_in(saved_model: bytes) -> list[Node]:
    """The objects of a SavedModel, the model itself first. Raises ValueError where the bytes are none."""
    graphs = messages(memoryview(saved_model), META_GRAPHS)
    objects = (messages(graph, OBJECT_GRAPH) for graph in graphs)
    nodes = [_node(node) for graph in objects for found in graph for node in messages(found, NODES)]
    for number, node in enumerate(nodes):
        astray = next((child for child in node.children.values() if child >= len(nodes)), None)
        if astray is not None:
            raise ValueError(f"object {number} holds object {astray}, of {len(nodes)}")
    return nodes


def _node(node: memoryview) -> Node:
    children = {text(child, CHILD_NAME): integer(child, CHILD_NODE) for child in messages(node, CHILDREN)}
    user = next(messages(node, USER_OBJECT), memoryview(b""))
    is_container = text(user, USER_IDENTIFIER).startswith("trackable_")  # a list, a tuple or a dict
    variable = next((_variable(one) for one in messages(node, VARIABLE)), None)
    return Node(children, is_container, text(user, USER_METADATA), variable)


def _variable(variable: memoryview) -> Stored:
    dimensions = [size for shape in messages(variable, SHAPE) for size in messages(shape, DIMENSIONS)]
    return Stored(
        text(variable, VARIABLE_NAME),
        tuple(integer(size, SIZE) for size in dimensions),
        DTYPES.get(integer(variable, DTYPE), "unknown"),
        trainable=bool(integer(variable, TRAINABLE)),
    )


class SavedWeights(msgspec.Struct, frozen=True):
    """The variables of layers, which `metadata` tells apart from other objects: by number, what Keras says of each."""

    nodes: list[Node]
    metadata: Mapping[int, dict[str, Any]]

    def by_layer(self, model: Model) -> dict[str, tuple[Stored, ...]]:
        """The weights of every leaf layer by path. A layer that the file does not tell of is not in it."""
        found: dict[str, tuple[Stored, ...]] = {}
        todo = [("", model, 0)]
        while todo:
            prefix, nested, number = todo.pop()
            held = {str(told.get("name")): child for child, told in self.held_layers(number)}
            for layer in nested.layers:
                if layer.name not in held:
                    continue
                if isinstance(layer.rule, Model):
                    todo.append((f"{prefix}{layer.name}/", layer.rule, held[layer.name]))
                else:
                    found[prefix + layer.name] = self.variables(held[layer.name])
        return found

    def parts(self) -> list[Part]:
        """The layers that the model holds directly, and what it has itself."""
        found = [
            Part(str(told.get("name")), str(told.get("class_name") or LAYER), self.variables(child))
            for child, told in self.held_layers(0)
        ]
        shared = {stored.name for part in found for stored in part.weights}
        own = tuple(stored for stored in self.variables(0) if stored.name not in shared)
        return [part for part in (Part("", LAYER, own), *found) if part.weights]

    def held_layers(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """The layers that an object holds, in lists and dicts too, and what Keras says of them."""
        found: dict[int, dict[str, Any]] = {}
        seen = {number}
        todo = [number]
        while todo:
            for child in self.nodes[todo.pop()].children.values():
                if child in self.metadata:
                    found[child] = self.metadata[child]
                elif child not in seen and self.nodes[child].is_container:
                    todo.append(child)
                seen.add(child)
        return list(found.items())

    def variables(self, number: int) -> tuple[Stored, ...]:
        """The weights of a layer: the list `variables` that Keras keeps in it."""
        listed = self.nodes[number].children.get("variables")
        held = self.nodes[listed].children.values() if listed is not None else ()
        return tuple(stored for child in held if (stored := self.nodes[child].variable) is not None)
