"""The JSON Schema of a spec, put together from the kinds, so that an editor completes and checks a spec.

It allows more than the reader does: that a name exists or an expression can be computed only the reader knows.
"""

from __future__ import annotations

from typing import Any

import msgspec

from convcost.layers import every_kind, every_operation
from convcost.layers.base import IGNORED, IGNORED_ENDINGS, Kind
from convcost.model import DTYPE_BITS

Schema = dict[str, Any]

EXPRESSION: Schema = {"type": "string", "minLength": 1, "description": "An expression or a parameter."}
PARAMETER: Schema = {"type": "string", "pattern": r"^[A-Za-z_]\w*$", "description": "A parameter."}
NAME: Schema = {"type": ["string", "number", "boolean"]}
VALUE: Schema = {"type": ["string", "number", "boolean", "null", "array"]}
READS: Schema = {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}
OPERATION = "ops."
DTYPE: Schema = {"anyOf": [{"enum": [*DTYPE_BITS, "mixed_float16", "mixed_bfloat16", "string"]}, PARAMETER]}
TRAINABLE: Schema = {"anyOf": [{"type": "boolean"}, PARAMETER]}


def spec_schema() -> Schema:
    """The schema, as a dict that is ready for JSON."""
    kinds = {name: kind for name, kind in every_kind().items() if name != "InputLayer"}
    definitions = {name: _settings(kind) for name, kind in kinds.items()}
    items = {name: _ref(name) for name in kinds}
    items |= {f"{OPERATION}{name}": _ref("operation") for name in every_operation()}
    definitions |= {
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1},
        "layer": {"anyOf": [{"enum": list(items)}, _layer(items)]},
        "operation": {"type": ["object", "null"], "description": "The arguments of an operation that are no tensors."},
        "item": {"anyOf": [_ref("layer"), _block_use(), _repeat(), _call()]},
        "inner": {"anyOf": [{"type": "null"}, _ref("layer"), _block_use()]},
        "block": _object(
            {"parameters": _parameters(), "inputs": _names(), "layers": _ref("items"), "outputs": READS}, "layers"
        ),
        "shape": {"type": "array", "items": {"anyOf": [_positive(), EXPRESSION, {"type": "null"}]}},
        "input": {"anyOf": [_ref("shape"), _object({"shape": _ref("shape"), "dtype": DTYPE}, "shape")]},
    }
    top: Schema = {
        "convcost": {"const": 1, "description": "Version of the format."},
        "name": NAME,
        "source": NAME,
        "parameters": _parameters(),
        "input": _ref("input"),
        "inputs": _mapping(_ref("input")),
        "dtype": DTYPE,
        "defaults": _object(items),
        "blocks": _mapping(_ref("block")),
        "layers": _ref("items"),
        "outputs": READS,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "convcost spec",
        **_object(top, "convcost", "layers"),
        "oneOf": [{"required": ["input"]}, {"required": ["inputs"]}],
        "$defs": definitions,
    }


def _layer(kinds: Schema) -> Schema:
    """An item with exactly one kind."""
    beside = {"name": NAME, "from": READS, "trainable": TRAINABLE, "dtype": DTYPE}
    return {
        **_object({**kinds, **beside}),
        "oneOf": [{"required": [name]} for name in kinds],
        "maxProperties": 1 + len(beside),
    }


def _block_use() -> Schema:
    properties = {"block": NAME, "with": _mapping(VALUE), "name": NAME, "from": READS}
    return _object({**properties, "trainable": TRAINABLE, "dtype": DTYPE}, "block")


def _repeat() -> Schema:
    times = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
    return _object({"repeat": times, "layers": _ref("items"), "name": NAME, "from": NAME}, "repeat", "layers")


def _call() -> Schema:
    return _object({"call": NAME, "name": NAME, "from": READS}, "call")


def _settings(kind: type[Kind]) -> Schema:
    """The settings of a kind; none is required, since `defaults` may hold it."""
    properties: Schema = dict.fromkeys(sorted(IGNORED), True)
    properties |= {"name": NAME, "trainable": TRAINABLE, "dtype": DTYPE}
    for field in msgspec.structs.fields(kind):
        setting = field.encode_name
        if setting in kind.inner:
            properties[setting] = {"anyOf": [_ref("inner"), {"type": "array", "items": _ref("inner")}]}
        else:
            (schema,), _ = msgspec.json.schema_components([field.type])
            properties[setting] = _widened(schema)
            if isinstance(field.default, bool | int | float | str):
                properties[setting]["default"] = field.default
    schema = {
        **_object(properties),
        "type": ["object", "null"],
        "patternProperties": {f"{ending}$": True for ending in IGNORED_ENDINGS},
    }
    if kind.__doc__ and kind.__doc__ != Kind.__doc__:
        schema["description"] = " ".join(kind.__doc__.split())
    return schema


def _widened(schema: Schema) -> Schema:
    """`schema`, allowing an expression where it wants a number, and a parameter where it wants something else."""
    options = [_widened_items(one) for one in schema.get("anyOf", [schema])]
    types = {one.get("type") for one in options}
    if types & {"integer", "number"}:
        options.append(EXPRESSION)
    elif "string" not in types and {} not in options:
        options.append(PARAMETER)
    return {"anyOf": options}


def _widened_items(schema: Schema) -> Schema:
    """A list whose items are widened; other schemas as they are."""
    if isinstance(schema.get("prefixItems"), list):
        return {**schema, "prefixItems": [_widened(one) for one in schema["prefixItems"]]}
    if isinstance(schema.get("items"), dict):
        return {**schema, "items": _widened(schema["items"])}
    return schema


def _object(properties: Schema, *required: str) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _parameters() -> Schema:
    return {**_mapping(VALUE), "propertyNames": {"pattern": r"^[A-Za-z_]\w*$"}}


def _names() -> Schema:
    return {"type": "array", "items": NAME, "minItems": 1}


def _positive() -> Schema:
    return {"type": "integer", "minimum": 1}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
