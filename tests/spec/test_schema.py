"""The JSON Schema: what the project ships is valid, what the reader refuses for its form is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from convcost.layers import every_kind, every_operation
from convcost.spec_schema import spec_schema

ROOT = Path(__file__).parents[2]
SCHEMA = spec_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
TOP = {"convcost": 1, "input": [8, 8, 3]}


def test_it_is_a_schema_and_plain_json() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_it_has_every_kind_but_the_input() -> None:
    assert set(every_kind()) - set(SCHEMA["$defs"]) == {"InputLayer"}


def test_it_has_every_operation() -> None:
    assert {f"ops.{name}" for name in every_operation()} < set(SCHEMA["properties"]["defaults"]["properties"])


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_is_valid(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "item",
    [
        "ReLU",
        {"ReLU": None},
        {"Conv2D": {"filters": "32 * alpha", "kernel_size": [3, "k"], "kernel_initializer": "zeros"}, "name": "a"},
        {"Conv2D": {"filters": 8, "kernel_size": 3, "use_bias": "bias", "padding": "padding"}, "from": ["a", "b"]},
        {"Dense": {"units": 3, "name": "a", "trainable": False, "dtype": "float16"}},
        {"Add": None, "from": "a", "trainable": True, "dtype": "mixed_float16"},
        {"TimeDistributed": {"layer": {"Dense": {"units": 3}}}},
        {"TimeDistributed": {"layer": "Flatten"}},
        {"Reshape": {"target_shape": [-1, "n"]}},
        {"block": "a", "with": {"filters": "32 * alpha", "same": True}, "name": "b", "from": ["x", "y"]},
        {"repeat": "depth - 1", "layers": [{"block": "a"}], "name": "b", "from": "x"},
        {"call": "a", "name": "b", "from": ["x", "y"]},
        {"ops.Mean": {"axis": [1, 2], "keepdims": True}, "name": "a", "from": "b"},
        "ops.Add",
    ],
    ids=str,
)
def test_valid_items(item: Any) -> None:
    VALIDATOR.validate({**TOP, "layers": [item]})


@pytest.mark.parametrize(
    "item",
    [
        "Relu",
        {},
        {"name": "a"},
        {"Conv2D": {"stride": 2}},
        {"Conv2D": {"filters": 0}},
        {"Conv2D": {"filters": True}},
        {"Conv2D": {"use_bias": 3}},
        {"Conv2D": {"padding": "no word"}},
        {"Conv2d": {"filters": 8}},
        {"ReLU": None, "Softmax": None},
        {"ReLU": None, "with": {}},
        {"ReLU": None, "from": []},
        {"ReLU": None, "dtype": "no dtype"},
        {"TimeDistributed": {"layer": {"Dense": {"unit": 3}}}},
        {"TimeDistributed": {"layer": {"repeat": 2, "layers": ["ReLU"]}}},
        {"block": "a", "layers": ["ReLU"]},
        {"block": "a", "ReLU": None},
        {"repeat": -1, "layers": ["ReLU"]},
        {"repeat": 3, "layers": []},
        {"repeat": 3},
        {"InputLayer": {}},
        {"call": "a", "trainable": False},
        {"call": "a", "ReLU": None},
        "ops.Nothing",
        {"ops.Mean": 3},
    ],
    ids=str,
)
def test_invalid_items(item: Any) -> None:
    assert not VALIDATOR.is_valid({**TOP, "layers": [item]})


@pytest.mark.parametrize(
    "change",
    [
        {"convcost": 2},
        {"layers": []},
        {"layer": ["ReLU"]},
        {"input": "8x8"},
        {"input": [0]},
        {"input": {"dtype": "int8"}},
        {"inputs": {"a": [3]}},
        {"defaults": {"Relu": {}}},
        {"blocks": {"a": {"parameters": {}}}},
        {"parameters": {"x y": 3}},
        {"dtype": "no dtype"},
    ],
    ids=str,
)
def test_invalid_tops(change: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid({**TOP, "layers": ["ReLU"]})
    assert not VALIDATOR.is_valid({**TOP, "layers": ["ReLU"], **change})


def test_several_inputs_stand_in_the_place_of_one() -> None:
    spec = {"convcost": 1, "inputs": {"a": [None, "n"], "b": {"shape": [3], "dtype": "int32"}}, "layers": ["ReLU"]}
    VALIDATOR.validate(spec)
