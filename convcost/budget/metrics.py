"""What can be limited, of a model and of a layer. To add a metric, add a `Metric` here."""

from __future__ import annotations

from typing import Literal

import msgspec

Unit = Literal["count", "bytes"]


class Metric(msgspec.Struct, frozen=True):
    """`name` is the attribute of a report's totals, or of a layer's row.

    `grows_by` is the layers' metric that tells which of them grew, `like` another metric whose growth tells the same,
    and `locked` whether a lock holds it.
    """

    name: str
    unit: Unit
    grows_by: str
    like: str = ""
    locked: bool = True


def _by_name(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


OF_MODEL = _by_name(
    Metric("macs", "count", "macs"),
    Metric("flops", "count", "flops", like="macs"),
    Metric("params", "count", "params"),
    Metric("trainable_params", "count", "trainable_params", like="params", locked=False),
    Metric("non_trainable_params", "count", "params", like="params", locked=False),
    Metric("weight_bytes", "bytes", "weight_bytes", like="params"),
    Metric("peak_activation_bytes", "bytes", "activation_bytes"),
)

OF_LAYER = _by_name(
    Metric("macs", "count", "macs"),
    Metric("flops", "count", "flops"),
    Metric("params", "count", "params"),
    Metric("trainable_params", "count", "trainable_params"),
    Metric("weight_bytes", "bytes", "weight_bytes"),
    Metric("activation_bytes", "bytes", "activation_bytes"),
)

HANG_ON_COST = frozenset({"macs", "flops", "peak_activation_bytes", "activation_bytes"})
"""Lower bounds where a layer's cost is not known; the others are where its params are not."""
