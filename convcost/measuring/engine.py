"""What converts models and times files, and models that go through it together."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from convcost.errors import ConvcostError, MeasureError
from convcost.measuring.timing import Outcome, Pace, Timed
from convcost.model import Model, Shape
from convcost.telling import Tell

DTYPES = ("float32", "int8")
"""What a model can be converted to."""


class Engine(Protocol):
    """What measures: `convcost.measuring.litert`, or what tests put in its place."""

    def converted(self, model: Model, shapes: Mapping[str, Shape], dtype: str) -> bytes: ...

    def timed(self, files: Mapping[str, Path], pace: Pace, threads: int, tell: Tell | None) -> Timed: ...

    def processor(self) -> str: ...


class Wanted(NamedTuple):
    """A model to convert: for inputs of these shapes, to this dtype."""

    model: Model
    shapes: Mapping[str, Shape]
    dtype: str


def timed_models(
    wanted: Mapping[str, Wanted], pace: Pace, threads: int, engine: Engine, tell: Tell | None = None
) -> Timed:
    """What came of models, all of them in the same rounds: their times, or why they could not be converted.

    Raises MeasureError where none could be.
    """
    files: dict[str, Path] = {}
    problems: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        for place, (name, one) in enumerate(wanted.items()):
            if tell:
                tell(place, len(wanted), f"converting {name}")
            file = Path(folder) / f"{place}.tflite"
            try:
                file.write_bytes(engine.converted(one.model, one.shapes, one.dtype))
            except ConvcostError as error:
                problems[name] = Outcome(problem=str(error))
            else:
                files[name] = file
        if not files:
            raise MeasureError(next(iter(problems.values())).problem)
        timed = engine.timed(files, pace, threads, tell)
    return Timed({**problems, **timed.outcomes}, timed.runtime, timed.interrupted)
