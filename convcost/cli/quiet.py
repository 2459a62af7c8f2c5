"""Keep what a framework and the code of a model print away from results and messages."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout


@contextmanager
def quiet() -> Iterator[None]:
    """Drop all that is printed meanwhile, by Python or below it; under `--debug` it all goes to stderr.

    TensorFlow logs from C++ before it can be told not to, Keras warns, and models print.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ.get("CONVCOST_DEBUG"):
        with redirect_stdout(sys.stderr):
            yield
        return
    # Handlers of logging keep the stream that they find: it is never closed.
    with _dropped(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


@contextmanager
def _dropped() -> Iterator[None]:
    """The process's own stdout and stderr lead nowhere."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        for number in kept:
            os.dup2(nowhere, number)
        yield
    finally:
        for number, file in kept.items():
            os.dup2(file, number)
            os.close(file)
        os.close(nowhere)
