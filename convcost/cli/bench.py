"""`convcost bench`: a model and its variants, timed on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import (
    DeviceName,
    Dtypes,
    Format,
    InputShape,
    Keep,
    Output,
    Raw,
    Rounds,
    Seconds,
    Set,
    Threads,
)


def bench(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant", metavar="NAME[(key=value)][:GLOB]", help="Only this one beside the model itself. Repeatable."
        ),
    ] = None,
    keep: Keep = None,
    dtype: Dtypes = "float32,int8",
    threads: Threads = 1,
    rounds: Rounds = 10,
    seconds: Seconds = 1.0,
    device: DeviceName = None,
    input_shape: InputShape = None,
    set_: Set = None,
    raw: Raw = False,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """A model and its variants, timed on this machine by LiteRT.

    \b
    convcost bench model.keras
    convcost bench configs/mobilenet_v1.yaml --variant standard --dtype float32
    convcost bench model.keras --device this-machine.yaml --threads 2 -o bench.md
    convcost bench model.tflite

    Each is converted to .tflite with the weights of a new model, and run in interleaved rounds. Needs
    pip install 'convcost[tensorflow]'; 'convcost[litert]' is enough for a .tflite file, which is timed as it is. The
    exit code is 3 where something could not be measured. Ctrl-C shows what was. docs/bench.md says more.
    """
    from convcost.api import bench as benched
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.cli.progress import progress
    from convcost.cli.quiet import quiet
    from convcost.table import View

    delivery = Delivery(format_, output, inputs=options.inputs(device, model), what="bench")
    chosen = options.dtypes(dtype)
    known = options.profile(device)
    with progress() as tell, quiet():
        found = benched(
            model,
            variants=variant or (),
            keep=keep or (),
            dtypes=chosen,
            threads=threads,
            rounds=rounds,
            seconds=seconds,
            device=known,
            input_shape=options.shapes(input_shape),
            parameters=options.parameters(set_),
            tell=tell,
        )
    delivery.give("bench", found, view=View(raw=raw))
    if found.exit_code:
        raise typer.Exit(found.exit_code)
