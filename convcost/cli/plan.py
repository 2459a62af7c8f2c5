"""`convcost plan`: which layers to replace, and by what, to meet limits at the least loss."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convcost.cli.options import Batch, ChartFormat, DeviceName, Dtype, InputShape, Keep, Raw, Set


def plan(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a YAML spec.")],
    max_: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="METRIC=LIMIT",
            help="macs, flops, params (300M), weight_bytes, peak_activation_bytes (5MiB). Repeatable.",
        ),
    ] = None,
    min_energy: Annotated[
        float, typer.Option("--min-energy", min=0, max=1, metavar="E", help="What every replaced kernel must keep.")
    ] = 0.0,
    keep: Keep = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variants",
            metavar="NAME[(key=value)][:GLOB]",
            help="Only these; all with a fit, unless told. One without settings stands for all ranks. Repeatable.",
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option("--samples", metavar="X.npy", help="Measure losses on these inputs. Needs TensorFlow."),
    ] = None,
    front: Annotated[bool, typer.Option("--front", help="The least loss at other limits of MACs too.")] = False,
    input_shape: InputShape = None,
    batch: Batch = 1,
    set_: Set = None,
    device: DeviceName = None,
    dtype: Dtype = None,
    raw: Raw = False,
    format_: ChartFormat = "table",
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="[FORMAT:]PATH",
            help="Write a file too: the plan itself (.yaml, plan:), or a report. Repeatable.",
        ),
    ] = None,
) -> None:
    """Which layers to replace to meet limits at the least loss.

    \b
    convcost plan model.keras --max macs=300M -o plan.yaml
    convcost plan model.keras --max macs=300M --max params=5M --keep 'stem*' --min-energy 0.8
    convcost plan model.keras --max macs=300M --variants separable --samples images.npy
    convcost plan model.keras --front
    convcost plan model.keras --max macs=300M --device raspberry-pi-4

    The plan is proven optimal for losses that add up. A loss is the energy that a kernel loses, times the layer's share
    of the MACs; with --samples, the measured error of the layer's output; without weights, the number of changes.
    Several limits need the extra convcost[planner]. convcost rewrite carries a plan out.
    """
    from convcost.api import plan as planned
    from convcost.cli import options
    from convcost.cli import output as out
    from convcost.cli.progress import progress
    from convcost.errors import ConvcostError
    from convcost.planning.plan_file import text_of
    from convcost.table import View

    limits = options.limits(max_)
    if front and "peak_activation_bytes" in limits:
        raise ConvcostError("--front goes without a limit on peak_activation_bytes, which does not add up over layers")
    if not limits and not front:
        raise ConvcostError("--max is missing, such as --max macs=300M; --front shows what other limits would take")
    plans, reports = options.plan_targets(output)
    if plans and not limits:
        raise ConvcostError("-o: a plan needs a limit, such as --max macs=300M")
    inputs = options.inputs(device, model, samples)
    delivery = out.Delivery(format_, reports, inputs=inputs, what="planning", beside=plans)
    with progress() as tell:
        result = planned(
            model,
            limits,
            variants=variants or (),
            keep=keep or (),
            min_energy=min_energy,
            samples=samples,
            front=front,
            input_shape=options.shapes(input_shape),
            batch=batch,
            parameters=options.parameters(set_),
            device=options.profile(device),
            dtype=dtype,
            tell=tell,
        )
    text = text_of(result.plan, str(model), limits, result.losses) if result.plan is not None else ""
    delivery.give("planning", result, view=View(raw=raw), more=[(path, text) for path in plans if text])
