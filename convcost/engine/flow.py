"""Which tensors flow between the layers of a traced graph: the steps that the memory walk takes (`convcost.memory`).

What a model's own code computes between two layers (`x + self.block(x)`) counts as one step, just before a layer reads
it; what it holds meanwhile is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from convcost.engine.graph import READ_SHAPE_ONLY
from convcost.memory.live_set import Step, Tensor, peak, tensor_of
from convcost.model import Fusion, Shape, bytes_of
from convcost.report import Peak

ITSELF = "(itself)"
"""What stands for the code of a layer or model, outside of the layers that it calls."""


def inside(path: str) -> str:
    """The path of what the layer or model at `path` does itself."""
    return f"{path}/{ITSELF}" if path else ITSELF


class Flow:
    """Steps in the order of the trace. A graph's tensor is known by its identity, and gets a number of its own."""

    def __init__(self, graph: Any, inputs: Iterable[tuple[str, Any]]) -> None:
        self.graph = graph
        self.steps: list[Step] = []
        self.known: dict[int, Tensor] = {}
        self.count = 0
        for name, tensor in inputs:
            self.steps.append(Step(name, (), (self.new(tensor),)))
        self.nothing = tensor_of(0, None)
        self.steps.append(Step("", (), (self.nothing,)))

    def step(
        self,
        path: str,
        reads: Sequence[Any],
        outputs: Sequence[Any],
        fusion: Fusion | None = None,
        absorbs_padding: bool = False,
    ) -> None:
        """One call of the layer at `path`. It is left out where it runs inside of another function of the graph."""
        if not outputs or any(tensor.graph is not self.graph for tensor in outputs):
            return
        inputs = tuple(self.of(path, tensor) for tensor in reads if tensor.graph is self.graph)
        if any(output is tensor for output in outputs for tensor in reads):
            fusion = "alias"
        new = tuple(self.new(tensor) for tensor in outputs)
        self.steps.append(Step(path, inputs or (self.nothing,), new, fusion, absorbs_padding))

    def of(self, reader: str, tensor: Any) -> Tensor:
        """The tensor that the layer at `reader` reads; what no layer has put out is a step of the code around it."""
        if id(tensor) not in self.known:
            sources = tuple(self.sources(tensor)) or (self.nothing,)
            around, _, _ = reader.rpartition("/")
            self.steps.append(Step(inside(around), sources, (self.new(tensor),)))
        return self.known[id(tensor)]

    def sources(self, tensor: Any) -> Iterable[Tensor]:
        """The known tensors that `tensor` is computed from."""
        waiting, seen = [tensor.op], set()
        found: dict[int, Tensor] = {}
        while waiting:
            operation = waiting.pop()
            if operation.name in seen or operation.type in READ_SHAPE_ONLY:
                continue
            seen.add(operation.name)
            for read in operation.inputs:
                if id(read) in self.known:
                    found[id(read)] = self.known[id(read)]
                else:
                    waiting.append(read.op)
        return found.values()

    def peak(self, outputs: Sequence[Any]) -> Peak:
        """The step at which most is alive. `outputs`: what the model puts out."""
        found = peak(self.steps, [self.of("", tensor).number for tensor in outputs])
        return msgspec.structs.replace(found, live=tuple(one for one in found.live if one.bytes))

    def new(self, tensor: Any) -> Tensor:
        self.count += 1
        self.known[id(tensor)] = tensor_of(self.count, shape_of(tensor), tensor.dtype.name)
        return self.known[id(tensor)]


def shape_of(tensor: Any) -> Shape | None:
    """The shape of a graph's tensor; None where a dimension is open."""
    return tuple(tensor.shape) if tensor.shape.is_fully_defined() else None


def bytes_in(tensor: Any) -> int:
    """Bytes of a graph's tensor; 0 where a dimension is open."""
    return bytes_of(tensor.shape.num_elements() or 0, tensor.dtype.name)
