"""How well a calibrated profile predicts: layers that it has not seen, which of two is quicker, whole networks.

    python benchmarks/calibration.py [--seconds 60] [--profile this-machine.yaml]

Needs the extra `tensorflow`; about six minutes, on a machine that does nothing else. It calibrates, then measures
layers drawn by another seed, convolutions beside their separable twins, and MobileNetV1, ResNet50 and EfficientNetB0,
and prints Markdown. `--layers` prints the table of ten layers of docs/bench.md instead. With `--profile` that file is
written, or, where it is there already, used instead of calibrating anew.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from convcost import api, units
from convcost.cli.progress import progress
from convcost.cli.quiet import quiet
from convcost.device import Device
from convcost.layers.convolution import Conv2D, SeparableConv2D
from convcost.measuring.benching import STEPS, benched_layer
from convcost.measuring.calibrating import FITTED, UNSEEN, UNSEEN_COUNTS, Measured, calibration, measure
from convcost.measuring.engine import DTYPES
from convcost.measuring.litert import LiteRt
from convcost.measuring.specimens import COUNTS, Specimen, specimens
from convcost.measuring.timing import Pace
from convcost.memory.footprint import with_dtype
from convcost.model import Model
from convcost.profile import profile
from convcost.readers.device_yaml import read_device
from convcost.readers.keras_live import read_live
from convcost.roofline import estimated
from convcost.writers.device_yaml import text_of

OTHERS = 3
"""The seed of the layers that neither calibrating nor its errors have seen."""

OTHER_COUNTS = {"convolution": 24, "pointwise": 20, "depthwise": 20, "dense": 6, "pooling": 4, "merge": 4}
PAIRS = (
    (3, 32, 112, 1), (16, 32, 112, 1), (16, 16, 56, 1), (24, 48, 56, 2), (32, 64, 56, 1), (64, 64, 28, 1),
    (64, 128, 56, 2), (96, 96, 14, 1), (128, 128, 28, 1), (128, 256, 14, 1), (256, 256, 14, 2), (512, 512, 7, 1),
)  # fmt: skip
"""Channels, filters, height and strides of 3×3 convolutions, each beside its separable twin."""

NETWORKS = ("MobileNet", "ResNet50", "EfficientNetB0")
FAR_APART = 1.2
"""Times of a pair whose ratio is above that have an order that a prediction should get right."""

LAYERS = (
    (3, 128, 3, 5), (3, 32, 3, 224), (16, 16, 3, 112), (16, 32, 3, 112), (32, 64, 3, 112),
    (64, 64, 3, 56), (128, 128, 3, 28), (256, 256, 3, 14), (512, 512, 3, 7), (64, 64, 5, 28),
)  # fmt: skip
"""Channels, filters, kernel and height of the table in docs/bench.md."""


def predicted(model: Model, dtype: str, device: Device) -> float:
    estimate = estimated(profile(with_dtype(model, dtype)), device).estimate
    assert estimate is not None
    return estimate.seconds


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def errors(wanted: Sequence[Specimen], measured: Measured, device: Device) -> Iterator[str]:
    """Errors of the predicted time by dtype and kind."""
    yield row("dtype", "kind", "layers", "median error", "9 of 10 below")
    yield row(*["---"] * 5)
    for dtype in DTYPES:
        found: dict[str, list[float]] = {}
        for one in wanted:
            seconds = measured.outcomes[one, dtype].median
            if seconds:
                found.setdefault(one.kind, []).append(abs(predicted(one.model, dtype, device) / seconds - 1))
        found["all kinds"] = [error for of_kind in found.values() for error in of_kind]
        for kind, of_kind in found.items():
            ninety = sorted(of_kind)[9 * len(of_kind) // 10]
            yield row(dtype, kind, len(of_kind), f"{median(of_kind):.1%}", f"{ninety:.1%}")


def twins() -> list[tuple[Specimen, Specimen]]:
    made = []
    for channels, filters, height, strides in PAIRS:
        window = {"filters": filters, "kernel_size": 3, "strides": strides, "padding": "same"}
        shapes = ((height, height, channels),)
        rules = (Conv2D(**window), SeparableConv2D(**window))
        made.append(tuple(Specimen("convolution", rule, shapes) for rule in rules))
    return made  # type: ignore[return-value]


def orders(measured: Measured, device: Device) -> Iterator[str]:
    """How often the quicker one is predicted to be: of a layer and its twin, and of any two of all those layers."""
    yield row("dtype", "pairs", "more than 20 % apart", "order right")
    yield row(*["---"] * 4)
    pairs = twins()
    everything = [one for pair in pairs for one in pair]
    for dtype in DTYPES:
        for what, chosen in (("standard and separable", pairs), ("any two", list(combinations(everything, 2)))):
            right = apart = 0
            for first, second in chosen:
                times = [measured.outcomes[one, dtype].median or 0.0 for one in (first, second)]
                if min(times) and max(times) / min(times) > FAR_APART:
                    apart += 1
                    guess = [predicted(one.model, dtype, device) for one in (first, second)]
                    right += (times[0] < times[1]) == (guess[0] < guess[1])
            yield row(f"{dtype}, {what}", len(chosen), apart, f"{right} ({right / max(apart, 1):.0%})")


def networks(device: Device, threads: int) -> Iterator[str]:
    """Whole networks, predicted and measured."""
    import keras

    engine, models, files = LiteRt(), {}, {}
    with tempfile.TemporaryDirectory() as folder, progress() as tell, quiet():
        for name in NETWORKS:
            models[name] = read_live(getattr(keras.applications, name)(weights=None))
            for dtype in DTYPES:
                path = Path(folder) / f"{name}.{dtype}.tflite"
                path.write_bytes(engine.converted(models[name], {}, dtype))
                files[f"{name}, {dtype}"] = path
        outcomes = engine.timed(files, Pace(10, 4.0), threads, tell).outcomes
    yield row("network", "dtype", "predicted", "measured", "predicted / measured")
    yield row(*["---"] * 5)
    for name, model in models.items():
        for dtype in DTYPES:
            told, seconds = predicted(model, dtype, device), outcomes[f"{name}, {dtype}"].median
            assert seconds is not None
            yield row(name, dtype, units.duration(told), units.duration(seconds), f"{told / seconds:.2f}")


def layers(device: Device, threads: int) -> Iterator[str]:
    """MAC reduction, estimated and measured speed-up of the depthwise and pointwise steps, for ten layers."""
    yield row("layer", "MAC reduction", *(f"{dtype}, {what}" for dtype in DTYPES for what in ("estimated", "measured")))
    yield row(*["---"] * 6)
    for channels, filters, kernel, height in LAYERS:
        with quiet():
            comparison = api.compare(channels, filters, kernel, height)
            timing = {"dtypes": DTYPES, "threads": threads, "pace": Pace(10, 0.5), "variants": False}
            comparison = benched_layer(comparison, device=device, engine=LiteRt(), **timing)
        bench = comparison.bench
        assert bench is not None
        steps = [one for one in bench.candidates if one.variant == STEPS]
        cells = [units.factor(ratio(one)) for one in steps for ratio in (bench.estimated_speed_up, bench.speed_up)]
        name = f"{channels} → {filters}, {kernel}×{kernel}, on {height}×{height}"
        yield row(name, units.factor(bench.reduction_factor(steps[0])), *cells)


def profiled(path: Path | None, seconds: float, threads: int) -> Device:
    """The profile of a file, or a new one, which is written to it."""
    if path is not None and path.exists():
        return read_device(path)
    with progress() as tell, quiet():
        found = calibration("this-machine", threads=threads, seconds=seconds, engine=LiteRt(), tell=tell)
    if path is not None:
        path.write_text(text_of(found.device), encoding="utf-8")
    return found.device


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0, help="for the measuring of the calibration")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--layers", action="store_true", help="the table of ten layers alone")
    asked = parser.parse_args()
    device = profiled(asked.profile, asked.seconds, asked.threads)
    print(f"Measured on {device.title}, {device.date}.\n")
    if asked.layers:
        print(*layers(device, asked.threads), sep="\n")
        return
    known = specimens(FITTED, COUNTS)
    seen = frozenset([*known, *specimens(UNSEEN, UNSEEN_COUNTS, frozenset(known))])
    others = specimens(OTHERS, OTHER_COUNTS, seen)
    pairs = [one for pair in twins() for one in pair]
    with progress() as tell, quiet():
        measured = measure([*others, *pairs], DTYPES, asked.threads, Pace(8, 0.2), LiteRt(), tell)
    print(*errors(others, measured, device), "", *orders(measured, device), "", sep="\n", flush=True)
    print(*networks(device, asked.threads), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
