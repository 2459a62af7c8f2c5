"""Every operation of `keras.ops` against Keras: shapes as it infers and runs them, MACs as written and as traced."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

import keras
import pytest

from convcost import analyze
from convcost.engine.differences import DIFFERENCES
from convcost.engine.trace import trace
from convcost.errors import MeasureError
from convcost.layers import find
from convcost.layers.base import OPS
from convcost.layers.ops.unknown import UNKNOWN
from convcost.report import Report

from .cases import CASES, Case
from .cases.case import words

every_case = pytest.mark.parametrize("case", CASES, ids=repr)


def operations() -> dict[str, str]:
    """Every class of operation by name, with its module."""
    package = importlib.import_module("keras.src.ops")
    found = {}
    for module in pkgutil.iter_modules(package.__path__, "keras.src.ops."):
        if module.name.endswith("_test"):
            continue
        for name, thing in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            own = thing.__module__ == module.name and thing not in (keras.Operation, keras.Function)
            if own and issubclass(thing, keras.Operation):
                found[name] = module.name
    return found


OPERATIONS = operations()


@cache
def report_of(case: Case) -> Report:
    """The graph read through the JSON that Keras writes."""
    return analyze(case.model, what_if=False)


@every_case
def test_output_shapes(case: Case) -> None:
    """Where Keras infers what does not come out, the report says so; else it is silent."""
    report = report_of(case)
    by_name = {row.name: row for row in report.rows}
    ours = [
        by_name[tensor._keras_history.operation.name].calls[0].outputs[tensor._keras_history.tensor_index]
        for tensor in case.outputs
    ]
    if case.runs:
        assert ours == case.really
    assert report.warnings == ()
    if case.recorded:
        for shape, tensor in zip(ours, case.outputs, strict=True):
            assert len(shape) == len(tensor.shape)
            assert all(wanted in (size, None) for size, wanted in zip(shape, tensor.shape, strict=True))


@every_case
def test_macs(case: Case) -> None:
    report = report_of(case)
    assert report.totals.complete
    assert report.totals.macs == case.macs


@every_case
def test_traced_macs(case: Case) -> None:
    if case.traces:
        assert trace(case.model).macs == case.trace
        assert case.trace == case.macs or f"ops.{case.kind}" in DIFFERENCES
    else:
        with pytest.raises(MeasureError):
            trace(case.model)


WITHOUT_EFFECT = set(
    words(
        "alpha antialias approximate assume_unique atol attn_logits_soft_cap axis b base crop_to_aspect_ratio decimals"
        " default_value dtype dx endpoint epsilon equal_nan fill_mode fill_value filter_sigma flash_attention"
        " from_logits increasing initial invert is_causal k k1 k2 kth lower mask_index max_val method name nan"
        " negative_slope neginf order pad_to_aspect_ratio posinf ragged range reduction retstep rms_scaling rtol seed"
        " shift side sigma sorted sparse spatial_dims synchronized threshold upper window x x_max x_min"
    )
)
"""Settings that change neither shape nor cost, of the operations that have no field for them."""


@every_case
def test_every_setting_is_known(case: Case) -> None:
    fields = OPS[case.kind].__struct_encode_fields__
    assert set(case.operation.get_config()) - set(fields) - WITHOUT_EFFECT == set()


def test_every_operation_has_a_record_or_a_reason() -> None:
    records = {name for name in OPERATIONS if find(name, OPERATIONS[name])}
    assert sorted(OPERATIONS.keys() - records - UNKNOWN.keys()) == []
    assert sorted(records & UNKNOWN.keys()) == []


def test_every_record_is_tested() -> None:
    never_in_a_graph = {"Abs", "Conj", "SegmentReduction"}  # `keras.ops.abs` records Absolute, and so on
    tested = {case.kind for case in CASES} | never_in_a_graph
    assert sorted((OPS.keys() & OPERATIONS.keys()) - tested) == []
