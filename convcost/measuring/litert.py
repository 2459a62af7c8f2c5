"""LiteRT on this machine: converts models, and times files. The `Engine` that measures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from convcost.engine.build import built
from convcost.engine.machine import processor
from convcost.engine.timing import timed
from convcost.errors import ConvcostError, MeasureError
from convcost.measuring.timing import Pace, Timed
from convcost.memory.footprint import with_dtype
from convcost.model import Model, Shape
from convcost.sizing import sized
from convcost.telling import Tell
from convcost.writers.keras_graph import model_entry


class LiteRt:
    """Rebuilds models with Keras, converts them with TensorFlow, runs them in a process of their own."""

    def converted(self, model: Model, shapes: Mapping[str, Shape], dtype: str) -> bytes:
        """The `.tflite` file of a model, rebuilt from its layers: code that a file brings does not run.

        Raises MeasureError where a layer cannot be made or converted, or TensorFlow is missing.
        """
        from convcost.engine.conversion import converted_live

        try:
            plain = sized(with_dtype(model, "float32"))
            live = built(model_entry(plain, model.name), model.source or model.name)
        except MeasureError:
            raise
        except ConvcostError as error:
            raise MeasureError(f"cannot be measured: {error}") from error
        return converted_live(live, model.source or model.name, shapes, dtype=dtype)

    def timed(self, files: Mapping[str, Path], pace: Pace, threads: int, tell: Tell | None = None) -> Timed:
        return timed(files, pace, threads, tell)

    def processor(self) -> str:
        return processor()
