"""`convcost build`: a Keras model from a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Set


def build(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A YAML spec.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.keras", help="The archive to write.")],
    set_: Set = None,
) -> None:
    """A Keras model from a spec, with initial weights, ready to be trained. Needs TensorFlow.

    \b
    convcost build configs/mobilenet_v1.yaml -o mobilenet.keras
    convcost build configs/mobilenet_v1.yaml --set alpha=0.5 --set resolution=128 -o small.keras
    """
    from convcost.api import build as built
    from convcost.cli import options
    from convcost.errors import ConvcostError
    from convcost.writers.whole import replacing

    if output.suffix != ".keras":
        raise ConvcostError(f"{output}: allowed: a name that ends in .keras")
    model = built(spec, parameters=options.parameters(set_))
    with replacing(output, [spec]) as temporary:
        model.save(temporary)
