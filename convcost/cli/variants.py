"""`convcost variants`: a model under every variant, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, ChartFormat, ChartOutput, DeviceName, Dtype, InputShape, Keep, Raw, Set


def variants(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="NAME[(key=value)][:GLOB]", help="Only this one. Repeatable."),
    ] = None,
    keep: Keep = None,
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    device: DeviceName = None,
    dtype: Dtype = None,
    raw: Raw = False,
    format_: ChartFormat = "table",
    output: ChartOutput = None,
) -> None:
    """A model under every variant, side by side.

    \b
    convcost variants model.keras
    convcost variants model.keras --keep 'stem*' --keep 'head/**'
    convcost variants model.keras --variant 'separable(m=1)' --variant 'separable(m=2)'
    convcost variants model.keras --device raspberry-pi-4 --dtype int8

    A variant converts every ordinary convolution that it makes cheaper; with a GLOB, the layers that it names.
    """
    from convcost.api import under_variants
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=options.inputs(device, model), what="variants")
    report, what_ifs = under_variants(
        model,
        variants=variant or (),
        keep=keep or (),
        input_shape=options.shapes(input_shape),
        batch=batch,
        parameters=options.parameters(set_),
        device=options.profile(device),
        dtype=dtype,
    )
    delivery.give("variants", report, what_ifs, view=View(raw=raw, device=device is not None))
