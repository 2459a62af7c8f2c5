"""What a model costs by running its code: loaded by the framework that wrote it, traced, and counted from the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convcost.engine.framework import keras_of, tensorflow_and_keras, versions
from convcost.engine.loading import PROGRAM, imported, is_program, live
from convcost.engine.rows import rows_of
from convcost.engine.trace import traced_graph
from convcost.model import Shape, Unknown
from convcost.report import Report, Row


def counted(
    source: Any,
    input_shapes: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    imports: Sequence[str] = (),
    run_code: bool = True,
) -> Report:
    """The report of a file, of a factory (`package.module:build_model`) or of a live Keras model.

    Args:
        imports: modules to import first: they register custom classes.
        run_code: whether code that is in the file itself (a Lambda layer's) may run.

    Raises:
        ConvcostError: the model cannot be loaded, or a shape is missing.
        MeasureError: a framework is missing, or cannot trace the model.
    """
    with imported(imports, source) as modules:
        path = Path(source) if isinstance(source, str | Path) else None
        if path is not None and is_program(path):
            return _program(path, input_shapes, batch)
        model = live(source, modules, run_code)
        report = of_layers(model, str(model.name if path is None else path), input_shapes, batch)
        if path is not None and (path / PROGRAM).is_file() and not report.totals.complete:
            # Keras 2 revives a class that is not registered as saved functions, whose shapes are open.
            return _program(path, input_shapes, batch)
        return report


def _program(path: Path, input_shapes: Shape | Mapping[str, Shape] | None, batch: int) -> Report:
    from convcost.engine.program import counted_program

    return counted_program(path, input_shapes, batch)


def of_layers(model: Any, source: str, input_shapes: Shape | Mapping[str, Shape] | None, batch: int) -> Report:
    """The report of a live model, a row a layer."""
    tensorflow, _ = tensorflow_and_keras()
    keras = keras_of(model)
    traced = traced_graph(model, input_shapes, batch)
    rows, peak = rows_of(traced, keras, tensorflow)
    return Report(
        name=str(model.name),
        rows=rows,
        peak=peak,
        input_shapes=traced.inputs.shapes,
        batch=traced.inputs.batch,
        source=source,
        format=f"traced by {versions(keras)}",
        warnings=tuple(_warnings(source, rows, traced.inputs.batch, batch)),
    )


def _warnings(source: str, rows: Sequence[Row], traced: int, asked: int) -> list[str]:
    warnings = []
    if traced != asked:
        warnings.append(f"{source}: the model fixes a batch of {traced}: its counts are those of {traced} samples")
    silent = sum(isinstance(row.layer.rule, Unknown) and row.cost is not None for row in rows)
    if silent:
        warnings.append(
            f"{source}: FLOPs are lower bounds: in {silent} of {len(rows)} rows they are those of the MACs alone,"
            " since no rule describes what else the code computes"
        )
    return warnings
