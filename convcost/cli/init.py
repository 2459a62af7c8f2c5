"""`convcost init`: a policy from the counts of today."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, InputShape, Set


def init(
    models: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[MODEL]...", help="Model files. Default: all below the working directory."),
    ] = None,
    headroom: Annotated[
        str, typer.Option("--headroom", metavar="10%", help="What a limit has on top of today.")
    ] = "10%",
    budget: Annotated[Path, typer.Option("--budget", metavar="FILE", help="The file to write.")] = Path(
        "convcost.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
) -> None:
    """Write a policy file with the counts of today, rounded up, as limits.

    \b
    convcost init
    convcost init zoo/mobilenet.yaml --headroom 5%
    """
    import os

    from convcost.baseline.measuring import measured
    from convcost.budget.quantities import percentage
    from convcost.budget.rules import Place, Subject
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.errors import ConvcostError
    from convcost.policy.find import find_models
    from convcost.policy.writing import Entry, distinct_names, policy_text
    from convcost.units import printable

    try:
        share = percentage(headroom)
    except ValueError as error:
        raise ConvcostError(f"--headroom {error}") from None
    if budget.exists() and not force:
        raise ConvcostError(f"{budget}: is there already; --force overwrites it")
    files = models or find_models(Path.cwd())
    if not files:
        raise ConvcostError("no model is here or below: name the files, such as zoo/mobilenet.yaml or model.keras")
    shapes, parameters = options.shapes(input_shape), options.parameters(set_)
    entries = []
    for name, file in zip(distinct_names(files), files, strict=True):
        subject = Subject(name, str(file), Place(str(file)), (), shapes, parameters, batch)
        source = Path(os.path.relpath(file, budget.parent)).as_posix()
        entries.append(Entry(name, source, measured(subject).figures, shapes, parameters))
    out.write(budget, policy_text(entries, share, batch), inputs=files)
    counted = f"{len(entries)} model{'' if len(entries) == 1 else 's'}"
    out.show(f"{printable(str(budget))}: {counted}; `convcost check` compares with it\n")
