"""`convcost calibrate`: a profile of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Dtypes, Format, Threads


def calibrate(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.yaml", help="The profile to write.")],
    dtype: Dtypes = "float32,int8",
    threads: Threads = 1,
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=1.0, max=36000.0, metavar="S", help="For all measuring; converting is extra."),
    ] = 60.0,
    format_: Format = "table",
) -> None:
    """A profile of this machine, fitted to the times of layers that are measured on it.

    \b
    convcost calibrate -o this-machine.yaml
    convcost calibrate -o this-machine.yaml --dtype int8 --threads 2 --seconds 120
    convcost analyze model.keras --device this-machine.yaml

    Layers of all kinds and sizes are converted to .tflite and timed in interleaved rounds; others, which the profile is
    not fitted by, tell its error. Keep the machine free meanwhile. Ctrl-C writes what can be fitted to what was
    measured. Needs pip install 'convcost[tensorflow]'. docs/bench.md says more.
    """
    from convcost.api import calibrate as calibrated
    from convcost.cli import options
    from convcost.cli.output import Delivery, warn
    from convcost.cli.progress import progress
    from convcost.cli.quiet import quiet
    from convcost.errors import ConvcostError
    from convcost.paths import YAML
    from convcost.table import View
    from convcost.writers.device_yaml import text_of

    if output.suffix not in YAML:
        raise ConvcostError(f"{output}: allowed: a name that ends in .yaml")
    delivery = Delivery(format_, None, what="calibration", beside=[output])
    chosen = options.dtypes(dtype)
    with progress() as tell, quiet():
        found = calibrated(output.stem, dtypes=chosen, threads=threads, seconds=seconds, tell=tell)
    for missing in found.missing:
        warn(f"not measured: {missing}")
    delivery.give("calibration", found, view=View(), more=[(output, text_of(found.device))])
    if found.interrupted:
        raise typer.Exit(130)
