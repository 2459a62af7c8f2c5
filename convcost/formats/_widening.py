"""A model, the same under a variant, and that one as wide as costs the same: a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost import units
from convcost.units import printable

if TYPE_CHECKING:
    from convcost.table import View
    from convcost.widening import Widening

TITLES = ["", "MACs", "FLOPs", "params", "weights", "peak activations"]
RIGHT = [False, True, True, True, True, True]


def cells(widening: Widening, view: View) -> list[list[str]]:
    width = (
        f"{printable(widening.parameter)} = {widening.value:g}"
        if widening.parameter
        else f"{widening.value:g} × as wide"
    )
    shown = {
        "as it is": widening.report,
        printable(widening.variant): widening.narrow,
        f"{printable(widening.variant)}, {width}": widening.wide,
    }
    rows = []
    for name, report in shown.items():
        totals = report.totals
        counts = [units.count(value, view.raw) for value in (totals.macs, totals.flops, totals.params)]
        sizes = [units.size(value, view.raw) for value in (totals.weight_bytes, totals.peak_activation_bytes)]
        rows.append([name, *counts, *sizes])
    return rows


def told(widening: Widening) -> str:
    """The answer in a sentence."""
    what = {"macs": "MACs", "flops": "FLOPs", "params": "params", "weight_bytes": "bytes of weights"}[widening.metric]
    told = f"For the {what} of the model as it is, {printable(widening.variant)} can"
    if widening.parameter:
        return f"{told} have {printable(widening.parameter)} = {widening.value:g}."
    return (
        f"{told} be {widening.value:g} times as wide"
        " (filters rounded to multiples of 8; those of the last layers stay)."
    )
