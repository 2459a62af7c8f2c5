"""A SavedModel of which only its program is known: what its signature `serving_default` multiplies, scope by scope.

Variables are frozen into the graph, functions inlined, and the graph imported anew on inputs of the asked shape, so
that TensorFlow infers every shape in it. There are no layers any more: a row stands for a name scope that contracts
something or reads variables, under the name that the scope has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convcost.cost import Cost
from convcost.engine.contractions import RULES
from convcost.engine.flow import bytes_in, shape_of
from convcost.engine.framework import one_line, tensorflow_and_keras
from convcost.engine.graph import Walk
from convcost.engine.shaped import Shaped, frozen, in_order
from convcost.errors import ConvcostError, MeasureError
from convcost.model import Call, Layer, Shape, Unknown, Weight
from convcost.report import CallShapes, Peak, Report, Row

SIGNATURE = "serving_default"
INLINED = re.compile(r"^(Stateful)?PartitionedCall(_\d+)?$|^Func$")
"""Segments of names that stand for calls which were inlined."""

PASSING = ("Const", "Identity", "ReadVariableOp")
PROGRAM = Unknown("a program without layers: its MACs are those of the graph")


def counted_program(path: Path, input_shapes: Shape | Mapping[str, Shape] | None, batch: int) -> Report:
    """The report of a SavedModel folder without Keras's metadata.

    Raises:
        ConvcostError: a shape is missing, or no input has the name of one that is given.
        MeasureError: TensorFlow cannot load the program, or it has no signature `serving_default`.
    """
    tensorflow, _ = tensorflow_and_keras()
    try:
        loaded = tensorflow.saved_model.load(str(path))
    except Exception as error:  # whatever TensorFlow raises
        raise MeasureError(f"{path}: TensorFlow {tensorflow.__version__} cannot load it: {one_line(error)}") from error
    signature = loaded.signatures.get(SIGNATURE)
    if signature is None:
        there = ", ".join(map(repr, loaded.signatures)) or "none"
        raise MeasureError(f"{path}: the SavedModel has no signature {SIGNATURE!r}; it has {there}")
    shapes = _shapes(path, signature, input_shapes, batch)
    try:
        program = frozen(signature, shapes, tensorflow)
    except Exception as error:  # whatever TensorFlow raises
        raise MeasureError(f"{path}: its program cannot take inputs of {shapes}: {one_line(error)}") from error
    rows = _rows(program, signature, tensorflow)
    return Report(
        name=path.name,
        rows=rows,
        peak=Peak(),
        input_shapes={name: shape[1:] for name, shape in shapes.items()},
        batch=batch,
        source=str(path),
        format=f"program, traced by TensorFlow {tensorflow.__version__}",
        warnings=(
            f"{path}: a program without layers: rows are its name scopes, FLOPs those of the MACs alone,"
            " and the peak of activations is not known",
        ),
    )


def _shapes(
    path: Path, signature: Any, input_shapes: Shape | Mapping[str, Shape] | None, batch: int
) -> dict[str, Shape]:
    """The shape of every input of a signature, batch first."""
    specs = dict(sorted(signature.structured_input_signature[1].items()))  # TensorFlow keeps no order
    given = dict(input_shapes) if isinstance(input_shapes, Mapping) else {"": input_shapes} if input_shapes else {}
    if "" in given and len(specs) == 1:
        given = dict.fromkeys(specs, given[""])
    for name in given:
        if name not in specs:
            raise ConvcostError(f"{path}: no input is named {name!r}; the inputs are {', '.join(specs)}")
    shapes = {}
    for name, spec in specs.items():
        told = given.get(name) or (tuple(spec.shape[1:]) if spec.shape.rank is not None else (None,))
        if None in told:
            raise ConvcostError(f"{path}: input {name!r} has the open shape {spec.shape}: give it with --input-shape")
        fixed = spec.shape[0] if spec.shape.rank else None
        shapes[name] = (fixed or batch, *told)
    return shapes


class _Scopes(Walk):
    """A walk by the name scopes that operations have, through functions whose shapes are inferred anew."""

    def __init__(self, program: Shaped, tensorflow: Any) -> None:
        super().__init__({}, tensorflow.get_static_value, strict=False)
        self.program = program
        self.kinds: dict[str, str] = {}

    def layer(self, name: str, caller: str) -> str:
        return caller or scope_of(name)

    def operation(self, operation: Any, path: str) -> Mapping[str, int]:
        counted = super().operation(operation, path)
        if counted and operation.type in RULES:
            self.kinds.setdefault(path, operation.type)
        return counted

    def body(self, operation: Any, name: str) -> Any:
        return self.program.function(name, operation)


def scope_of(name: str) -> str:
    """The scope of an operation, without the calls that were inlined; its own name where it is in none."""
    *around, own = name.split("/")
    scope = "/".join(segment for segment in around if not INLINED.match(segment))
    return scope or own


def _rows(program: Shaped, signature: Any, tensorflow: Any) -> tuple[Row, ...]:
    walk = _Scopes(program, tensorflow)
    counted = walk.graph(program)
    needed = {operation.name: operation for operation in in_order(program)}
    weights: dict[str, list[Weight]] = {}
    for variable, reader in _variables(signature, needed):
        scope = scope_of(reader.name if reader is not None else variable.name.partition(":")[0])
        weights.setdefault(scope, []).append(_weight(variable))
        walk.kinds.setdefault(scope, reader.type if reader is not None else "Variable")
    last = {scope_of(name): operation for name, operation in needed.items()}
    scopes = [scope for scope in last if scope in counted or scope in weights or scope in walk.uncounted]
    scopes += [scope for scope in weights if scope not in last]
    return tuple(_row(scope, last.get(scope), walk, counted, weights.get(scope, [])) for scope in scopes)


def _row(scope: str, last: Any, walk: _Scopes, counted: Mapping[str, int], weights: list[Weight]) -> Row:
    """What the operations of a scope cost together; `last` is the one that puts out what the scope does."""
    outputs = list(last.outputs)[:1] if last is not None else []
    reason = walk.uncounted.get(scope, "")
    kind = walk.kinds.get(scope) or last.type
    return Row(
        path=scope,
        layer=Layer(scope.rpartition("/")[2], kind, PROGRAM, (Call(),)),
        calls=(CallShapes((), tuple(map(shape_of, outputs))),),
        cost=None if reason else Cost(counted.get(scope, 0)),
        weights=tuple(weights),
        activation_bytes=sum(map(bytes_in, outputs)),
        reason=reason,
    )


def _variables(signature: Any, needed: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Every variable that the signature reads, and the first operation that does something with it (None: no one)."""
    variables = {id(variable.handle): variable for variable in signature.variables}
    for outside, inside in signature.graph.captures:
        if id(outside) in variables:
            constant = needed.get(inside.op.name)
            yield variables[id(outside)], constant and _reader(constant, needed)


def _reader(operation: Any, needed: Mapping[str, Any]) -> Any:
    """The first of the needed operations behind a frozen variable that does more than to pass it on."""
    waiting = [operation]
    while waiting:
        operation = waiting.pop(0)
        if operation.type not in PASSING:
            return operation
        waiting.extend(reader for reader in operation.outputs[0].consumers() if reader.name in needed)
    return None


def _weight(variable: Any) -> Weight:
    name = variable.name.partition(":")[0]
    return Weight(name, tuple(variable.shape), bool(variable.trainable), variable.dtype.name)
