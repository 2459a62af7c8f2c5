"""The graph in a `.tflite` file: tensors, and the operators between them. Weights are not read, only where they are.

Field numbers are those of TensorFlow's `tensorflow/compiler/mlir/lite/schema/schema.fbs`, version 3.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import msgspec

from convcost.errors import ConvcostError
from convcost.model import OpenShape, Shape, bytes_of
from convcost.readers.tflite import MARK
from convcost.readers.tflite.flatbuffer import Bytes, Table, root
from convcost.readers.tflite.names import OPERATORS, TYPES

LARGEST_FILE = 2**31
"""Offsets have 32 bits; larger models keep their weights behind the graph, which we do not read."""
MOST_PARTS = 100_000
"""Tensors, operators or buffers."""
MOST_DIMENSIONS = 16
MOST_SETTINGS = 12
LONGEST_NAME = 500
SMALL = 4096
"""Bytes of a constant whose numbers may be read: paddings, axes."""


class TfTensor(msgspec.Struct, frozen=True):
    """A tensor. `data`: where its constant lies in the file, None for what is computed. `signature` has open sizes."""

    index: int
    name: str
    shape: Shape
    signature: OpenShape
    dtype: str
    data: tuple[int, int] | None = None
    numbers: tuple[int, ...] = ()
    """The constant itself, where it is a few integers."""
    is_variable: bool = False
    is_sparse: bool = False
    """The data are the values that are not zero."""
    scales: int = 0
    """How many scales its quantization has."""

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def bytes(self) -> int:
        return bytes_of(prod(self.shape), self.dtype)


class Options(msgspec.Struct, frozen=True):
    """The settings of an operator, by number: the first bytes of each, "" where the file leaves the default."""

    fields: tuple[bytes, ...] = ()

    def byte(self, field: int) -> int:
        return self._number(field, 1, 0)

    def integer(self, field: int, default: int = 0) -> int:
        return self._number(field, 4, default)

    def _number(self, field: int, size: int, default: int) -> int:
        found = self.fields[field] if field < len(self.fields) else b""
        return int.from_bytes(found[:size], "little", signed=True) if found else default


class Operator(msgspec.Struct, frozen=True):
    """An operator: `inputs` may be -1, for an optional one that is not there."""

    index: int
    code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


class TfGraph(msgspec.Struct, frozen=True):
    name: str
    tensors: tuple[TfTensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int
    offline_plan: bool = False


def read_graph(path: Path) -> TfGraph:
    """The first subgraph of a file. Raises ConvcostError where it is damaged or no `.tflite`."""
    with _mapped(path) as data:
        return graph_in(data, str(path))


def graph_in(data: Bytes, source: str) -> TfGraph:
    """The first subgraph in the bytes of a file. Raises ConvcostError where they are damaged or no `.tflite`."""
    if bytes(data[4:8]) != MARK:
        raise ConvcostError(f"{source}: no .tflite file: it lacks the mark {MARK.decode()}")
    try:
        return _graph(data)
    except ValueError as error:
        raise ConvcostError(f"{source}: a damaged .tflite file: {error}") from None


@contextmanager
def _mapped(path: Path) -> Iterator[Bytes]:
    """The bytes of a file, read only where they are looked at."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size > LARGEST_FILE:
                raise ConvcostError(f"{path}: has {size:,} bytes, allowed: {LARGEST_FILE:,}")
            if size < 8:
                raise ConvcostError(f"{path}: no .tflite file: it has {size} bytes")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                yield view
    except OSError as error:
        raise ConvcostError(f"{path}: cannot be read: {error.strerror}") from None


def _graph(data: Bytes) -> TfGraph:
    model = root(data)
    codes = [_code(table) for table in _few(model, 1)]
    subgraphs = _few(model, 2)
    if not subgraphs:
        raise ValueError("it has no subgraph")
    buffers = [_extent(table, len(data)) for table in _few(model, 4)]
    main = subgraphs[0]
    tensors = tuple(_tensor(index, table, buffers, data) for index, table in enumerate(_few(main, 0)))
    operators = tuple(_operator(index, table, codes) for index, table in enumerate(_few(main, 3)))
    graph = TfGraph(
        name=main.text(4)[:LONGEST_NAME],
        tensors=tensors,
        operators=operators,
        inputs=main.integers(1),
        outputs=main.integers(2),
        subgraphs=len(subgraphs),
        offline_plan=any(table.text(0) == "OfflineMemoryAllocation" for table in _few(model, 6)),
    )
    for number in (*graph.inputs, *graph.outputs, *(one for op in operators for one in op.outputs)):
        if not 0 <= number < len(tensors):
            raise ValueError(f"it speaks of tensor {number}, and has {len(tensors)}")
    for operator in operators:
        if any(not -1 <= number < len(tensors) for number in operator.inputs):
            raise ValueError(f"operator {operator.index} ({operator.code}) reads a tensor that is not there")
    return graph


def _few(table: Table, field: int) -> list[Table]:
    found: list[Table] = []
    for one in table.tables(field):
        if len(found) == MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS:,} parts of one kind")
        found.append(one)
    return found


def _code(table: Table) -> str:
    """The name of an operator: old files have its number in a byte, new ones in an int besides."""
    number = max(table.integer(0, "b"), table.integer(3, "i"))
    if number == OPERATORS.index("CUSTOM"):
        return f"CUSTOM {table.text(1)[:LONGEST_NAME]}"
    return OPERATORS[number] if 0 <= number < len(OPERATORS) else f"operator {number}"


def _extent(buffer: Table, size: int) -> tuple[int, int] | None:
    """Where the data of a buffer lie; None where it has none. Data behind the graph have an offset and a size."""
    start, end = buffer.extent(0)
    offset, length = buffer.integer(1, "Q"), buffer.integer(2, "Q")
    if offset > 1 and length:
        start, end = offset, offset + length
        if end > size:
            raise ValueError("a buffer ends after the file")
    return (start, end) if end > start else None


def _tensor(index: int, table: Table, buffers: list[tuple[int, int] | None], data: Bytes) -> TfTensor:
    shape, signature = table.integers(0), table.integers(7)
    if len(shape) > MOST_DIMENSIONS or any(size < 0 for size in shape):
        raise ValueError(f"tensor {index} has the shape {shape[:MOST_DIMENSIONS]}")
    kind, buffer = table.integer(1, "b"), table.integer(2, "I")
    if buffer >= len(buffers) and buffers:
        raise ValueError(f"tensor {index} has its data in buffer {buffer}, of {len(buffers)}")
    extent = buffers[buffer] if buffers else None
    dtype = TYPES[kind] if 0 <= kind < len(TYPES) else f"type {kind}"
    quantization = table.table(4)
    return TfTensor(
        index=index,
        name=table.text(3)[:LONGEST_NAME],
        shape=shape,
        signature=tuple(None if size < 0 else size for size in signature) if len(signature) == len(shape) else shape,
        dtype=dtype,
        data=extent,
        numbers=_numbers(data, extent, dtype),
        is_variable=bool(table.integer(5, "b")),
        is_sparse=table.table(6) is not None,
        scales=len(quantization.integers(2, "f")) if quantization else 0,
    )


def _numbers(data: Bytes, extent: tuple[int, int] | None, dtype: str) -> tuple[int, ...]:
    kinds = {"int32": ("i", 4), "int64": ("q", 8)}
    if extent is None or dtype not in kinds or extent[1] - extent[0] > SMALL:
        return ()
    kind, size = kinds[dtype]
    return struct.unpack_from(f"<{(extent[1] - extent[0]) // size}{kind}", data, extent[0])


def _operator(index: int, table: Table, codes: list[str]) -> Operator:
    number = table.integer(0, "I")
    if number >= len(codes):
        raise ValueError(f"operator {index} is of kind {number}, of {len(codes)}")
    options = table.table(4)
    return Operator(
        index=index,
        code=codes[number],
        inputs=table.integers(1),
        outputs=table.integers(2),
        options=Options(options.inline(MOST_SETTINGS) if options else ()),
    )
