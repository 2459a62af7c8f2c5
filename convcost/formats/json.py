"""JSON for machines: raw ints, `schema_version`, null for what is not known. Keys are only added within a version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from convcost._version import __version__
from convcost.budget.difference import Difference
from convcost.budget.verdicts import Checked
from convcost.comparison import Comparison, Part
from convcost.formats._check_json import check_as_dict, difference_as_dict
from convcost.formats._verifying import as_dict as verification_as_dict
from convcost.model import Shape
from convcost.report import CallShapes, Report, Row, Separable, Totals, WhatIf
from convcost.table import View

if TYPE_CHECKING:
    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration
    from convcost.memory.footprint import Footprint
    from convcost.planning.planner import Planning
    from convcost.sweeping.sweep import Sweep
    from convcost.verification import Verification
    from convcost.widening import Widening

SUFFIX = ".json"
SCHEMA_VERSION = 1


def report(report: Report, view: View) -> str:
    return _dumped({**_head(), **as_dict(report)})


def reports(reports: Sequence[Report], view: View) -> str:
    return _dumped({**_head(), "reports": [as_dict(one) for one in reports]})


def variants(report: Report, what_ifs: Sequence[WhatIf], view: View) -> str:
    told = [_what_if(one) for one in what_ifs]
    if report.estimate is not None:
        from convcost.formats._estimate_json import gain_as_dict

        for data, one in zip(told, what_ifs, strict=True):
            data["estimate"] = gain_as_dict(msgspec.structs.replace(report, what_if=one))
    return _dumped({**_head(), **as_dict(report), "variants": told})


def check(checked: Checked, view: View) -> str:
    return _dumped({**_head(), **check_as_dict(checked)})


def difference(difference: Difference, view: View) -> str:
    return _dumped({**_head(), **difference_as_dict(difference)})


def verification(verification: Verification, view: View) -> str:
    return _dumped({**_head(), **verification_as_dict(verification)})


def comparison(comparison: Comparison, view: View) -> str:
    times: dict[str, Any] = {}
    if comparison.estimate is not None:
        from convcost.formats._estimate_json import compared_as_dict

        times["estimate"] = compared_as_dict(comparison.estimate)
    if comparison.bench is not None:
        from convcost.formats import _timing

        times["bench"] = _timing.as_dict(comparison.bench)
    return _dumped(
        {
            **_head(),
            "comparison": {
                "input_shape": comparison.input_shape,
                "filters": comparison.filters,
                "kernel_size": comparison.kernel_size,
                "groups": comparison.groups,
                "depth_multiplier": comparison.depth_multiplier,
                "standard": _part(comparison.standard),
                "depthwise": _part(comparison.depthwise),
                "pointwise": _part(comparison.pointwise),
                "separable": {"macs": comparison.separable.macs, "params": comparison.separable_params},
                "fused_params": comparison.fused_params,
                "reduction_factor": comparison.reduction_factor,
                "bound": comparison.bound,
                "bound_is_met": comparison.bound_is_met,
                "ceiling": comparison.ceiling,
                "iso_cost_filters": comparison.iso_cost_filters,
                "verdict": comparison.verdict,
                "variants": [msgspec.structs.asdict(one) for one in comparison.alternatives],
                **times,
            },
        }
    )


def separability(result: Separability, view: View) -> str:
    layers = [
        {
            "path": layer.path,
            "kernel": list(layer.kernel),
            "verdict": layer.verdict,
            "choices": [msgspec.structs.asdict(score) for score in layer.scores],
        }
        for layer in result.layers
    ]
    data = {
        "samples": result.samples,
        "layers": layers,
        "left_out": dict(result.left_out),
        "entangled": list(result.entangled),
        "verdict": list(result.verdict),
    }
    return _dumped({**_head(), "model": as_dict(result.report)["model"], "separability": data})


def bench(bench: Bench, view: View) -> str:
    from convcost.formats import _timing

    return _dumped({**_head(), "model": {"name": bench.name}, "bench": _timing.as_dict(bench)})


def calibration(calibration: Calibration, view: View) -> str:
    from convcost.formats import _timing

    return _dumped({**_head(), "calibration": _timing.calibration_as_dict(calibration)})


def footprint(footprint: Footprint, view: View) -> str:
    from convcost.formats import _timeline

    model = as_dict(footprint.report)["model"]
    return _dumped({**_head(), "model": model, "memory": _timeline.as_dict(footprint)})


def sweep(sweep: Sweep, view: View) -> str:
    from convcost.formats import _sweeping

    data = _sweeping.as_dict(sweep, _sweeping.rows(sweep, view))
    return _dumped({**_head(), "model": {"name": sweep.name}, "sweep": data})


def planning(planning: Planning, view: View) -> str:
    plan = planning.plan
    data = {
        "limits": dict(planning.limits),
        "losses": planning.losses,
        "totals": _totals(planning.report.totals),
        "plan": plan
        and {
            "loss": plan.loss,
            "totals": _totals(plan.totals),
            "replacements": [msgspec.structs.asdict(one) for one in plan.replacements],
        },
        "front": [msgspec.structs.asdict(point) for point in planning.front],
    }
    if planning.report.estimate is not None:
        from convcost.formats._estimate_json import device_as_dict, gain_as_dict

        if gained := gain_as_dict(planning.report):
            data |= {"device": device_as_dict(planning.report.estimate.device), "estimate": gained}
    return _dumped({**_head(), "model": as_dict(planning.report)["model"], "planning": data})


def widening(widening: Widening, view: View) -> str:
    data = {
        "variant": widening.variant,
        "metric": widening.metric,
        "parameter": widening.parameter or None,
        "value": widening.value,
        "totals": _totals(widening.report.totals),
        "narrow": _totals(widening.narrow.totals),
        "wide": _totals(widening.wide.totals),
    }
    return _dumped({**_head(), "model": as_dict(widening.report)["model"], "widening": data})


def explanation(explanation: Explanation, view: View) -> str:
    data = as_dict(explanation.report)
    figures = [
        {
            "tool": one.tool,
            "source": one.source,
            "figure": one.figure,
            "count": one.count,
            "difference": one.difference,
            "reasons": [msgspec.structs.asdict(reason) for reason in one.reasons],
        }
        for one in explanation.figures
    ]
    return _dumped({**_head(), "model": data["model"], "coverage": data["coverage"], "explanation": figures})


def devices(profiles: Sequence[Device], view: View) -> str:
    from convcost.formats._estimate_json import device_as_dict

    return _dumped({**_head(), "devices": [device_as_dict(one) for one in profiles]})


def device(device: Device, view: View) -> str:
    from convcost.formats._estimate_json import device_as_dict

    return _dumped({**_head(), "device": device_as_dict(device)})


def as_dict(report: Report) -> dict[str, Any]:
    """A report as plain data, as docs/json.md describes it."""
    data: dict[str, Any] = {
        "model": {
            "name": report.name,
            "source": report.source,
            "format": report.format,
            "input_shapes": {name: list(shape) for name, shape in report.input_shapes.items()},
            "batch": report.batch,
        },
        "totals": _totals(report.totals),
        "coverage": {
            "counted_layers": len(report.rows) - len(report.uncounted),
            "uncounted_layers": [row.path for row in report.uncounted],
        },
        "peak": {
            "bytes": report.peak.bytes,
            "layer": report.peak.layer,
            "live": [{"layer": one.layer, "bytes": one.bytes} for one in report.peak.live],
        },
        "layers": [_row(row) for row in report.rows],
        "what_if": _what_if(report.what_if) if report.what_if else None,
        "warnings": list(report.warnings),
    }
    if report.convention is not None:
        data["convention"] = msgspec.structs.asdict(report.convention)
        if len(report.figures) == 1:
            for counts in (data["totals"], *data["layers"]):
                counts["flops"] = None
    if report.estimate is not None:
        _add_estimate(data, report)
    return data


def _add_estimate(data: dict[str, Any], report: Report) -> None:
    """The keys that --device adds: the profile, and an `estimate` of the model, of each layer and of the what-if."""
    from convcost.formats._estimate_json import device_as_dict, gain_as_dict, timing_as_dict

    estimate = report.estimate
    assert estimate is not None
    data["device"] = device_as_dict(estimate.device)
    data["totals"]["estimate"] = {"seconds": estimate.seconds, "complete": estimate.complete}
    for layer, timing in zip(data["layers"], estimate.timings, strict=True):
        layer["estimate"] = timing_as_dict(timing, estimate)
    if gained := gain_as_dict(report):
        data["what_if"]["estimate"] = gained


def _head() -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "tool": {"name": "convcost", "version": __version__}}


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "macs": totals.macs,
        "flops": totals.flops,
        "other_flops": dict(sorted(totals.cost.other.items())),
        "params": totals.params,
        "trainable_params": totals.trainable_params,
        "non_trainable_params": totals.non_trainable_params,
        "weight_bytes": totals.weight_bytes,
        "peak_activation_bytes": totals.peak_activation_bytes or None,
        "complete": totals.complete,
    }


def _row(row: Row) -> dict[str, Any]:
    known = row.params_known
    data: dict[str, Any] = {
        "name": row.name,
        "path": row.path,
        "kind": row.kind,
        "calls": len(row.calls),
        **(_call(row.calls[0]) if row.calls else {"input_shapes": [], "output_shapes": []}),
        "params": row.params if known else None,
        "trainable_params": row.trainable_params if known else None,
        "macs": row.cost.macs if row.cost else None,
        "flops": row.cost.flops if row.cost else None,
        "weight_bytes": row.weight_bytes if known else None,
        "activation_bytes": row.activation_bytes,
        "separable": _separable(row.separable),
    }
    if any(call != row.calls[0] for call in row.calls):
        data["call_shapes"] = [_call(call) for call in row.calls]
    if row.reason:
        data["reason"] = row.reason
    return data


def _call(call: CallShapes) -> dict[str, Any]:
    return {
        "input_shapes": [_shape(shape) for shape in call.inputs],
        "output_shapes": [_shape(s) for s in call.outputs],
    }


def _shape(shape: Shape | None) -> list[int] | None:
    return None if shape is None else list(shape[1:])


def _separable(twin: Separable | None) -> dict[str, Any] | None:
    """Null for what is no convolution, and where there is nothing to compare."""
    if twin is None or twin.macs is None:
        return None
    return {
        "macs": twin.macs,
        "params": twin.params,
        "reduction_factor": twin.reduction_factor,
        "bound": twin.bound,
        "verdict": twin.verdict,
    }


def _what_if(what_if: WhatIf) -> dict[str, Any]:
    kept = ("macs", "flops", "params", "weight_bytes", "peak_activation_bytes")
    totals = _totals(what_if.report.totals)
    return {
        "variant": what_if.variant,
        "converted": list(what_if.converted),
        "totals": {key: totals[key] for key in kept},
        "refused": dict(what_if.refused),
        "weights": what_if.weights,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "output_shape": part.output_shape,
        "factors": part.factors,
        "macs": part.macs,
        "flops": part.cost.flops,
        "params": part.params,
    }


def _dumped(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
    return text.replace("##", "#\\u0023") + "\n"  # `##[` anywhere in the log of a CI job is a command
