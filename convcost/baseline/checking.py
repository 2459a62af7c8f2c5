"""All checks of a run: every model is measured, compared with its base and its lock, and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from convcost.baseline.base import NOT_THERE, Base, GitBase
from convcost.baseline.git import Commit, GitError, Repository
from convcost.baseline.lock_file import LockFile
from convcost.baseline.measuring import measured
from convcost.budget.difference import difference, grew_most
from convcost.budget.figures import Figures
from convcost.budget.judge import Absent, Conditions, judge
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.budget.rules import Subject
from convcost.budget.verdicts import Checked, Growing, Largest, ModelCheck, Over, Problem, Verdict
from convcost.errors import ConvcostError
from convcost.paths import folder_in_repository

MOST_LARGEST = 3
TIGHTEN = "below the lock: `convcost lock --tighten` keeps it so"


class Run(msgspec.Struct, frozen=True):
    """What all models of a run are judged by; `warn` is told what a reader could not tell for certain."""

    base: Base
    lock: LockFile | None = None
    conditions: Conditions = Conditions()
    policy: str = ""
    warn: Callable[[str], None] = lambda _text: None


def check(subjects: Sequence[Subject], run: Run) -> Checked:
    """The verdicts on every model. One that cannot be read does not keep the others from being checked."""
    models = []
    for subject in subjects:
        try:
            models.append(_check(subject, run))
        except ConvcostError as error:
            problem = Problem(str(error), error.exit_code)
            models.append(ModelCheck(subject.name, subject.source, subject.place, problem=problem))
    return Checked(tuple(models), run.base.label, run.policy, folder_in_repository(Path.cwd()))


def missing_bases(checked: Checked) -> list[str]:
    """Why a base that was asked for is not there, once a reason."""
    return list(dict.fromkeys(model.missing_base for model in checked.models if model.missing_base))


def _check(subject: Subject, run: Run) -> ModelCheck:
    today = measured(subject)
    for warning in today.report.warnings:
        run.warn(warning)
    figures = today.figures
    base = run.base.figures(subject)
    locked = run.lock.of(subject.name) if run.lock else None
    verdicts = judge(subject, figures, base, locked, run.conditions)
    grown = _grown(subject, figures, base, verdicts, run)
    tight = any(one.asked == "lock" and one.outcome == "ok" and one.actual != one.limit for one in verdicts)
    return ModelCheck(
        name=subject.name,
        source=subject.source,
        place=subject.place,
        verdicts=verdicts,
        input_shapes=today.report.input_shapes,
        message=subject.message,
        figures=figures,
        base=run.base.label if isinstance(base, Figures) else "",
        grown=grown,
        largest=() if grown or isinstance(base, Figures) else _largest(figures, verdicts),
        notes=(TIGHTEN,) if tight else (),
        missing_base=base.reason if isinstance(base, Absent) and base.reason.startswith(NOT_THERE) else "",
    )


def _grown(
    subject: Subject, figures: Figures, base: Figures | Absent, verdicts: Sequence[Verdict], run: Run
) -> tuple[Growing, ...]:
    """The layers that grew, in every metric of the model that is not kept, once where two metrics tell the same."""
    failing = [verdict for verdict in verdicts if verdict.outcome in ("fail", "warn") and not verdict.match]
    metrics = list(dict.fromkeys(verdict.metric for verdict in failing))
    growing = []
    for metric in (one for one in metrics if OF_MODEL[one].like not in metrics):
        since, label = base, run.base.label
        if isinstance(since, Absent) and run.lock:
            locked = next((one.limit for one in failing if one.metric == metric and one.asked == "lock"), None)
            since, label = _when_locked(subject, run.lock, metric, locked)
        if isinstance(since, Figures):
            by = OF_LAYER[OF_MODEL[metric].grows_by]
            layers = grew_most(difference(since, figures).changes, by.name)
            if layers:
                growing.append(Growing(by.name, by.unit, label, layers))
    return tuple(growing)


def _when_locked(subject: Subject, lock: LockFile, metric: str, locked: int | None) -> tuple[Figures | Absent, str]:
    """The model at the commit that last wrote the lock, where it is the model that the lock speaks of."""
    if locked is None:
        return Absent(""), ""
    repository = Repository(lock.path.parent)
    try:
        commit = repository.last_change(lock.path)
        figures = GitBase(repository, Commit("lock", commit)).figures(subject) if commit else Absent("")
    except GitError:
        return Absent(""), ""
    if isinstance(figures, Figures) and figures.values[metric] == locked:
        return figures, f"the lock, {commit[:7]}"
    return Absent(""), ""


def _largest(figures: Figures, verdicts: Sequence[Verdict]) -> tuple[Largest, ...]:
    """The costliest layers, for the ceilings of the model that are not kept."""
    broken = [
        one.metric for one in verdicts if one.outcome in ("fail", "warn") and one.asked == "max" and not one.match
    ]
    found = []
    for name in (name for name in broken if OF_MODEL[name].like not in broken):
        metric = OF_LAYER[OF_MODEL[name].grows_by]
        known = [(value, layer) for layer in figures.layers if (value := layer.values[metric.name])]
        top = sorted(known, key=lambda one: -one[0])[:MOST_LARGEST]
        found.append(Largest(metric.name, metric.unit, tuple(Over(one.path, value, one.line) for value, one in top)))
    return tuple(found)
