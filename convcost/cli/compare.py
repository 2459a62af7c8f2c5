"""`convcost compare`: one layer, explained."""

from __future__ import annotations

from typing import Annotated

import typer

from convcost.cli.options import DeviceName, Format, Output, Rounds, Seconds, Threads


def compare(
    in_: Annotated[int, typer.Option("--in", min=1, metavar="N", help="Channels of the input.")],
    out: Annotated[int, typer.Option("--out", min=1, metavar="N", help="Filters: channels of the output.")],
    k: Annotated[str, typer.Option("--k", metavar="K", help="Kernel size: 3, or 3x5.")] = "3",
    hw: Annotated[str, typer.Option("--hw", metavar="HW", help="Height and width of the input: 56, or 56x28.")] = "56",
    stride: Annotated[str, typer.Option("--stride", metavar="S", help="Strides: 2, or 2x1.")] = "1",
    dilation: Annotated[str, typer.Option("--dilation", metavar="D", help="Dilation rate.")] = "1",
    padding: Annotated[str, typer.Option("--padding", metavar="same|valid", help="Padding.")] = "same",
    groups: Annotated[int, typer.Option("--groups", min=1, metavar="G", help="Groups of the standard layer.")] = 1,
    depth_multiplier: Annotated[
        int, typer.Option("--depth-multiplier", min=1, metavar="M", help="Depthwise filters a channel.")
    ] = 1,
    bias: Annotated[bool, typer.Option("--bias/--no-bias", help="Whether the layers have a bias, as in Keras.")] = True,
    device: DeviceName = None,
    dtype: Annotated[
        str,
        typer.Option(
            "--dtype", metavar="TYPE", help="What the device computes in, such as int8; with --bench also float32,int8."
        ),
    ] = "float32",
    bench: Annotated[
        bool, typer.Option("--bench", help="Time the layer and all that can stand in for it on this machine.")
    ] = False,
    threads: Threads = 1,
    rounds: Rounds = 10,
    seconds: Seconds = 1.0,
    format_: Format = "table",
    output: Output = None,
) -> None:
    """One convolution beside its separable twin, explained.

    \b
    convcost compare --in 3 --out 128 --k 3 --hw 5
    convcost compare --in 64 --out 128 --k 3x5 --hw 56x28 --stride 2
    convcost compare --in 32 --out 1 --k 3 --hw 28
    convcost compare --in 64 --out 128 --device ethos-u55-128 --dtype int8
    convcost compare --in 64 --out 128 --bench --dtype float32,int8 --device this-machine.yaml

    --bench needs pip install 'convcost[tensorflow]'; docs/bench.md says more.
    """
    from convcost.api import bench_layer
    from convcost.api import compare as compared
    from convcost.cli import options
    from convcost.cli.output import Delivery
    from convcost.cli.progress import progress
    from convcost.cli.quiet import quiet
    from convcost.errors import ConvcostError
    from convcost.table import View

    def pair(text: str, option: str) -> tuple[int, ...]:
        allowed = "one size such as 3, or two such as 3x5"
        sizes = options.extents(text, option, allowed)
        if len(sizes) > 2:
            raise ConvcostError(f"{option}: got {text!r}, allowed: {allowed}")
        return sizes * 2 if len(sizes) == 1 else sizes

    if dtype != "float32" and device is None and not bench:
        raise ConvcostError("--dtype goes with --device or --bench: MACs and params are the same in every type")
    delivery = Delivery(format_, output, inputs=options.inputs(device), what="comparison")
    dtypes = options.dtypes(dtype) if bench else (dtype,)
    profile = options.profile(device)
    comparison = compared(
        in_,
        out,
        pair(k, "--k"),
        pair(hw, "--hw"),
        strides=pair(stride, "--stride"),
        dilation_rate=pair(dilation, "--dilation"),
        padding=padding,
        groups=groups,
        depth_multiplier=depth_multiplier,
        use_bias=bias,
        device=profile,
        dtype=dtypes[0],
    )
    if bench:
        with progress() as tell, quiet():
            comparison = bench_layer(
                comparison, dtypes=dtypes, threads=threads, rounds=rounds, seconds=seconds, device=profile, tell=tell
            )
    delivery.give("comparison", comparison, view=View())
    if comparison.bench is not None and comparison.bench.exit_code:
        raise typer.Exit(comparison.bench.exit_code)
