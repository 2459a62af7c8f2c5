"""`convcost separability`: how well trained kernels bear being separated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Format, InputShape, Output


def separability(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file with weights: .keras or .h5.")],
    fits: Annotated[
        str | None,
        typer.Option(
            "--fits",
            metavar="NAMES",
            help="Add spatial, channel, or all: they take seconds where layers have hundreds of channels.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GLOB", help="Only layers at these paths. Repeatable.")
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            "--samples",
            metavar="X.npy",
            help="Run the model on these inputs, and measure the error of each layer's output too. Needs TensorFlow.",
        ),
    ] = None,
    input_shape: InputShape = None,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """How well trained kernels bear being separated.

    \b
    convcost separability model.keras
    convcost separability model.keras --only 'block3*' --fits all
    convcost separability model.keras --samples images.npy

    For every convolution, the share of its kernel's energy (sum of squares) that the best fit of each choice keeps,
    beside the MACs of that choice over those of the layer: separable with m = 1, 2, … (depthwise first) and bsconv_u
    (pointwise first); spatial and low_rank where --fits asks for them. The lift is where the energy lies between a
    random kernel (0) and a perfect fit (1).
    """
    from convcost.api import separability as scored
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.cli.progress import progress
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=[model, samples] if samples else [model], what="separability")
    with progress() as tell:
        result = scored(
            model,
            fits=options.fits(fits),
            only=only or (),
            samples=samples,
            input_shape=options.shapes(input_shape),
            tell=tell,
        )
    delivery.give("separability", result, view=View())
