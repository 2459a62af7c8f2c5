"""`convcost verify`: whether Keras has the params that we count, and multiplies what we count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Import, InputShape, Output


def verify(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that Keras wrote.")],
    input_shape: InputShape = None,
    import_: Import = None,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="table or json.")] = "table",
    output: Output = None,
) -> None:
    """Whether Keras has and multiplies what is counted here.

    \b
    convcost verify model.keras
    convcost verify model.keras --input-shape 224x224x3
    convcost verify model.keras --import my_layers --format json

    Loads the model in the Keras that wrote it, traces it with TensorFlow, and compares params, trainable params,
    output shapes and MACs layer by layer. Ends with 1 where a layer differs, with 3 where one is not counted. It needs
    pip install 'convcost[tensorflow]'.
    """
    from convcost.api import verify as verified
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.cli.quiet import quiet
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=[model], what="verification")
    with quiet():
        verification = verified(model, input_shape=options.shapes(input_shape), imports=import_ or ())
    delivery.give("verification", verification, view=View())
    if not verification.complete:
        raise typer.Exit(3)
    if not verification.agrees:
        raise typer.Exit(1)
