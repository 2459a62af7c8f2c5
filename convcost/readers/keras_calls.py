"""The parts of a call, as the JSON graph has them: its arguments, and the tensors and shapes in them.

Keras 3 writes a call as {"args", "kwargs"} with `__keras_tensor__` records, Keras 2 as lists of [name, call, output] or
[name, call, output, {argument: value}].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convcost.model import OpenShape, Ref

Json = dict[str, Any]

MOST_CALLS = 1_000_000
MOST_OUTPUTS = 10_000


def arguments_of(node: Any, named: Sequence[str]) -> Iterator[tuple[str | None, Any]]:
    """The arguments of a call, each with its name where it has one."""
    if isinstance(node, dict):
        for place, value in enumerate(node.get("args") or ()):
            yield (named[place] if place < len(named) else None), value
        yield from (node.get("kwargs") or {}).items()
    elif isinstance(node, list):
        references = [node] if is_reference(node) else [one for one in node if isinstance(one, list)]
        for place, reference in enumerate(references):
            yield (named[place] if place < len(named) else None), reference
            if len(reference) == 4:
                yield from reference[3].items()


def bound(node: Any, signature: Sequence[str]) -> Json:
    """The arguments of an operation's call by name, in the order of its signature: see `BaseOp.arguments`."""
    if not isinstance(node, dict):
        return {}
    places = [name for name in signature if not name.startswith("*")]
    gathering = {name.count("*"): name.lstrip("*") for name in signature if name.startswith("*")}
    args, keywords = list(node.get("args") or ()), dict(node.get("kwargs") or {})
    bound = dict(zip(places, args, strict=False))
    bound |= {name: keywords.pop(name) for name in places if name in keywords}
    if len(args) > len(places):
        bound[gathering.get(1, "")] = args[len(places) :]
    return bound | ({gathering[2]: keywords} if 2 in gathering else keywords)


def without_tensors(value: Any) -> Any:
    """An argument with None for each tensor in it."""
    if isinstance(value, list):
        return [without_tensors(one) for one in value]
    return None if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__" else value


def ref_to(layer: str, call: int, output: int) -> Ref:
    """Raises ValueError where a file has another kind of thing, or a number that cannot be meant."""
    if not isinstance(layer, str) or not 0 <= call <= MOST_CALLS or not 0 <= output <= MOST_OUTPUTS:
        raise ValueError(f"a tensor of layer {layer!r}, call {call}, output {output}")
    return Ref(layer, int(call), int(output))


def is_reference(value: Sequence[Any]) -> bool:
    """[name, call, output] or [name, call, output, kwargs]."""
    return (
        3 <= len(value) <= 4
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
        and (len(value) == 3 or isinstance(value[3], dict))
    )


def open_shape(value: Any) -> OpenShape | None:
    """A shape as a file records it; None where it is none."""
    if not isinstance(value, list):
        return None
    return tuple(value) if all(size is None or (type(size) is int and size >= 0) for size in value) else None
