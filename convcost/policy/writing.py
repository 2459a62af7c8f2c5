"""The policy that `convcost init` writes: the counts of today and some headroom, in round numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from convcost.budget.figures import Figures
from convcost.budget.metrics import OF_MODEL
from convcost.budget.quantities import rounded_up
from convcost.model import Shape
from convcost.units import size
from convcost.writers.yaml_text import quoted

LIMITED = ("macs", "params", "weight_bytes", "peak_activation_bytes")
_PLAIN = re.compile(r"(?:\.\.?/)*[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


class Entry(msgspec.Struct, frozen=True):
    """A model of the policy."""

    name: str
    source: str
    figures: Figures
    input_shape: Mapping[str, Shape] = {}
    parameters: Mapping[str, Any] = {}


def distinct_names(files: Sequence[Path]) -> list[str]:
    """A name for each file: its stem, or its whole path where two have the same stem."""
    stems = [file.stem for file in files]
    return [stem if stems.count(stem) == 1 else file.as_posix() for stem, file in zip(stems, files, strict=True)]


def policy_text(entries: Sequence[Entry], headroom: Fraction, batch: int = 1) -> str:
    """The text of a policy file."""
    return "\n".join(_lines(entries, headroom, batch)) + "\n"


def _lines(entries: Sequence[Entry], headroom: Fraction, batch: int) -> Iterator[str]:
    percent = f"{float(100 * headroom):g}%"
    yield f"# What the models may cost: the counts of the day it was written and {percent} on top, rounded up."
    yield "# `convcost check` compares; docs/ci.md tells what else a rule can say."
    yield "version: 1"
    if batch != 1:
        yield f"defaults: {{batch: {batch}}}"
    yield "models:"
    for entry in entries:
        yield from _entry(entry, headroom)


def _entry(entry: Entry, headroom: Fraction) -> Iterator[str]:
    yield f"  {_text(entry.name)}:"
    yield f"    source: {_text(entry.source)}"
    shapes = {name: "x".join(map(str, shape)) for name, shape in entry.input_shape.items()}
    if list(shapes) == [""]:
        yield f"    input_shape: {shapes['']}"
    elif shapes:
        yield f"    input_shape: {{{', '.join(f'{_text(name)}: {shape}' for name, shape in shapes.items())}}}"
    if entry.parameters:
        given = ", ".join(f"{_text(name)}: {_value(value)}" for name, value in entry.parameters.items())
        yield f"    set: {{{given}}}"
    yield "    budget:"
    for name in LIMITED:
        unit = OF_MODEL[name].unit
        value = entry.figures.values[name]
        least = "at least " if name in entry.figures.at_least else ""
        exact = f"{value:,}" if unit == "count" else size(value, raw=True)
        yield f"      {name}: {{max: {rounded_up(value, headroom, unit)}}}  # {least}{exact}"
    if entry.figures.uncounted:
        yield "    allow_uncounted:  # nobody knows what these cost"
        for layer in entry.figures.uncounted:
            yield f"      - {_text(layer.path)}"


def _value(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """A text that YAML reads back as it is."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)
