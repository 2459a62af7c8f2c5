"""`convcost analyze`: where a model's cost sits, and what separable convolutions would save."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convcost.cli.options import Batch, ChartFormat, ChartOutput, DeviceName, Dtype, Import, InputShape, Keep, Raw, Set

if TYPE_CHECKING:
    from convcost.report import Report


def analyze(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="A file that Keras wrote, or a YAML spec.")],
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="KEY",
            help="macs, params, flops, weight_bytes, activation_bytes, saving, seconds or name.",
        ),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Only the first N lines.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GLOB", help="Only layers at these paths. Repeatable.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Only layers of this kind. Repeatable.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", min=1, metavar="N", help="Nested models as a tree of N levels, with sums.")
    ] = None,
    separable: Annotated[
        bool, typer.Option("--separable/--no-separable", help="Whether to show the separable what-if.")
    ] = True,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME[(key=value)][:GLOB]",
            help="What the what-if does; separable, unless told. Repeatable: a layer goes to the last that names it.",
        ),
    ] = None,
    keep: Keep = None,
    convention: Annotated[
        str | None,
        typer.Option(
            "--convention",
            metavar="NAME",
            help="Count as paper, fvcore, ptflops, thop, torchinfo, calflops, flop-counter or tf-profiler; no what-if.",
        ),
    ] = None,
    device: DeviceName = None,
    dtype: Dtype = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="file|keras",
            help="file: read the file, run nothing. keras: load and trace the model, which runs its code.",
        ),
    ] = "file",
    import_: Import = None,
    flops: Annotated[bool, typer.Option("--flops", help="Add a column of FLOPs (2·MACs and all other).")] = False,
    raw: Raw = False,
    format_: ChartFormat = "table",
    output: ChartOutput = None,
) -> None:
    """Where a model's cost sits, and what separable would save.

    \b
    convcost analyze model.keras
    convcost analyze model.keras --sort macs --top 10
    convcost analyze model.keras --input-shape 224x224x3
    convcost analyze configs/mobilenet_v1.yaml --set alpha=0.5
    convcost analyze model.keras --kind Conv2D --raw -o report.json -o layers.csv
    convcost analyze model.keras --variant 'separable(m=2)' --keep 'stem*'
    convcost analyze model.keras --convention fvcore
    convcost analyze model.keras --device raspberry-pi-4 --dtype int8
    convcost analyze zoo/*.keras
    convcost analyze model.keras --engine keras --import my_layers
    convcost analyze my_package.models:build_model --engine keras --input-shape 224x224x3

    The file is read, never run. MACs are those of one sample; a layer that no rule knows is shown as unknown, and the
    totals then say so. With --engine keras the model is loaded and traced instead, by the Keras that wrote it: then
    its code runs, that of imported modules, and that of a function that builds a model (package.module:function).
    """
    from convcost.api import analyze as analyzed
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.cli.quiet import quiet
    from convcost.table import View

    _refuse_alone(sort, device, import_, engine)
    what = "report" if len(models) == 1 else "reports"
    delivery = out.Delivery(format_, output, inputs=options.inputs(device, *models), what=what)
    shapes, values, profile = options.shapes(input_shape), options.parameters(set_), options.profile(device)

    def read(model: Path) -> Report:
        with nullcontext() if engine == "file" else quiet():
            return analyzed(
                model,
                input_shape=shapes,
                batch=batch,
                parameters=values,
                what_if=separable,
                variants=variant or ["separable"],
                keep=keep or (),
                convention=convention,
                device=profile,
                dtype=dtype,
                engine=engine,
                imports=import_ or (),
            )

    reports, code = _each(models, read)
    if engine == "file" and any(one.uncounted and one.format in out.LOADED_BY_KERAS for one in reports):
        out.hint("--engine keras counts what no rule does, by running the model's code (convcost analyze --help)")
    view = View(
        sort,
        top,
        tuple(only or ()),
        tuple(kind or ()),
        depth,
        separable=separable and convention is None,
        flops=flops,
        raw=raw,
        device=device is not None,
    )
    if reports:
        delivery.give(what, reports[0] if len(models) == 1 else reports, view=view)
    if code:
        raise typer.Exit(code)


def _refuse_alone(sort: str | None, device: str | None, imports: list[str] | None, engine: str) -> None:
    """Raises ConvcostError where an option lacks the one that it goes with, or nothing is sorted by that."""
    from convcost.errors import ConvcostError
    from convcost.table import SORTS

    if sort is not None and sort not in SORTS:
        raise ConvcostError(f"--sort: got {sort!r}, allowed: {', '.join(SORTS)}")
    if imports and engine == "file":
        raise ConvcostError("--import goes with --engine keras: without it no code runs")
    if sort == "seconds" and device is None:
        raise ConvcostError("--sort seconds goes with --device: without it there are no times")


def _each(models: list[Path], read: Callable[[Path], Report]) -> tuple[list[Report], int]:
    """The reports of all models that can be read, and the exit code that the others make.

    Raises ConvcostError where the only model cannot be.
    """
    from convcost.cli import output as out
    from convcost.errors import ConvcostError

    reports, code = [], 0
    for model in models:
        try:
            report = read(model)
        except ConvcostError as error:
            if len(models) == 1:
                raise
            out.error(str(error))  # the other files are still worth a look
            code = max(code, error.exit_code)
            continue
        reports.append(report)
        for warning in report.warnings:
            out.warn(warning)
        if report.estimate is not None:
            from convcost.speedups import parting

            if parted := parting(report):
                out.warn(parted if len(models) == 1 else f"{model}: {parted}")
    return reports, code
