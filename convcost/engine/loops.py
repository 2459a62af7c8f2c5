"""How often a While operation of a TensorFlow graph runs its body, from the constants of its condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convcost.errors import MeasureError
from convcost.layers.arithmetic import ceil_div

COMPARISONS = {"Less": 0, "LessEqual": 1}
"""The comparisons of a counter with its limit that keep a loop going, and what each adds to the limit."""


def trip_count(loop: Any, condition: Any, body: Any, static_value: Any) -> int:
    """Runs of `body`, for a condition such as `time < 10 and counter < maximum`: the first comparison to fail ends it.

    `condition` and `body` are the graphs of the loop's functions, `static_value` is `tf.get_static_value`. A comparison
    with what only data tell is left out, so a loop that may stop early counts in full. Raises MeasureError where no
    comparison tells.
    """

    def on_entry(tensor: Any) -> int | None:
        """What a tensor of the condition is at first, where the graph tells."""
        place = _place(tensor, condition.inputs)
        known = _known(tensor if place is None else loop.inputs[place], static_value)
        return None if known is None else int(known)

    counts = []
    for comparison in _comparisons(condition.outputs[0]):
        counter, limit = comparison.inputs
        start, stop = on_entry(counter), on_entry(limit)
        step = _step(body, _place(counter, condition.inputs), static_value)
        fixed = _step(body, _place(limit, condition.inputs), static_value) == 0
        if start is not None and stop is not None and step is not None and step > 0 and fixed:
            counts.append(max(0, ceil_div(stop + COMPARISONS[comparison.type] - start, step)))
    if not counts:
        raise MeasureError(f"loop {loop.name!r}: how often it runs is not in the traced graph")
    return min(counts)


def _known(tensor: Any, static_value: Any) -> Any:
    """The value of a tensor that is constant; also where it is one entry of a constant vector (a shape)."""
    value = static_value(tensor)
    if value is None and tensor.op.type == "StridedSlice" and tensor.shape.rank == 0:
        vector, first = (static_value(read) for read in tensor.op.inputs[:2])
        if vector is not None and first is not None and vector.ndim == 1:
            return vector[first[0]]
    return value


def _comparisons(tensor: Any) -> Iterator[Any]:
    """The comparisons that must all hold for a loop to go on."""
    operation = _passed_on(tensor).op
    if operation.type == "LogicalAnd":
        for part in operation.inputs:
            yield from _comparisons(part)
    elif operation.type in COMPARISONS:
        yield operation


def _step(body: Any, place: int | None, static_value: Any) -> int | None:
    """What each run adds to the loop variable at `place`: 0 if it is none, None where the body does anything else."""
    if place is None:
        return 0
    after = _passed_on(body.outputs[place])
    if _place(after, body.inputs) == place:
        return 0
    if after.op.type in ("Add", "AddV2"):
        left, right = after.op.inputs
        for variable, added in ((left, right), (right, left)):
            step = static_value(added)
            if _place(variable, body.inputs) == place and step is not None:
                return int(step)
    return None


def _passed_on(tensor: Any) -> Any:
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _place(tensor: Any, tensors: Any) -> int | None:
    """Where `tensor` stands among `tensors`. (`==` compares a graph's tensors by their values.)"""
    return next((place for place, one in enumerate(tensors) if one is tensor), None)
