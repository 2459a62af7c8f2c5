"""The plan as a small YAML file that people read and change: layer -> variant, and what was predicted.

```yaml
convcost_plan: 1
model: model.keras
limits: {macs: 300000000}
losses: the energy that each kernel loses, times the layer's share of the MACs
predicted: {macs: 299123456, params: 3100000, peak_activation_bytes: 4816896}
loss: 0.21
layers:
  block1_conv2: {variant: separable(m=2), macs: 1849688064 -> 462422016, loss: 0.05, reason: keeps 0.71 of the energy}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.planning.planner import METRICS, Plan
from convcost.readers.yaml_lines import plain, read_yaml
from convcost.report import Totals
from convcost.units import printable
from convcost.variants import variant_of
from convcost.variants.base import BaseVariant
from convcost.writers.spec_yaml import flow
from convcost.writers.yaml_text import sayable

VERSION = 1


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of a layer; the variant alone counts."""

    variant: str
    macs: Any = None
    loss: Any = None
    reason: str = ""


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan file, as it is validated."""

    convcost_plan: int
    layers: dict[str, Planned]
    model: str = ""
    limits: dict[str, int] = {}
    losses: str = ""
    predicted: dict[str, int] = {}
    loss: float = 0.0


def text_of(plan: Plan, source: str, limits: Mapping[str, int], losses: str) -> str:
    """The YAML of a plan for the model in the file `source`. `losses` says what a loss is."""
    import yaml

    totals = plan.totals
    data = {
        "convcost_plan": VERSION,
        "model": sayable(source),
        "limits": dict(limits),
        "losses": losses,
        "predicted": {
            "macs": totals.macs,
            "params": totals.params,
            "weight_bytes": totals.weight_bytes,
            "peak_activation_bytes": totals.peak_activation_bytes,
        },
        "loss": round(plan.loss, 6),
        "layers": {
            sayable(one.path): {
                "variant": one.variant,
                "macs": f"{one.macs_before} -> {one.macs_after}",
                "loss": round(one.loss, 6),
                "reason": one.reason,
            }
            for one in plan.replacements
        },
    }

    text: str = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, allow_unicode=True, width=1000)
    if all(printable(line) == line for line in text.split("\n")):
        return text
    return "".join(f"{key}: {flow(value)}\n" for key, value in data.items())  # inert where the file is shown


def read(path: Path) -> dict[str, BaseVariant]:
    """The variant of each layer that a plan names. Raises ConvcostError naming file, layer and what is allowed."""
    variants = {}
    for layer, planned in _validated(path).layers.items():
        try:
            variants[layer] = variant_of(planned.variant)
        except ConvcostError as error:
            raise ConvcostError(f"{path}: layer {layer!r}: {error}") from None
    return variants


def broken_limits(path: Path, totals: Totals) -> list[str]:
    """What a plan promised and a model under it does not keep: it may have been changed by hand, or be another's."""
    plan = _validated(path)
    return [
        f"{path}: {metric} is {getattr(totals, metric):,}, the plan's limit is {limit:,}"
        for metric, limit in plan.limits.items()
        if metric in METRICS and getattr(totals, metric) > limit
    ]


def _validated(path: Path) -> PlanFile:
    try:
        plan = msgspec.convert(plain(read_yaml(path)), PlanFile)
    except msgspec.ValidationError as error:
        raise ConvcostError(f"{path}: no plan: {error}") from None
    if plan.convcost_plan != VERSION:
        raise ConvcostError(f"{path}: convcost_plan is {plan.convcost_plan}, allowed: {VERSION}")
    return plan
