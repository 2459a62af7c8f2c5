"""Models timed on this machine, and its profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.api.loading import by_name, device_of, load
from convcost.errors import ConvcostError
from convcost.model import Shape
from convcost.telling import Tell

if TYPE_CHECKING:
    from convcost.comparison import Comparison
    from convcost.device import Device
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration


def bench(
    source: str | Path,
    *,
    variants: Sequence[str] = (),
    keep: Sequence[str] = (),
    dtypes: Sequence[str] = ("float32", "int8"),
    threads: int = 1,
    rounds: int = 10,
    seconds: float = 1.0,
    device: Device | str | Path | None = None,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    parameters: Mapping[str, Any] | None = None,
    tell: Tell | None = None,
) -> Bench:
    """A model and its variants, each by itself, timed on this machine by LiteRT.

    Args:
        source: a model file or a spec, which is built anew and converted, or a `.tflite` file, which runs as it is.
        variants: `NAME[(key=value,…)][:GLOB]` each; all, if none is named.
        keep: globs of layers that the variants leave alone.
        dtypes: what to convert to.
        rounds: turns of each; `seconds`: how long all turns of one together take at least.
        device: the estimates are for this one: the name of a profile, or the path of one.
        tell: is told of the progress.

    Raises:
        MeasureError: an extra is missing, or nothing could be measured.
        ConvcostError: as `analyze` does.
    """
    from convcost.measuring.benching import benched, benched_file
    from convcost.measuring.litert import LiteRt
    from convcost.measuring.timing import Pace

    profiled, pace = device_of(device), Pace(rounds, seconds)
    model, shapes = load(source, parameters), by_name(input_shape)
    if model.format == "tflite":
        if variants or keep or shapes:
            raise ConvcostError(f"{source}: a .tflite file is timed as it is; it takes no variant and no input shape")
        return benched_file(Path(source), model, threads, pace, profiled, LiteRt(), tell)
    return benched(
        model,
        variants,
        keep=keep,
        dtypes=dtypes,
        threads=threads,
        pace=pace,
        device=profiled,
        input_shapes=shapes,
        engine=LiteRt(),
        tell=tell,
    )


def bench_layer(
    comparison: Comparison,
    *,
    dtypes: Sequence[str] = ("float32",),
    threads: int = 1,
    rounds: int = 10,
    seconds: float = 1.0,
    device: Device | str | Path | None = None,
    tell: Tell | None = None,
) -> Comparison:
    """What `compare` returns, with its layers timed on this machine: arguments are as of `bench`.

    Raises MeasureError where an extra is missing, or nothing could be measured.
    """
    from convcost.measuring.benching import benched_layer
    from convcost.measuring.litert import LiteRt
    from convcost.measuring.timing import Pace

    return benched_layer(
        comparison,
        dtypes=dtypes,
        threads=threads,
        pace=Pace(rounds, seconds),
        device=device_of(device),
        engine=LiteRt(),
        tell=tell,
    )


def calibrate(
    name: str = "this-machine",
    *,
    dtypes: Sequence[str] = ("float32", "int8"),
    threads: int = 1,
    seconds: float = 60.0,
    tell: Tell | None = None,
) -> Calibration:
    """A profile of this machine, by layers that are timed on it, and its error on others.

    Args:
        name: of the profile.
        seconds: for all measuring; converting comes on top.

    Raises MeasureError where an extra is missing, or too little could be measured.
    """
    from convcost.measuring.calibrating import calibration
    from convcost.measuring.litert import LiteRt

    return calibration(name, dtypes=dtypes, threads=threads, seconds=seconds, engine=LiteRt(), tell=tell)
