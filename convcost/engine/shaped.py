"""The program of a SavedModel with every shape in it inferred anew, for inputs of one shape.

A saved function keeps the shapes that it was traced with, open ones included. So variables are frozen, what the program
calls is inlined, and the rest is imported again on inputs that are known; functions that stay (loops, grouped
convolutions) are imported the same way for each call. A list of tensors that a loop fills says its shape by a constant:
where the first size in it is open, that is the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convcost.model import Shape

LIST_SHAPES = {"TensorListReserve": 0, "TensorListFromTensor": 1, "TensorListGetItem": 2, "TensorListStack": 1}
"""Operations on lists of tensors, and which input of each is the shape of an element."""


class Shaped:
    """A graph with its inputs and outputs, and the functions that it calls."""

    def __init__(self, definition: Any, inputs: list[Any], outputs: list[Any], tensorflow: Any) -> None:
        self.definition = definition
        self.inputs = inputs
        self.outputs = outputs
        self.tensorflow = tensorflow

    def function(self, name: str, operation: Any) -> Shaped:
        """The function of this name on the inputs of `operation`, which calls it."""
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def
        from tensorflow.python.ops.handle_data_util import copy_handle_data

        called = next(one for one in self.definition.library.function if one.signature.name == name)
        with self.tensorflow.Graph().as_default():
            definition, flat_names = function_def_to_graph_def(called)
        definition.library.CopyFrom(self.definition.library)
        # What an `If` chooses by, and by what a `Case` does, is no input of its branches.
        given = list(operation.inputs)[-len(called.signature.input_arg) :] if called.signature.input_arg else []
        names = [f"{argument.name}:0" for argument in called.signature.input_arg]
        results = [flat_names[called.ret[argument.name]] for argument in called.signature.output_arg]
        with self.tensorflow.Graph().as_default():
            inputs = [self.tensorflow.compat.v1.placeholder(one.dtype, one.shape) for one in given]
            for source, target in zip(given, inputs, strict=True):
                copy_handle_data(source, target)
            return _imported(definition, dict(zip(names, inputs, strict=True)), results, self.tensorflow)


def frozen(signature: Any, shapes: Mapping[str, Shape], tensorflow: Any) -> Shaped:
    """The program of a SavedModel's signature, for inputs of these shapes (batch first)."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = convert_variables_to_constants_v2(signature, lower_control_flow=False)
    definition = function.graph.as_graph_def()
    for nodes in (definition.node, *(one.node_def for one in definition.library.function)):
        _forget_shapes(nodes)
        _close_lists(nodes, next(iter(shapes.values()))[0], tensorflow)
    results = [tensor.name for tensor in function.outputs]
    # A signature orders its inputs by name; the graph has them in an order of its own, under their names.
    by_argument = {tensor.op.name: tensor for tensor in function.inputs}
    with tensorflow.Graph().as_default():
        inputs = {
            by_argument[name].name: tensorflow.compat.v1.placeholder(by_argument[name].dtype, shape)
            for name, shape in shapes.items()
        }
        return _imported(definition, inputs, results, tensorflow)


def _imported(definition: Any, inputs: Mapping[str, Any], results: list[str], tensorflow: Any) -> Shaped:
    """`definition` in the graph at hand, with these tensors in the place of its own inputs."""
    outputs = tensorflow.graph_util.import_graph_def(definition, dict(inputs), results, name="")
    return Shaped(definition, list(inputs.values()), outputs, tensorflow)


def _forget_shapes(nodes: Any) -> None:
    """Without a shape of its own, a loop's variable has that of the value that it starts with."""
    for node in nodes:
        node.attr.pop("_output_shapes", None)
        if node.op in ("While", "StatelessWhile"):
            node.attr["output_shapes"].list.Clear()


def _close_lists(nodes: Any, batch: int, tensorflow: Any) -> None:
    """Write the batch where the shape of a list's elements leaves its first size open."""
    by_name = {node.name: node for node in nodes}
    for node in list(nodes):
        place = LIST_SHAPES.get(node.op)
        told = by_name.get(node.input[place].partition(":")[0]) if place is not None else None
        if told is None or told.op != "Const":
            continue
        sizes = tensorflow.make_ndarray(told.attr["value"].tensor)
        if sizes.ndim != 1 or list(sizes).count(-1) != 1 or sizes[0] != -1:
            continue
        closed = nodes.add()
        closed.CopyFrom(told)
        closed.name = f"{node.name}/closed_shape"
        sizes = sizes.copy()
        sizes[0] = batch
        closed.attr["value"].tensor.CopyFrom(tensorflow.make_tensor_proto(sizes))
        node.input[place] = closed.name + "".join(node.input[place].partition(":")[1:])


def in_order(program: Shaped) -> Iterator[Any]:
    """Every operation that the outputs need, each after what it reads."""
    done: set[str] = set()
    waiting = [(tensor.op, False) for tensor in reversed(program.outputs)]
    while waiting:
        operation, is_read = waiting.pop()
        if operation.name in done:
            continue
        if is_read:
            done.add(operation.name)
            yield operation
            continue
        waiting.append((operation, True))
        waiting.extend((tensor.op, False) for tensor in reversed(operation.inputs) if tensor.op.name not in done)
