"""`.tflite`: FlatBuffers of operators and tensors, as LiteRT and TensorFlow Lite Micro run them.

Nothing is imported before such a file is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.model import Model

MARK = b"TFL3"

FILES = ".tflite files"


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix == ".tflite" or head[4:8] == MARK


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in a file. Raises ConvcostError where it is damaged."""
    from convcost.readers.tflite.graph import read_graph
    from convcost.readers.tflite.layers import model_of

    return model_of(read_graph(path), str(path))
