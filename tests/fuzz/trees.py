"""Values as JSON and YAML have them, with some exchanged, moved, doubled or left out."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

TENSOR = {"class_name": "__keras_tensor__", "config": {"keras_history": ["image", 0, 0], "shape": [None, 4]}}
NUMBERS: list[Any] = [
    *(0, 1, -1, 2, 3, 7, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**63, 2**64, 10**18, 10**19, 10**30, 10**400),
    *(0.0, -0.0, 0.5, 1.5, -1.5, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")),
]
TEXTS = [
    *("", " ", "x", "a/b", "/", "..", "../../a", "\0", "\n", "\x1b[31m", "\ud800", "\u202e", "ä", "💥", "a" * 300),
    *("channels_first", "same", "valid", "causal", "relu", "linear", "float16", "mixed_float16", "string", "int4/128"),
    *("keras.layers", "keras.ops", "keras.src.ops.numpy", "os", "builtins", "__lambda__", "_CONSTANT_VALUE"),
    *("Conv2D", "Dense", "Sequential", "Functional", "Bidirectional", "TimeDistributed", "Lambda", "Reshape", "Einsum"),
    *("alpha", "2 * alpha", "9**9**9", "1/0", "separable(m=2)", "1k", "5 MiB", "2%", "224x224x3", "**"),
]
OTHERS: list[Any] = [
    *(None, True, False, [], {}, [[]], [None], [[[[]]]], ["image", 0, 0], ["image", 0, 0, {}], ["image", 10**9, 0]),
    *(TENSOR, {"class_name": "__keras_tensor__"}, {"class_name": "__numpy__", "config": {"value": [1]}}),
    {"class_name": "__slice__", "config": {"start": None, "stop": -1, "step": 0}},
    {"class_name": "Dense", "config": {"units": 3}},
    {"class_name": "Sequential", "config": {"name": "inner", "layers": []}},
]
Path = tuple[Any, ...]


def mutated_tree(root: Any, chance: Random) -> Any:
    """`root`, which may be changed, after one to four mutations."""
    holder = [root]
    for _ in range(chance.randint(1, 4)):
        places = list(_places(holder))
        chance.choice(MUTATIONS)(holder, chance.choice(places), chance.choice(places), chance)
    return holder[0]


def mutated_json(text: bytes, chance: Random) -> bytes | None:
    """JSON with other values in it; None where `text` is none."""
    try:
        root = json.loads(text)
        return json.dumps(mutated_tree(root, chance)).encode()
    except (ValueError, RecursionError):
        return None


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every value within."""
    if path:
        yield path
    for key, held in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(held, (*path, key))


def _holder(root: Any, path: Path) -> tuple[Any, Any]:
    for key in path[:-1]:
        root = root[key]
    return root, path[-1]


def _at(root: Any, path: Path) -> Any:
    holder, key = _holder(root, path)
    return holder[key]


def _exchange(root: Any, path: Path, _other: Path, chance: Random) -> None:
    holder, key = _holder(root, path)
    holder[key] = copy.deepcopy(chance.choice(chance.choice((NUMBERS, TEXTS, OTHERS))))


def _like(root: Any, path: Path, _other: Path, chance: Random) -> None:
    """Another value of the same type."""
    holder, key = _holder(root, path)
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int | float):
        holder[key] = chance.choice((*NUMBERS, value + 1, value - 1, value * 2))
    elif isinstance(value, str):
        holder[key] = chance.choice((*TEXTS, value + value, value[:-1], value.upper(), value + "/" + value))
    else:
        holder[key] = copy.deepcopy(chance.choice(OTHERS))


def _leave_out(root: Any, path: Path, _other: Path, _chance: Random) -> None:
    holder, key = _holder(root, path)
    if holder is not root:
        del holder[key]


def _copy(root: Any, path: Path, other: Path, _chance: Random) -> None:
    holder, key = _holder(root, path)
    holder[key] = copy.deepcopy(_at(root, other))


def _swap(root: Any, path: Path, other: Path, _chance: Random) -> None:
    if path[: len(other)] == other or other[: len(path)] == path:
        return
    (one, here), (two, there) = _holder(root, path), _holder(root, other)
    one[here], two[there] = two[there], one[here]


def _repeat(root: Any, path: Path, _other: Path, chance: Random) -> None:
    holder, key = _holder(root, path)
    times = chance.choice((1, 1, 2, 30))
    if isinstance(holder, list) and holder is not root:
        holder[key:key] = [copy.deepcopy(holder[key]) for _ in range(times)]
    elif isinstance(holder, dict):
        holder[chance.choice(TEXTS)] = copy.deepcopy(holder[key])


def _wrap(root: Any, path: Path, _other: Path, chance: Random) -> None:
    holder, key = _holder(root, path)
    for _ in range(chance.choice((1, 1, 1, 40))):
        holder[key] = [holder[key]] if chance.random() < 0.6 else {"config": holder[key]}


def _rename(root: Any, path: Path, other: Path, chance: Random) -> None:
    holder, key = _holder(root, path)
    if isinstance(holder, dict):
        name = other[-1] if isinstance(other[-1], str) else chance.choice(TEXTS)
        holder[name] = holder.pop(key)


MUTATIONS = (_exchange, _exchange, _like, _like, _like, _leave_out, _copy, _swap, _repeat, _wrap, _rename)
