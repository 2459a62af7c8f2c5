"""`convcost sweep`: the totals of a model over a grid of parameters and input shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, Format, Output, Raw


def sweep(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="YAML specs, or model files.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUES", help="Values of a parameter: 0.25,0.5 or 128:224:32. Repeatable."),
    ] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            "--input-shape",
            metavar="[NAME=]SHAPES",
            help="Shapes of an input: 128x128x3,160x160x3; 128:224:32 for images of that height and width.",
        ),
    ] = None,
    batch: Batch = 1,
    max_: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="METRIC=LIMIT", help="Only configurations within it: macs=300M. Repeatable."),
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            "--pareto", metavar="A[:max],B[:max]", help="Mark the front of two metrics or parameters, and draw it."
        ),
    ] = None,
    front: Annotated[bool, typer.Option("--front", help="Only the configurations on the front.")] = False,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="KEY[:max]", help="A metric or a parameter, the least first.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N.")] = None,
    separable: Annotated[
        bool, typer.Option("--separable/--no-separable", help="Whether to count the separable what-if too.")
    ] = True,
    raw: Raw = False,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """What a model costs over a grid of parameters and input shapes.

    \b
    convcost sweep configs/mobilenet_v1.yaml --set alpha=0.25,0.5,0.75,1.0 --set resolution=128:224:32
    convcost sweep configs/mobilenet_v1.yaml --set alpha=0.25:1:0.05 --pareto macs,alpha:max --max params=2M
    convcost sweep model.keras --input-shape 128:224:32
    convcost sweep small.keras large.keras --input-shape 128x128x3,160x160x3 -o grid.csv

    Ranges are FIRST:LAST:STEP; the last value belongs to them where it is hit. Metrics: macs, flops, params,
    weight_bytes, peak_activation_bytes, separable_macs. A configuration that is not valid is a row that says why.
    """
    from convcost.api import sweep as swept
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.cli.progress import progress
    from convcost.errors import ConvcostError
    from convcost.sweeping.axes import input_shapes, parameters
    from convcost.sweeping.sweep import objective
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=models, what="sweep")
    axes = [*parameters(options.texts(set_, "--set")), *input_shapes(options.texts(input_shape, "--input-shape"))]
    objectives = [objective(text, axes, "--pareto") for text in pareto.split(",")] if pareto else []
    if pareto and len(objectives) != 2:
        raise ConvcostError(f"--pareto: got {pareto!r}, allowed: two metrics, such as macs,params or macs,alpha:max")
    if front and not pareto:
        raise ConvcostError("--front goes with --pareto, such as --pareto macs,params")
    if sort:
        objective(sort, axes, "--sort")
    with progress() as tell:
        result = swept(
            models,
            axes,
            batch=batch,
            objectives=objectives,
            limits=options.limits(max_),
            separable=separable,
            tell=tell,
        )
    delivery.give("sweep", result, view=View(sort=sort, top=top, front=front, raw=raw))
