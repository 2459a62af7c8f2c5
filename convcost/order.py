"""In which order the calls of a model run."""

from __future__ import annotations

from collections.abc import Iterator

from convcost.errors import ConvcostError
from convcost.model import Call, Layer, Model


def in_order(model: Model) -> Iterator[tuple[Layer, int, Call]]:
    """Every call of every layer, as the file has them, each after what it reads.

    Raises ConvcostError where a call reads what does not exist, or (in the end) itself.
    """
    layers = {layer.name: layer for layer in model.layers}
    done: set[tuple[str, int]] = set()
    waiting: set[tuple[str, int]] = set()
    for first in model.layers:
        for number in range(len(first.calls)):
            todo = [(first.name, number)]
            while todo:
                if todo[-1] in done:
                    todo.pop()
                    continue
                name, index = todo[-1]
                layer = layers.get(name)
                if layer is None or index >= len(layer.calls):
                    raise ConvcostError(
                        f"{model.source}: a layer reads from {name!r} (call {index}), which is not there"
                    )
                call = layer.calls[index]
                reads = [(ref.layer, ref.call) for ref in (*call.inputs, *call.extras)]
                if done.issuperset(reads):
                    done.add(todo.pop())
                    yield layer, index, call
                    continue
                missing = [read for read in reads if read not in done]
                if todo[-1] in waiting:
                    raise ConvcostError(
                        f"{model.source}: layer {name!r} reads its own output, through {missing[0][0]!r}"
                    )
                waiting.add(todo[-1])
                todo.extend(reversed(missing))
