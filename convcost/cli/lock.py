"""`convcost lock`: today's counts as the most that may ever be, until somebody says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Budget


def lock(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Models of the policy. Default: all.")
    ] = None,
    budget: Budget = None,
    tighten: Annotated[bool, typer.Option("--tighten", help="Only lower counts; add and raise nothing.")] = False,
    allow_increase: Annotated[bool, typer.Option("--allow-increase", help="Raise counts too.")] = False,
) -> None:
    """Write convcost.lock.json beside the policy: the counts that `convcost check` lets nothing grow over.

    \b
    convcost lock
    convcost lock --tighten
    convcost lock mobilenet --allow-increase

    Commit the file. A count only rises with --allow-increase, and the change shows in review.
    """
    from convcost.baseline.lock_file import beside, read_lock, written
    from convcost.baseline.measuring import counted
    from convcost.budget import lock as locks
    from convcost.cli import output as out
    from convcost.cli.policies import policy_of
    from convcost.errors import ConvcostError
    from convcost.paths import shown_path
    from convcost.units import printable

    if tighten and allow_increase:
        raise ConvcostError("--tighten only lowers, --allow-increase raises: give one of them")
    document = policy_of(budget)
    path = beside(document.path)
    known = read_lock(path)
    if tighten and known is None:
        raise ConvcostError(f"{shown_path(path)}: there is no lock yet; `convcost lock` writes one")
    old = known.lock if known else locks.Lock(locks.VERSION, {})
    today = {subject.name: locks.counts_of(counted(subject)) for subject in document.subjects(models or ())}
    risen = locks.rises(old, today)
    if risen and not allow_increase and not tighten:
        lines = [
            f"{printable(one.model)}: {one.metric} {one.actual:,} is {one.actual - one.locked:,} over" for one in risen
        ]
        out.show("\n".join([*lines, "not locked: --allow-increase raises, --tighten lowers only"]) + "\n")
        raise typer.Exit(1)
    sources = [subject.source for subject in document.subjects()]
    everything = {subject.name for subject in document.subjects()}
    new = locks.tightened(old, today) if tighten else locks.renewed(old, today, everything)
    out.write(path, written(new), [document.path, *map(Path, sources)])
    out.show(f"{printable(shown_path(path))}: {locks.changes(old, new)} counts changed, models: {len(new.models)}\n")
