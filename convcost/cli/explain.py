"""`convcost explain`: why other tools print other numbers for the same network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, Format, InputShape, Output, Set


def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """What other tools would print for a model, and why.

    \b
    convcost explain model.keras
    convcost explain model.keras --input-shape 224x224x3
    convcost explain configs/resnet50.yaml --format markdown

    One row a figure: its difference to the MACs, and what each part of the difference is for. docs/conventions.md
    says how each tool counts; analyze --convention NAME prints a tool's count layer by layer.
    """
    from convcost.api import explain as explained
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.table import View

    delivery = out.Delivery(format_, output, inputs=[model], what="explanation")
    explanation = explained(
        model, input_shape=options.shapes(input_shape), batch=batch, parameters=options.parameters(set_)
    )
    for warning in explanation.report.warnings:
        out.warn(warning)
    delivery.give("explanation", explanation, view=View())
