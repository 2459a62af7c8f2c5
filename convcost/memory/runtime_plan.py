"""A model as a runtime runs it, and the arena that the runtime would plan for it.

A plan is defined on the runtime's own graph: that of a `.tflite` file, or of what TensorFlow's converter makes of a
Keras model. The converter splits and merges layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from convcost.errors import ConvcostError, MeasureError
from convcost.memory.arena import PLANNERS, Arena
from convcost.model import Model, Shape
from convcost.paths import YAML

MOST_BUFFERS = 10_000
"""A planner compares each with all others."""


def planned(
    path: Path, runtime: str, input_shapes: Mapping[str, Shape] | None = None, batch: int = 1
) -> tuple[Model, Arena]:
    """The model that a runtime runs, and its arena.

    `input_shapes` and `batch` are for the conversion of a Keras model.

    Raises ConvcostError where the runtime is not known, or the file can be neither read nor converted; MeasureError
    where its arena cannot be planned.
    """
    from convcost.readers.tflite.buffers import for_runtime, not_compared
    from convcost.readers.tflite.graph import graph_in, read_graph
    from convcost.readers.tflite.layers import model_of

    if runtime not in PLANNERS:
        raise ConvcostError(f"arena: got {runtime!r}, allowed: {', '.join(PLANNERS)}")
    if _is_tflite(path):
        if input_shapes or batch != 1:
            raise ConvcostError(f"{path}: a .tflite file has its shapes and its batch; an arena is planned for these")
        graph = read_graph(path)
    else:
        from convcost.engine.conversion import converted

        graph = graph_in(converted(path, input_shapes, batch), f"{path} (converted)")
    if graph.subgraphs > 1:
        raise MeasureError(f"{path}: it has {graph.subgraphs} subgraphs; an arena is planned for one")
    if graph.offline_plan and runtime == "tflm":
        raise MeasureError(f"{path}: it brings a plan of its own (OfflineMemoryAllocation), which TFLM follows")
    buffers = for_runtime(graph, runtime)
    if len(buffers) > MOST_BUFFERS:
        raise MeasureError(
            f"{path}: it has {len(buffers):,} tensors, allowed: {MOST_BUFFERS:,} for the plan of an arena"
        )
    model, plan = model_of(graph, str(path)), PLANNERS[runtime](buffers)
    if others := not_compared(graph):
        note = f"{path}: the arena may be larger: what the kernels of {', '.join(others)} take was not compared"
        model = msgspec.structs.replace(model, notes=(*model.notes, note))
    return model, plan


def _is_tflite(path: Path) -> bool:
    from convcost.readers import head
    from convcost.readers.tflite import accepts

    if path.suffix in YAML:
        raise ConvcostError(
            f"{path}: a spec is no model that TensorFlow can convert: --arena takes .tflite or Keras files"
        )
    return accepts(path, head(path))
