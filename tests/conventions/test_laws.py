"""What holds for every layer of `keras.layers`, and between conventions."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest

from convcost.api import analyze
from convcost.conventions.explanation import explained
from convcost.conventions.parts import CONTRACTIONS, parts_of, parts_of_row
from convcost.conventions.tools import CONVENTIONS, Count, under
from convcost.layers.activations import FLOPS_PER_ELEMENT
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.dense import Dense
from convcost.layers.normalization import BatchNormalization, GroupNormalization
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.layers.reshaping import UpSampling2D
from convcost.model import Model, Unknown, Weight
from convcost.report import Report
from tests.building import chain, graph
from tests.layers.cases import CASES
from tests.layers.cases.case import Case


@cache
def report_of(case: Case) -> Report:
    return analyze(case.model, what_if=False)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_parts_add_up_to_the_cost_and_reasons_to_the_difference(case: Case) -> None:
    report = report_of(case)
    for row in report.rows:
        if row.cost is not None:
            parts = parts_of_row(row)
            assert sum(part.macs for part in parts) == row.cost.macs
            assert sum(part.flops for part in parts) == row.cost.other_flops
            assert all(part.kind in CONTRACTIONS for part in parts if part.macs)
    assert under(report, CONVENTIONS["paper"]).totals.macs == report.totals.macs
    for figure in explained(report).figures:
        assert figure.count - figure.difference == report.totals.macs
        assert all(reason.amount for reason in figure.reasons)


def network(batch: int = 1) -> Report:
    rules = (
        Conv2D(filters=8, kernel_size=3, strides=2, groups=1, activation="relu"),
        DepthwiseConv2D(kernel_size=3),
        BatchNormalization(),
        GlobalAveragePooling2D(),
        Dense(units=10, activation="softmax"),
    )
    return analyze(chain(*rules, shape=(16, 16, 3)), batch=batch, what_if=False)


def test_doubling_and_nothing_else() -> None:
    report = network()
    assert under(report, CONVENTIONS["flop-counter"]).totals.macs == 2 * report.totals.macs
    assert under(report, CONVENTIONS["calflops"]).totals.macs == report.totals.macs


@pytest.mark.parametrize("name", [name for name in CONVENTIONS if name != "tf-profiler"])
def test_a_batch_counts_as_often(name: str) -> None:
    """But for tf.profiler, which counts what batch normalization does to its weights once."""
    once, thrice = (under(network(batch), CONVENTIONS[name]).totals.cost for batch in (1, 3))
    assert thrice == once * 3


def test_rows_keep_all_but_their_counts() -> None:
    report = network()
    for convention in CONVENTIONS.values():
        other = under(report, convention)
        assert [msgspec.structs.replace(row, cost=None) for row in other.rows] == [
            msgspec.structs.replace(row, cost=None) for row in report.rows
        ]
        assert (other.peak, other.totals.params) == (report.peak, report.totals.params)
        assert other.warnings == report.warnings


def test_the_figures_of_a_convention_are_those_of_the_explanation() -> None:
    report = network()
    told = {(one.tool, one.figure): one.count for one in explained(report).figures}
    told["paper", "mult-adds"] = told["convcost", "MACs"]
    for name, convention in CONVENTIONS.items():
        totals = under(report, convention).totals
        for figure, count in zip(convention.figures, (totals.macs, totals.flops), strict=False):
            assert told[name, figure.name] == count


def with_unknown() -> Model:
    unknown = Unknown("no rule for Mystery", (Weight("kernel", (3, 5)),))
    return graph({"conv": (Conv2D(filters=4, kernel_size=1), [["input"]]), "odd": (unknown, [["conv"]])}, ["odd"])


@pytest.mark.parametrize("name", CONVENTIONS)
def test_what_is_not_counted_stays_unknown(name: str) -> None:
    report = analyze(with_unknown(), convention=name)
    assert not report.totals.complete
    assert [row.path for row in report.uncounted] == ["odd"]
    assert report.totals.macs >= 3 * 4 * 64


def test_every_kind_that_a_convention_counts_exists() -> None:
    """A misspelt kind would count nothing. Activations are settings, not classes: they are named apart."""
    plain = (BatchNormalization(scale=False, center=False), GroupNormalization(groups=1, scale=False, center=False))
    extra = [part for rule in (*plain, UpSampling2D(interpolation="bicubic")) for part in parts_of(rule, (1, 8, 8, 4))]
    seen = {part.kind for case in CASES for row in report_of(case).rows for part in parts_of_row(row)}
    seen |= {part.kind for part in extra} | set(FLOPS_PER_ELEMENT)
    counted = {kind for one in CONVENTIONS.values() for figure in one.figures for kind in figure.counts}
    assert counted - seen == set()
    assert {kind for kind in CONTRACTIONS if kind not in seen} == set()


def test_counts_in_words() -> None:
    assert str(Count(read=3, rows=-1)) == "3 an element, -1 a row"
    assert str(Count()) == "not counted"
