"""LiteRT, as its own package or as part of TensorFlow, and the interpreter that it runs `.tflite` files with."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convcost.errors import MeasureError

RUNTIMES = ("ai_edge_litert", "tensorflow")
"""The modules that have an interpreter. The first that is installed runs: TensorFlow is about to drop its own."""


def runtime() -> tuple[Any, str]:
    """The class of the interpreter, and what it is called. Raises MeasureError where there is none."""
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, f"LiteRT {_version('ai-edge-litert')}"
    except ImportError:
        pass
    try:
        import tensorflow

        return tensorflow.lite.Interpreter, f"LiteRT of TensorFlow {tensorflow.__version__}"
    except ImportError:
        raise MeasureError(
            "this needs LiteRT: pip install 'convcost[litert]' to run .tflite files,"
            " 'convcost[tensorflow]' to convert other models too"
        ) from None


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def loaded(path: Path, threads: int) -> Callable[[], None]:
    """What runs a `.tflite` file once, on random inputs, with XNNPACK where it takes an operator.

    Raises what the interpreter raises, where it does not end the process.
    """
    import numpy as np

    interpreter_class, _ = runtime()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow says that its interpreter is about to go
        interpreter = interpreter_class(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    draw = np.random.default_rng(0)
    for tensor in interpreter.get_input_details():
        values = draw.random(tensor["shape"], dtype=np.float32)
        if np.issubdtype(tensor["dtype"], np.integer):
            values = values * np.iinfo(np.int8).max
        interpreter.set_tensor(tensor["index"], values.astype(tensor["dtype"]))
    run: Callable[[], None] = interpreter.invoke
    return run
