"""`convcost diff`: two models side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli.options import Batch, ChartOutput, DiffFormat, InputShape, Raw, Set


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A model, a JSON report, or REF:path in git.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")],
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where a count differs.")] = False,
    raw: Raw = False,
    format_: DiffFormat = "table",
    output: ChartOutput = None,
) -> None:
    """What became of a model: totals, and the layers that came (+), went (-) or changed (~).

    \b
    convcost diff old.keras new.keras
    convcost diff main:zoo/mobilenet.yaml zoo/mobilenet.yaml --exit-code
    convcost diff report.json model.keras --format markdown

    Layers are matched by name, then by position and kind: a new name is no growth.
    """
    from pathlib import Path

    from convcost.baseline.sides import Sides
    from convcost.budget.difference import difference
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.table import View

    files = [Path(side) for side in (old, new)]
    delivery = out.Delivery(format_, output, inputs=files, what="difference")
    sides = Sides(options.shapes(input_shape), options.parameters(set_), batch, Path.cwd())
    found = difference(sides.figures(old), sides.figures(new))
    delivery.give("difference", found, view=View(raw=raw))
    raise typer.Exit(1 if exit_code and found.differs else 0)
