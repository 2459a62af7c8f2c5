"""Our report of a model beside what the framework that wrote it has and multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convcost.engine.counting import of_layers
from convcost.engine.differences import DIFFERENCES
from convcost.engine.framework import keras_of, versions
from convcost.engine.loading import imported, live
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.verification import Verification, verified


def verification(
    model: Model, source: Any, input_shapes: Mapping[str, Shape] | None = None, imports: Sequence[str] = ()
) -> Verification:
    """Compare what the rules say of `model` with what its framework says of `source`: the file, or the live model.

    Raises ConvcostError or MeasureError where the model cannot be loaded, traced or profiled.
    """
    shapes = input_shapes if model.inputs else None
    ours = profile(model, shapes)
    with imported(imports) as modules:
        loaded = live(source, modules, run_code=False)
        told = str(source) if isinstance(source, str | Path) else str(loaded.name)
        theirs = of_layers(loaded, told, input_shapes, batch=1)
    if theirs.batch != ours.batch:
        ours = profile(model, shapes, theirs.batch)
    return verified(ours, theirs, versions(keras_of(loaded)), DIFFERENCES)
