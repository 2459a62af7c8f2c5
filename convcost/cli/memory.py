"""`convcost memory`: what a device must hold, step by step, and whether it fits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, ChartFormat, ChartOutput, Dtype, InputShape, Set


def memory(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    ram: Annotated[
        str | None, typer.Option("--ram", metavar="320KiB", help="Bytes that there are for activations.")
    ] = None,
    flash: Annotated[
        str | None, typer.Option("--flash", metavar="1MiB", help="Bytes that there are for weights.")
    ] = None,
    dtype: Dtype = None,
    reorder: Annotated[
        bool, typer.Option("--reorder", help="Look for the execution order with the least peak.")
    ] = False,
    arena: Annotated[
        str | None,
        typer.Option(
            "--arena",
            metavar="litert|tflm",
            help="Plan the arena as this runtime does, of a .tflite file, or of what TensorFlow converts the model to.",
        ),
    ] = None,
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    raw: Annotated[bool, typer.Option("--raw", help="Exact bytes.")] = False,
    format_: ChartFormat = "table",
    output: ChartOutput = None,
) -> None:
    """What a device must hold, step by step, and whether it fits.

    \b
    convcost memory model.keras
    convcost memory model.keras --dtype int8 --ram 320KiB --flash 1MiB
    convcost memory model.keras --reorder
    convcost memory configs/mobilenet_v2.yaml --set resolution=96 -o steps.csv
    convcost memory model.tflite --arena tflm --ram 256KiB

    Activations are counted as the live set: at each fused step its inputs, its output, and what a later step needs. The
    exit code is 1 where the model does not fit, and 3 where that cannot be told. With --arena, a Keras model is loaded
    and converted, which needs pip install 'convcost[tensorflow]'. docs/memory.md says more.
    """
    from convcost.api import load
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.cli.quiet import quiet
    from convcost.errors import ConvcostError
    from convcost.memory.footprint import footprint
    from convcost.memory.runtime_plan import planned
    from convcost.table import View

    ram_bytes, flash_bytes = options.size(ram, "--ram"), options.size(flash, "--flash")
    delivery = out.Delivery(format_, output, inputs=[model], what="footprint")
    shapes = options.shapes(input_shape)
    if arena is None:
        loaded = load(model, options.parameters(set_))
        found = footprint(loaded, shapes, batch, dtype=dtype, reorder=reorder, ram=ram_bytes, flash=flash_bytes)
    else:
        for option, given in (("--dtype", dtype), ("--reorder", reorder), ("--set", set_)):
            if given:
                raise ConvcostError(f"{option} does not go with --arena: a runtime plans for the file as it is")
        with quiet():
            run, plan = planned(model, arena, shapes, batch)
        found = footprint(run, arena=plan, ram=ram_bytes, flash=flash_bytes)
    for warning in found.report.warnings:
        out.warn(warning)
    delivery.give("footprint", found, view=View(raw=raw))
    fits = [limit.fits for limit in found.limits]
    if False in fits:
        raise typer.Exit(1)
    if None in fits:
        raise typer.Exit(3)
