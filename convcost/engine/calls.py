"""The calls of layers and operations that Keras makes while TensorFlow traces a model, in the order of their start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCOPE = "convcost>"
"""How the name scope of every traced call begins; a number follows."""


class Call:
    """One call: of which layer or operation, inside which other call, with what, and what came out."""

    def __init__(self, operation: Any, around: Call | None, args: Any, kwargs: Any) -> None:
        self.operation = operation
        self.around = around
        self.args, self.kwargs = args, kwargs
        self.outputs: Any = None
        self.path: str = ""
        """Names from the model's layers down; "" for the model itself."""
        if around is not None:
            self.path = f"{around.path}/{operation.name}" if around.path else operation.name


class Calls:
    """All calls of one trace, and the path of the layer of each name scope that stands for a call."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.paths: dict[str, str] = {}
        self.running: list[Call] = []

    @property
    def last(self) -> list[Call]:
        """The last call of a model and those inside it: TensorFlow traces again what makes variables at first."""
        outermost = [place for place, call in enumerate(self.made) if call.around is None]
        return self.made[outermost[-1] :]

    def start(self, operation: Any, args: Any, kwargs: Any) -> str:
        """Note a call; returns the name of its scope."""
        call = Call(operation, self.running[-1] if self.running else None, args, kwargs)
        scope = f"{SCOPE}{len(self.made)}"
        self.made.append(call)
        self.paths[scope] = call.path
        self.running.append(call)
        return scope

    def end(self, outputs: Any) -> None:
        self.running.pop().outputs = outputs


@contextmanager
def recorded(tensorflow: Any, keras: Any) -> Iterator[Calls]:
    """Give every call of a layer or operation a name scope of its own, and note it, as long as the context lasts.

    Keras names scopes too, but a second call of `conv` is `conv_1`, which may be the name of another layer, and
    operations such as `keras.ops.matmul` get no scope at all.
    """
    called = getattr(keras, "Operation", keras.layers.Layer)  # Keras 2 has nothing above a layer
    original = called.__call__
    calls = Calls()

    def noted(operation: Any, *args: Any, **kwargs: Any) -> Any:
        scope = calls.start(operation, args, kwargs)
        outputs = None
        try:
            with tensorflow.name_scope(scope):
                outputs = original(operation, *args, **kwargs)
        finally:
            calls.end(outputs)
        return outputs

    called.__call__ = noted
    try:
        yield calls
    finally:
        called.__call__ = original
