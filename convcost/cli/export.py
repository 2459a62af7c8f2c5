"""`convcost export`: a saved model as a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Set


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The spec to write. Default: standard output.")
    ] = None,
    set_: Set = None,
) -> None:
    """A saved model as a spec that people can read and change.

    \b
    convcost export model.keras -o model.yaml
    convcost export configs/mobilenet_v2.yaml --set alpha=0.5

    The spec costs what the model costs. Settings that Keras takes anyway are left out, and so are names that Keras
    gave; nested models become blocks. docs/spec.md describes the format.
    """
    from convcost.api import export as exported
    from convcost.cli import options
    from convcost.cli import output as out

    text = exported(model, parameters=options.parameters(set_))
    if output is None:
        out.show(text)
    else:
        out.write(output, text, inputs=[model])
