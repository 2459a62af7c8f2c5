"""`convcost check`: does it fit the budget, did it grow, and which layers did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, Budget, ChartOutput, CheckFormat, InputShape, Raw, Set, Specs


def check(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Models of the policy, or files with --max. Default: all."),
    ] = None,
    budget: Budget = None,
    max_: Annotated[
        list[str] | None, typer.Option("--max", metavar="METRIC=LIMIT", help="At most, e.g. macs=600M. Repeatable.")
    ] = None,
    warn: Annotated[
        list[str] | None, typer.Option("--warn", metavar="METRIC=LIMIT", help="Warn above this. Repeatable.")
    ] = None,
    max_increase: Annotated[
        list[str] | None,
        typer.Option("--max-increase", metavar="METRIC=2%", help="Growth allowed over the base. Repeatable."),
    ] = None,
    allow_uncounted: Annotated[
        list[str] | None,
        typer.Option("--allow-uncounted", metavar="GLOB", help="Layers that need not be counted. Repeatable."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF|report.json", help="Growth since the merge base with REF, or a report."),
    ] = None,
    require_base: Annotated[bool, typer.Option("--require-base", help="Exit with 3 where there is no base.")] = False,
    new_only: Annotated[
        bool, typer.Option("--new-only", help="Only warn of a limit that was broken at the base, and no further since.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on a warning too.")] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 where a limit is broken (not where it was not measured).")
    ] = False,
    specs: Specs = False,
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    raw: Raw = False,
    format_: CheckFormat = "table",
    output: ChartOutput = None,
) -> None:
    """Whether models keep their budgets, and which layers grew.

    \b
    convcost check
    convcost check --base main
    convcost check mobilenet --base origin/main --format github -o junit:budget.xml
    convcost check model.keras --max macs=600M --max-increase params=2% --base report.json

    The budgets are in convcost.yaml, here or above, and in convcost.lock.json beside it; or limits are given by
    options, and MODEL is then a file. Exit code 0: all is kept; 1: a limit is broken; 2: wrong usage or a bad file;
    3: something could not be measured. The highest wins.
    """
    from convcost.baseline import checking
    from convcost.baseline.base import base_of
    from convcost.baseline.lock_file import beside, read_lock
    from convcost.budget.judge import Conditions
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.cli.policies import policy_of, subjects_of
    from convcost.errors import ConvcostError
    from convcost.paths import shown_path
    from convcost.policy.flags import Flags
    from convcost.table import View

    flags = Flags(max_ or (), warn or (), max_increase or (), allow_uncounted or ())
    if flags.given:
        if budget is not None or specs or not models:
            raise ConvcostError("--max, --warn and --max-increase go with MODEL files, without --budget and --specs")
        shapes, parameters = options.shapes(input_shape), options.parameters(set_)
        subjects, lock, policy = flags.subjects(models, shapes, parameters, batch), None, ""
    else:
        if input_shape or set_ or batch != 1 or allow_uncounted:
            raise ConvcostError("--input-shape, --set, --batch, --allow-uncounted: the policy file says these")
        document = policy_of(budget)
        subjects = subjects_of(document, models or (), specs)
        lock, policy = read_lock(beside(document.path)), shown_path(document.path)
        if lock is not None and not models:
            for stale in lock.unknown({subject.name for subject in document.subjects()}):
                out.warn(
                    f"{shown_path(lock.path)} holds {stale!r}, which the policy does not; `convcost lock` drops it"
                )
    read = [Path(subject.source) for subject in subjects]
    read += [Path(one) for one in (policy, base, lock and lock.path) if one]
    delivery = out.Delivery(format_, output, inputs=read, what="check")
    chosen = base_of(base, alone=len(subjects) == 1, folder=Path.cwd())
    run = checking.Run(chosen, lock, Conditions(require_base, new_only), policy, out.warn)
    checked = checking.check(subjects, run)
    missing = checking.missing_bases(checked)
    for reason in missing:
        out.warn(f"{reason}; what hangs on it is {'not measured' if require_base else 'skipped'}")
    delivery.give("check", checked, view=View(raw=raw))
    for model in checked.models:
        if model.problem:
            out.error(model.problem.text)
    raise typer.Exit(max(checked.exit_code(strict, exit_zero), 3 if missing and require_base else 0))
