"""Models timed on this machine: converted to `.tflite` in each dtype, and run by LiteRT in interleaved rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from convcost.comparison import Comparison
from convcost.device import Device
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.measuring.bench import AS_IT_IS, Bench, Candidate, Machine
from convcost.measuring.engine import DTYPES, Engine, Wanted, timed_models
from convcost.measuring.specimens import Specimen
from convcost.measuring.timing import Pace
from convcost.memory.footprint import with_dtype
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.report import Report
from convcost.roofline import estimated
from convcost.telling import Tell
from convcost.variants import apply, names, parse, variant_of
from convcost.variants.replacing import chain, replaced

STEPS = "depthwise + pointwise"


def benched(
    model: Model,
    variants: Sequence[str] | None = (),
    *,
    keep: Sequence[str] = (),
    dtypes: Sequence[str] = DTYPES,
    threads: int = 1,
    pace: Pace = Pace(),  # noqa: B008  (it never changes)
    device: Device | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    engine: Engine,
    tell: Tell | None = None,
) -> Bench:
    """A model as it is and under each variant by itself (`variants` empty: all), timed.

    Raises MeasureError where nothing could be measured; ConvcostError as `profile` and `parse` do.
    """
    report = profile(model, input_shapes)
    models = {AS_IT_IS: model}
    for text in variants or names():
        done = apply(model, report, [parse(text)], keep)
        if done.converted:
            models[text] = done.model
    return benched_models(model.name, models, dtypes, threads, pace, device, input_shapes, engine, tell)


def benched_layer(
    comparison: Comparison,
    *,
    dtypes: Sequence[str] = ("float32",),
    threads: int = 1,
    pace: Pace = Pace(),  # noqa: B008  (it never changes)
    device: Device | None = None,
    variants: bool = True,
    engine: Engine,
    tell: Tell | None = None,
) -> Comparison:
    """`comparison` with its layers timed: the standard one, the two steps of the separable one, and every variant.

    `variants` False: the first two alone.

    Raises MeasureError where nothing could be measured.
    """
    layer, shape = comparison.layer, comparison.input_shape
    alone = Specimen("convolution", layer, (shape,)).model
    window = {name: getattr(layer, name) for name in DepthwiseConv2D.__struct_fields__ if hasattr(layer, name)}
    depthwise = DepthwiseConv2D(**window, depth_multiplier=comparison.depth_multiplier)
    pointwise = Conv2D(filters=layer.filters, kernel_size=1, use_bias=layer.use_bias)
    models = {AS_IT_IS: alone, STEPS: replaced(alone, {"layer": chain([depthwise, pointwise])})}
    for one in comparison.alternatives if variants else ():
        if one.macs is not None and one.variant != "separable":  # its fused layer is converted to the two steps
            stand_in = variant_of(one.variant).stand_in(layer, (1, *shape))
            models[one.variant] = replaced(alone, {"layer": stand_in})
    bench = benched_models("layer", models, dtypes, threads, pace, device, None, engine, tell)
    return msgspec.structs.replace(comparison, bench=bench)


def benched_models(
    name: str,
    models: Mapping[str, Model],
    dtypes: Sequence[str],
    threads: int,
    pace: Pace,
    device: Device | None,
    input_shapes: Mapping[str, Shape] | None,
    engine: Engine,
    tell: Tell | None,
) -> Bench:
    """Models by variant, that of `AS_IT_IS` among them, in every dtype. Raises as `benched` does."""
    keys = [(variant, dtype) for dtype in dtypes for variant in models]
    reports = {(v, d): _report(models[v], d, input_shapes, device) for v, d in keys}
    wanted = {_named(v, d): Wanted(models[v], reports[v, d].input_shapes, d) for v, d in keys}
    timed = timed_models(wanted, pace, threads, engine, tell)
    return Bench(
        name,
        Machine(engine.processor(), threads, timed.runtime),
        pace,
        tuple(Candidate(v, d, reports[v, d], timed.outcomes[_named(v, d)]) for v, d in keys),
        timed.interrupted,
    )


def benched_file(
    path: Path, model: Model, threads: int, pace: Pace, device: Device | None, engine: Engine, tell: Tell | None
) -> Bench:
    """A `.tflite` file, whose Model this is, as it is."""
    report = profile(model)
    dtype = next((row.layer.policy.compute for row in report.rows if row.cost and row.cost.macs), "float32")
    timed = engine.timed({path.name: path}, pace, threads, tell)
    report = estimated(report, device) if device else report
    candidate = Candidate(AS_IT_IS, dtype, report, timed.outcomes[path.name])
    machine = Machine(engine.processor(), threads, timed.runtime)
    return Bench(model.name, machine, pace, (candidate,), timed.interrupted)


def _report(model: Model, dtype: str, shapes: Mapping[str, Shape] | None, device: Device | None) -> Report:
    report = profile(with_dtype(model, dtype), shapes)
    return estimated(report, device) if device else report


def _named(variant: str, dtype: str) -> str:
    return f"{variant or 'as it is'}, {dtype}"
