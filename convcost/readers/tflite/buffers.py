"""Which tensors of a `.tflite` graph need a place in the arena of a runtime, and from when to when.

Both runtimes make a tensor when the operator that writes it starts, and free it when the last that reads it is done.
Constants have no place there. LiteRT never frees inputs and outputs of the graph, and lets some operators write over
what they read; TensorFlow Lite Micro frees inputs after their last use, and lets none.
"""

from __future__ import annotations

from collections import Counter

from convcost.memory.arena import Buffer
from convcost.readers.tflite.graph import Operator, TfGraph

IN_PLACE = {"ADD": 2, "SUB": 2, "MUL": 2, "DIV": 2, "SOFTMAX": 1}
"""Operators that LiteRT lets write over an input, one of the first so many."""
_COMPARED = """
    ABS ADD AVERAGE_POOL_2D BATCH_MATMUL CAST CONCATENATION CONV_2D CUMSUM DEPTHWISE_CONV_2D DEQUANTIZE DIV EXP FLOOR
    FLOOR_DIV FULLY_CONNECTED GATHER GELU GREATER HARD_SWISH L2_NORMALIZATION LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION
    LOG LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL NEG PACK PAD POW PRELU QUANTIZE RELU RELU6 RESHAPE
    RESIZE_BILINEAR REVERSE_V2 RSQRT SELECT SIGN SIN SOFTMAX SPACE_TO_DEPTH SPLIT SQRT SQUARE SQUARED_DIFFERENCE
    STRIDED_SLICE SUB TANH TRANSPOSE TRANSPOSE_CONV
"""
COMPARED = frozenset(_COMPARED.split())
"""Operators whose plans were compared with those of the runtimes: their float kernels take no other memory."""
SAME_DATA = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
"""What they put out is what they read."""
POINTER = 8
"""Bytes: what is no larger is not shared."""


def for_runtime(graph: TfGraph, runtime: str) -> list[Buffer]:
    """The buffers that the planner of a runtime places."""
    return of_litert(graph) if runtime == "litert" else of_tflm(graph)


def not_compared(graph: TfGraph) -> list[str]:
    """The operators of a graph whose kernels may take memory that no plan knows of."""
    return sorted({operator.code for operator in graph.operators} - COMPARED)


def of_tflm(graph: TfGraph) -> list[Buffer]:
    """Operators count from 1; inputs of the graph are there at 0. An output that nothing reads lives for its step."""
    first = dict.fromkeys(graph.inputs, 0)
    last: dict[int, int] = {}
    for step, operator in enumerate(graph.operators, start=1):
        for number in operator.outputs:
            first.setdefault(number, step)
        for number in (*operator.inputs, *operator.outputs):
            last[number] = step
    last |= dict.fromkeys(graph.outputs, len(graph.operators))
    tensors = graph.tensors
    return [
        Buffer(number, tensors[number].name, tensors[number].bytes, start, last[number])
        for number, start in sorted(first.items())
        if number in last and not tensors[number].is_constant and not tensors[number].is_variable
    ]


def of_litert(graph: TfGraph) -> list[Buffer]:
    """Operators count from 0. What is never freed lives until after the last."""
    tensors, end = graph.tensors, len(graph.operators)
    stands_for = _shared(graph)

    def actual(number: int) -> int:
        return stands_for.get(number, number)

    kept = {actual(number) for number in (*graph.inputs, *graph.outputs)}
    left = Counter(actual(number) for operator in graph.operators for number in operator.inputs if number >= 0)
    first = dict.fromkeys(map(actual, graph.inputs), 0)
    last: dict[int, int] = {}
    for step, operator in enumerate(graph.operators):
        for number in operator.outputs:
            first.setdefault(actual(number), step)
        for number in operator.inputs:
            left[actual(number)] -= 1
            if not left[actual(number)] and actual(number) not in kept:
                last[actual(number)] = step
    return [
        Buffer(
            tensor=number,
            name=tensors[number].name,
            bytes=tensors[number].bytes,
            first=start,
            last=last.get(number, end),
            throughout=start == 0 and number not in last,
        )
        for number, start in sorted(first.items())
        if not tensors[number].is_constant and not tensors[number].is_variable
    ]


def _shared(graph: TfGraph) -> dict[int, int]:
    """Tensors that have the place of another: by number, and transitively."""
    uses = Counter(number for operator in graph.operators for number in operator.inputs if number >= 0)
    uses.update((*graph.inputs, *graph.outputs))
    stands_for: dict[int, int] = {}
    for operator in graph.operators:
        changes = operator.code not in SAME_DATA
        count = IN_PLACE.get(operator.code, 0) if changes else 1
        for number in operator.inputs[:count]:
            if number >= 0 and operator.outputs and _may_share(graph, operator, number, uses, changes):
                root = stands_for.get(number, number)
                if not changes or uses[root] <= 1:
                    stands_for[operator.outputs[0]] = root
                break
    return stands_for


def _may_share(graph: TfGraph, operator: Operator, number: int, uses: Counter[int], changes: bool) -> bool:
    read, written = graph.tensors[number], graph.tensors[operator.outputs[0]]
    if changes and (read.bytes != written.bytes or read.bytes <= POINTER or uses[number] > 1):
        return False
    if number in graph.inputs or operator.outputs[0] in graph.outputs:
        return False
    return not read.is_constant and not read.is_variable
