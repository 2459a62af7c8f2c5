"""A Model as a spec that people read: defaults told once, repeats folded, all that Keras takes anyway left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.layers import find
from convcost.layers.passing import InputLayer
from convcost.model import FLOAT32, Layer, Model
from convcost.writers.spec_blocks import merged
from convcost.writers.spec_items import INPUT, OPERATION, Item, Items
from convcost.writers.yaml_text import quoted

LONGEST_PERIOD = 32
"""Items that a folded repeat has at most."""
BESIDE = ("with", "name", "from", "trainable", "dtype")
"""The order of what stands beside an item."""
MOST_NUMBERS = 1000
"""Numbers that a constant among the settings has at most."""

_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_NO_TEXTS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML readers take for something else, in any case of their letters."""


def text_of(model: Model) -> str:
    """The spec of a model. Raises ConvcostError, with the layer's name, where a spec cannot say it."""
    told = Items(model)
    blocks, items = merged(told.blocks, told.items)
    lists = [items, *(block.items for block in blocks.values())]
    defaults = _defaults([leaf for one in lists for leaf in _leaves(one)])
    lines = ["convcost: 1", f"name: {_scalar(model.name)}", *_inputs(told.inputs, model)]
    if told.policy != FLOAT32:
        lines.append(f"dtype: {told.policy.name}")
    if defaults:
        lines += ["defaults:", *(f"  {kind}: {flow(settings)}" for kind, settings in defaults.items())]
    if blocks:
        lines.append("blocks:")
        for name, block in blocks.items():
            lines.append(f"  {_scalar(name)}:")
            if block.parameters:
                lines.append(f"    parameters: {flow(dict.fromkeys(block.parameters))}")
            if block.inputs != [INPUT]:
                lines.append(f"    inputs: {flow(block.inputs)}")
            lines += ["    layers:", *_listed(folded(block.items), "      ")]
            if block.outputs is not None:
                lines.append(f"    outputs: {flow(block.outputs)}")
    lines += ["layers:", *_listed(folded(items), "  ")]
    if told.outputs is not None:
        lines.append(f"outputs: {flow(told.outputs)}")
    return "\n".join(lines) + "\n"


def _inputs(inputs: Mapping[str, Layer], model: Model) -> Iterator[str]:
    shapes = {}
    for name, layer in inputs.items():
        rule = layer.rule
        if not isinstance(rule, InputLayer) or rule.batch_shape is None:
            raise ConvcostError(f"{model.source or model.name}: input {layer.name!r} has no shape, which a spec tells")
        shape = list(rule.batch_shape[1:])
        shapes[name] = shape if layer.policy == FLOAT32 else {"shape": shape, "dtype": layer.policy.name}
    if list(shapes) == [INPUT]:
        yield f"input: {flow(shapes[INPUT])}"
    else:
        yield "inputs:"
        for name, told in shapes.items():
            yield f"  {_scalar(name)}: {flow(told)}"


def _leaves(items: Sequence[Item]) -> Iterator[Item]:
    """The layers among items, and those that they hold."""
    for item in items:
        if isinstance(item.value, dict):
            yield item
            for value in item.value.values():
                held = value if isinstance(value, list) else [value]
                yield from _leaves([one for one in held if isinstance(one, Item)])


def _defaults(leaves: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """The settings that all layers of a kind share, taken out of the items; of kinds that are there twice or more."""
    by_kind: dict[str, list[Item]] = {}
    for item in leaves:
        by_kind.setdefault(item.subject, []).append(item)
    defaults = {}
    for kind, items in by_kind.items():
        optional = _optional(kind) if len(items) > 1 else set()
        shared = {
            setting: value
            for setting, value in items[0].value.items()
            if setting in optional and all(setting in item.value and item.value[setting] == value for item in items)
        }
        if shared:
            defaults[kind] = shared
            for item in items:
                item.value = {setting: value for setting, value in item.value.items() if setting not in shared}
    return defaults


def _optional(kind: str) -> set[str]:
    """The settings of a kind that need not be given, and hold no layers."""
    module = "keras.ops" if kind.startswith(OPERATION) else None
    record = find(kind.removeprefix(OPERATION), module)
    assert record is not None
    fields = msgspec.structs.fields(record)
    return {field.encode_name for field in fields if not field.required and field.encode_name not in record.inner}


def folded(items: Sequence[Item]) -> list[Item]:
    """Items with runs of equal ones written as a repeat; such items have no names."""
    result: list[Item] = []
    at = 0
    while at < len(items):
        saved, period, times = max(_runs(items, at), default=(0, -1, 1))
        period = -period  # of equal savings, the shorter one
        if saved:
            result.append(Item("repeat", times, {"layers": list(items[at : at + period])}))
            at += period * times
        else:
            result.append(items[at])
            at += 1
    return result


def _runs(items: Sequence[Item], at: int) -> Iterator[tuple[int, int, int]]:
    """The repeats that could start here: how many lines they save, minus how many items they have, and how often.

    One that saves a line alone, as two of a kind, is not worth it.
    """
    for period in range(1, min(LONGEST_PERIOD, (len(items) - at) // 2) + 1):
        if "name" in items[at + period - 1].beside:
            return
        times = 1
        first = items[at : at + period]
        while items[at + times * period : at + (times + 1) * period] == first:
            times += 1
        saved = period * (times - 1) - 2
        if times > 1 and saved > 0:
            yield saved, -period, times


def _listed(items: Sequence[Item], indent: str) -> Iterator[str]:
    """The lines of a list of items."""
    for item in items:
        beside = dict(item.beside)
        layers = beside.pop("layers", None)
        settings = item.value if isinstance(item.value, dict) else None
        if settings is None:
            yield f"{indent}- {item.subject}: {_scalar(item.value)}"
        elif settings:
            yield f"{indent}- {item.subject}: {flow(settings)}"
        else:
            yield f"{indent}- {item.subject}{':' if beside else ''}"
        for key, value in sorted(beside.items(), key=lambda one: BESIDE.index(one[0])):
            yield f"{indent}  {key}: {flow(value)}"
        if layers is not None:
            yield f"{indent}  layers:"
            yield from _listed(layers, f"{indent}    ")


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Item):
        inside = value.value if isinstance(value.value, dict) else None
        if inside == {} and not value.beside:
            return value.subject
        return flow({value.subject: value.value, **value.beside})
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        if len(value) > MOST_NUMBERS:
            raise ConvcostError(f"a constant has {len(value):,} numbers, a spec at most {MOST_NUMBERS:,}")
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A scalar that every YAML reader takes for the same."""
    if isinstance(value, str):
        plain = _WORD.fullmatch(value) and value.lower() not in _NO_TEXTS
        return value if plain else quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        raise ConvcostError(f"a setting is {value}, which a spec cannot say")
    return repr(value)
