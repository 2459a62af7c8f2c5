"""JSON as Keras writes it -> Model. Keras writes Python's dialect, where a constant may be NaN or Infinity."""

from __future__ import annotations

from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.readers.keras_config import entry_kind, is_graph, model_of

LARGEST_GRAPH = 256 * 10**6
"""Bytes of JSON, uncompressed."""

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What comes of a graph in which a number stands for a list, a name is missing, and the like."""


def model_in(text: str | bytes, source: str, file_format: str) -> Model:
    """The model that a JSON text describes. Raises ConvcostError where it describes none."""
    if len(text) > LARGEST_GRAPH:
        raise ConvcostError(f"{source}: the model's JSON has {len(text):,} bytes, allowed: {LARGEST_GRAPH:,}")
    try:
        entry = decoded(text)
    except RecursionError:
        raise ConvcostError(f"{source}: the model's JSON is nested too deep") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise ConvcostError(f"{source}: the model's JSON is no object that Keras writes: {error}") from None
    return model_from(entry, source, file_format)


def model_from(entry: dict[str, Any], source: str, file_format: str) -> Model:
    """The model in decoded JSON. Raises ConvcostError where it is none."""
    if not isinstance(entry.get("class_name"), str) or "config" not in entry:
        raise ConvcostError(f"{source}: no model that Keras writes: it has no class_name or no config")
    try:
        if not is_graph(entry) and entry_kind(entry)[0] is not None:
            raise ConvcostError(f"{source}: a {entry['class_name']} is a layer, allowed: a model")
        model = model_of(entry, source)
    except RecursionError:
        raise ConvcostError(f"{source}: the model's JSON is nested too deep") from None
    except MALFORMED as error:
        raise ConvcostError(
            f"{source}: the graph is not one that Keras writes ({type(error).__name__}: {error})"
        ) from None
    return msgspec.structs.replace(model, format=file_format)


def decoded(text: str | bytes) -> dict[str, Any]:
    """The object in `text`. Raises msgspec.DecodeError where it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as strict:
        import json

        try:
            return msgspec.convert(json.loads(text), dict[str, Any])
        except ValueError:
            raise strict from None
