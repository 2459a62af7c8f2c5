"""`convcost devices`: the devices that times can be estimated for, and where their figures come from."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli.options import Format, Output


def devices(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE]", help="Show every figure of one, with its source.")
    ] = None,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """The devices that times can be estimated for, and where their figures come from.

    \b
    convcost devices
    convcost devices raspberry-pi-4
    convcost devices my-board.yaml --format json

    A figure is the vendor's, derived (from the vendor's clock and lanes, or its tools), published by others, or
    measured on the machine itself. docs/roofline.md describes the files.
    """
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.readers.device_yaml import device, known, read_device
    from convcost.table import View

    what = "devices" if name is None else "device"
    delivery = Delivery(format_, output, inputs=options.inputs(name), what=what)
    shown = [read_device(path) for path in known().values()] if name is None else device(name)
    delivery.give(what, shown, view=View())
