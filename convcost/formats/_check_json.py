"""Checks and differences as plain data (docs/json.md). A report of `check` can be the base of the next one."""

from __future__ import annotations

from typing import Any

from convcost.budget.difference import Change, Difference
from convcost.budget.figures import Figures, LayerFigures
from convcost.budget.metrics import OF_LAYER
from convcost.budget.verdicts import Checked, ModelCheck, Verdict


def check_as_dict(checked: Checked) -> dict[str, Any]:
    return {
        "check": {
            "checks": sum(1 for _ in checked.verdicts()),
            "passed": checked.count("ok"),
            "warned": checked.count("warn"),
            "failed": checked.count("fail"),
            "skipped": checked.count("skip"),
            "unmeasured": checked.count("unmeasured"),
            "base": checked.base or None,
            "policy": checked.policy or None,
        },
        "models": [_model(model) for model in checked.models],
        "reports": [_report(model, model.figures) for model in checked.models if model.figures],
    }


def difference_as_dict(difference: Difference) -> dict[str, Any]:
    return {
        "difference": {
            "differs": difference.differs,
            "totals": {
                name: {"old": old, "new": difference.new.values[name], "change": difference.new.values[name] - old}
                for name, old in difference.old.values.items()
            },
            "layers": [_change(change) for change in difference.changes if change.sign != "="],
            "unchanged_layers": sum(change.sign == "=" for change in difference.changes),
        }
    }


def _model(model: ModelCheck) -> dict[str, Any]:
    return {
        "name": model.name,
        "source": model.source,
        "base": model.base or None,
        "message": model.message or None,
        "problem": model.problem.text if model.problem else None,
        "verdicts": [_verdict(verdict) for verdict in model.verdicts],
        "grown": [
            {
                "metric": growing.metric,
                "since": growing.since,
                "layers": [
                    {
                        "path": layer.path,
                        "change": layer.delta,
                        "cause": layer.cause,
                        "settings": {one.name: [one.old, one.new] for one in layer.settings},
                        "line": layer.line,
                    }
                    for layer in growing.layers
                ],
            }
            for growing in model.grown
        ],
        "notes": list(model.notes),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict.outcome,
        "check": verdict.asked,
        "metric": verdict.metric if verdict.asked != "coverage" else None,
        "layers": verdict.match or None,
        "actual": verdict.actual,
        "at_least": verdict.at_least,
        "limit": verdict.limit,
        "warn": verdict.warn,
        "over_by": verdict.over_by,
        "used": None if verdict.used is None else round(verdict.used, 6),
        "base": verdict.base,
        "increase": verdict.increase,
        "file": verdict.place.source,
        "line": verdict.place.line,
        "layer": verdict.layer or None,
        "over": [{"path": one.path, "actual": one.actual, "line": one.line} for one in verdict.over],
        "note": verdict.note or None,
    }


def _report(model: ModelCheck, figures: Figures) -> dict[str, Any]:
    return {
        "model": {"name": model.name, "source": model.source},
        "totals": {**figures.values, "complete": "macs" not in figures.at_least},
        "layers": [_layer(layer) for layer in figures.layers],
    }


def _layer(layer: LayerFigures) -> dict[str, Any]:
    shapes = [None if shape is None else list(shape[1:]) for shape in layer.inputs]
    return {"path": layer.path, "kind": layer.kind, "input_shapes": shapes, **layer.values}


def _change(change: Change) -> dict[str, Any]:
    def side(layer: LayerFigures | None) -> dict[str, Any] | None:
        return None if layer is None else {"path": layer.path, "kind": layer.kind, **layer.values}

    return {
        "sign": change.sign,
        "old": side(change.old),
        "new": side(change.new),
        "change": {name: change.delta(name) for name in OF_LAYER},
    }
