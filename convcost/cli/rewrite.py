"""`convcost rewrite`: a trained model with variants in the place of convolutions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli.options import InputShape, Keep, Set

if TYPE_CHECKING:
    from convcost.rewriting import Rewriting


def rewrite(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .keras archive; for -o OUT.yaml any model file.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT", help="The archive (.keras) or the spec (.yaml) to write."),
    ],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME[(key=value)][:GLOB]",
            help="What takes the place of convolutions. Repeatable: a layer goes to the last that names it.",
        ),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="A plan of `convcost plan`, instead of variants.")
    ] = None,
    keep: Keep = None,
    input_shape: InputShape = None,
    set_: Set = None,
) -> None:
    """A trained model with variants in the place of convolutions.

    \b
    convcost rewrite model.keras --plan plan.yaml -o smaller.keras
    convcost rewrite model.keras --variant 'separable(m=2):block*/*' --keep 'block1/*' -o smaller.keras
    convcost rewrite model.keras --variant mobilenet -o mobile.yaml

    Weights of separable, bsconv_u, spatial and low_rank are fitted from the trained kernels in closed form; those of
    the other variants are initialised anew. All other layers stay as they are, to the bit. Keras loads the archive;
    neither Keras nor TensorFlow is needed to write it.
    """
    from convcost.api import rewrite as written
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.planning.plan_file import broken_limits
    from convcost.writers.whole import refuse

    refuse([output], [model, plan] if plan else [model])
    result = written(
        model,
        output,
        variants=variant or (),
        keep=keep or (),
        plan=plan,
        input_shape=options.shapes(input_shape),
        parameters=options.parameters(set_),
    )
    broken = broken_limits(plan, result.after.totals) if plan else []
    for note in (*result.before.warnings, *result.notes, *broken):
        out.warn(note)
    out.show(_told(result, output))


def _told(result: Rewriting, output: Path) -> str:
    """The new layers, and what the model costs now."""
    from convcost.formats._plain import aligned
    from convcost.units import count, printable

    rows = [["layer", "variant", "weights"]]
    for one in result.layers:
        fate = "initialised anew" if one.energy is None else f"fitted, {one.energy:.1%} of the kernel's energy"
        rows.append([printable(one.path), one.variant, fate])
    if not result.weights:
        rows = [row[:-1] for row in rows]
    macs, params = (
        f"{count(getattr(before, what))} -> {count(getattr(after, what))}"
        for before, after in [(result.before.totals, result.after.totals)]
        for what in ("macs", "params")
    )
    return aligned(rows, [False] * len(rows[0])) + f"\n\n{printable(str(output))}: MACs {macs}, params {params}\n"
