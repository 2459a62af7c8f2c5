"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcost import units
from convcost.errors import ConvcostError
from convcost.paths import YAML

if TYPE_CHECKING:
    from convcost.device import Device

Format = Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="table, json, csv or markdown.")]
ChartFormat = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help="table, json, csv, markdown, html, svg or png.")
]
CheckFormat = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="table, json, markdown, html, svg, png, github, gitlab, junit, openmetrics or sarif.",
    ),
]
DiffFormat = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help="table, json, markdown, html, svg or png.")
]
Budget = Annotated[
    Path | None,
    typer.Option("--budget", metavar="FILE", help="The policy file. Default: convcost.yaml, here or above."),
]
Specs = Annotated[bool, typer.Option("--specs", help="Only the models of the policy that are specs.")]
Output = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="[FORMAT:]PATH", help="Write a file too; its suffix names the format. Repeatable."
    ),
]
ChartOutput = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="[FORMAT:]PATH",
        help="Write a file too; its suffix names the format: page.html, svg.CHART:peak.svg. Repeatable.",
    ),
]
InputShape = Annotated[
    list[str] | None,
    typer.Option(
        "--input-shape", metavar="[NAME=]224x224x3", help="Shape of an input, without the batch. Repeatable by name."
    ),
]
Import = Annotated[
    list[str] | None,
    typer.Option("--import", metavar="MODULE", help="Import this first: it registers classes of your own. Repeatable."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a parameter of a spec. Repeatable."),
]
Keep = Annotated[list[str] | None, typer.Option("--keep", metavar="GLOB", help="Leave these layers alone. Repeatable.")]
Dtypes = Annotated[
    str, typer.Option("--dtype", metavar="TYPES", help="What to convert to: float32, int8, or both with a comma.")
]
Threads = Annotated[int, typer.Option("--threads", min=1, max=256, metavar="N", help="Threads that LiteRT may use.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=1000, metavar="N", help="Rounds, a turn each for all.")]
Seconds = Annotated[
    float, typer.Option("--seconds", min=0.0, max=3600.0, metavar="S", help="Seconds for each candidate, all turns.")
]
DeviceName = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME|FILE",
        help="Estimate times on this device, of a profile that comes with convcost (convcost devices) or a .yaml file.",
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        "--dtype",
        metavar="TYPE",
        help="Of weights and activations, such as int8 or float16. Default: what the model's policy says.",
    ),
]
Batch = Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Samples at a time.")]
Raw = Annotated[bool, typer.Option("--raw", help="Exact integers.")]


def profile(device: str | None) -> Device | None:
    """The profile of that name, or in that file. Raises ConvcostError where there is none."""
    if device is None:
        return None
    from convcost.readers.device_yaml import device as named

    return named(device)


def inputs(device: str | None, *files: Path | None) -> list[Path]:
    """The files that a command reads: a model, samples, and the profile of `device`, where it is a file."""
    profile = Path(device) if device is not None and device.endswith(YAML) else None
    return [file for file in (*files, profile) if file is not None]


def shapes(given: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    """`224x224x3` -> {"": (224, 224, 3)}; `image=224x224x3` by name."""
    read = {}
    for text in given or ():
        name, equals, sizes = text.rpartition("=")
        read[name if equals else ""] = extents(sizes, "--input-shape", "sizes such as 224x224x3")
    return read


def extents(text: str, option: str, allowed: str) -> tuple[int, ...]:
    """`3x5` or `3×5` -> (3, 5). Raises ConvcostError naming the option."""
    sizes = units.extents(text)
    if sizes is None:
        raise ConvcostError(f"{option}: got {text!r}, allowed: {allowed}, each 1 or more")
    return sizes


def size(text: str | None, option: str) -> int | None:
    """`320KiB` -> 327680 bytes. Raises ConvcostError naming the option."""
    if text is None:
        return None
    from convcost.budget import quantities

    try:
        return quantities.size(text)
    except ValueError as error:
        raise ConvcostError(f"{option} {error}") from None


def dtypes(given: str) -> tuple[str, ...]:
    """`float32,int8` -> what to convert to. Raises ConvcostError where one is of another type."""
    from convcost.measuring.engine import DTYPES

    chosen = tuple(dict.fromkeys(part.strip() for part in given.split(",")))
    for name in chosen:
        if name not in DTYPES:
            raise ConvcostError(f"--dtype: got {name!r}, allowed: {', '.join(DTYPES)}, or both with a comma")
    return chosen


def fits(given: str | None) -> tuple[str, ...]:
    """`spatial,channel` -> those beside the two that are always quick; `all` -> all."""
    from convcost.kernels.fits import FITS, QUICK

    slow = FITS[len(QUICK) :]
    names = slow if given == "all" else tuple(filter(None, (name.strip() for name in (given or "").split(","))))
    for name in names:
        if name not in slow:
            raise ConvcostError(f"--fits: got {name!r}, allowed: {', '.join(slow)} or all")
    return (*QUICK, *names)


def limits(given: Sequence[str] | None) -> dict[str, int]:
    """`macs=300M` -> {"macs": 300000000}; of two for one metric the lower counts."""
    from convcost.budget.metrics import OF_MODEL
    from convcost.budget.quantities import quantity
    from convcost.planning.planner import METRICS
    from convcost.suggestions import did_you_mean

    read: dict[str, int] = {}
    for text in given or ():
        metric, equals, written = (part.strip() for part in text.partition("="))
        if not equals or metric not in METRICS:
            near = did_you_mean(metric, METRICS)
            raise ConvcostError(f"--max: got {text!r}{near}; allowed: METRIC=LIMIT, METRIC one of {', '.join(METRICS)}")
        try:
            limit = quantity(written, OF_MODEL[metric].unit)
        except ValueError as error:
            raise ConvcostError(f"--max {metric}: {error}") from None
        read[metric] = min(limit, read.get(metric, limit))
    return read


def plan_targets(given: Sequence[str] | None) -> tuple[list[Path], list[str]]:
    """The files that get the plan itself (`plan.yaml`, `plan:PATH`), and the others."""
    from convcost import formats

    plans, others = [], []
    for target in given or ():
        name, colon, path = target.partition(":")
        if colon and name == "plan":
            plans.append(Path(path))
        elif target.endswith(YAML) and not (colon and name.partition(".")[0] in formats.names()):
            plans.append(Path(target))
        else:
            others.append(target)
    return plans, others


def texts(given: Sequence[str] | None, option: str) -> dict[str, str]:
    """`alpha=0.5,1` -> {"alpha": "0.5,1"}; of an input shape without a name, by ""."""
    read: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.rpartition("=") if option == "--input-shape" else text.partition("=")
        if option != "--input-shape" and not (equals and name.strip()):
            raise ConvcostError(f"{option}: got {text!r}, allowed: NAME=VALUES such as alpha=0.25,0.5")
        if name.strip() in read:
            raise ConvcostError(f"{option}: {name.strip() or 'the input'} is given twice")
        read[name.strip()] = value
    return read


def parameters(given: Sequence[str] | None) -> dict[str, Any]:
    """`alpha=0.5` -> {"alpha": 0.5}; values are numbers, or texts that the spec checks."""
    read: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConvcostError(f"--set: got {text!r}, allowed: NAME=VALUE such as alpha=0.5")
        read[name.strip()] = units.number(value.strip())
    return read
