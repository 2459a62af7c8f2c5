"""`convcost widen`: how wide a model under a variant can be, for the cost of the model itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, Format, InputShape, Keep, Output, Raw, Set


def widen(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="NAME[(key=value)][:GLOB]", help="Separable, unless told. Repeatable."),
    ] = None,
    keep: Keep = None,
    parameter: Annotated[
        str | None,
        typer.Option("--parameter", metavar="NAME", help="The width of a spec; all filters are multiplied without it."),
    ] = None,
    metric: Annotated[
        str,
        typer.Option("--metric", metavar="NAME", help="What is to cost the same: macs, flops, params, weight_bytes."),
    ] = "macs",
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    raw: Raw = False,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """How wide a separable model can be for the same cost.

    \b
    convcost widen model.keras
    convcost widen configs/conv_mobilenet.yaml --parameter alpha --variant mobilenet
    convcost widen model.keras --variant 'separable(m=2)' --metric params

    Without --parameter the filters of every convolution are multiplied and rounded to multiples of 8; all else follows,
    the last layers keep theirs. A layer with a fixed size that forbids this is named.
    """
    from convcost.api import widen as widened
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=[model], what="widening")
    result = widened(
        model,
        variants=variant or ("separable",),
        keep=keep or (),
        parameter=parameter,
        metric=metric,
        input_shape=options.shapes(input_shape),
        batch=batch,
        parameters=options.parameters(set_),
    )
    delivery.give("widening", result, view=View(raw=raw))
