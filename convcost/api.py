"""convcost from Python: `analyze` a model, `compare` a layer. The command line prints what these return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from convcost.comparison import Comparison, compared, timed
from convcost.errors import ConvcostError
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers import read
from convcost.readers.keras_live import read_live
from convcost.report import Report, WhatIf
from convcost.separability import judged
from convcost.variants import apply, names, parse

if TYPE_CHECKING:
    from fractions import Fraction

    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.measuring.bench import Bench
    from convcost.measuring.calibration import Calibration
    from convcost.planning.planner import Planning
    from convcost.rewriting import Rewriting
    from convcost.sweeping.axes import Axis
    from convcost.sweeping.front import Objective
    from convcost.sweeping.sweep import Sweep
    from convcost.verification import Verification
    from convcost.widening import Widening

__all__ = [
    "ENGINES",
    "analyze",
    "bench",
    "build",
    "calibrate",
    "compare",
    "explain",
    "export",
    "load",
    "plan",
    "rewrite",
    "separability",
    "sweep",
    "under_variants",
    "verify",
    "widen",
]

ENGINES = ("file", "keras")
"""How a model is counted: by rules from what its file says, or from the graph that its framework traces."""

Tell = Callable[[int, int, str], None]
"""Is told how many of how many layers are done, and which is next."""


def load(source: Any, parameters: Mapping[str, Any] | None = None) -> Model:
    """The Model of a file (path or string), or of a live Keras model; a Model is returned as it is.

    `parameters` override those of a spec. Raises ConvcostError where nothing reads the file.
    """
    if isinstance(source, Model):
        return source
    if isinstance(source, str | Path):
        return read(Path(source), parameters or {})
    if hasattr(source, "to_json"):
        return read_live(source)
    raise ConvcostError(f"cannot analyze a {type(source).__name__}; allowed: a path, a Keras model, a convcost Model")


def analyze(
    source: Any,
    *,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    parameters: Mapping[str, Any] | None = None,
    what_if: bool = True,
    variants: Sequence[str] = ("separable",),
    keep: Sequence[str] = (),
    convention: str | None = None,
    device: Device | str | Path | None = None,
    dtype: str | None = None,
    engine: str = "file",
    imports: Sequence[str] = (),
) -> Report:
    """What a model costs, layer by layer, as it is and under a variant.

    Args:
        source: a path (`.keras` archive or YAML spec), a live Keras model, or a `Model`; with engine "keras" also a
            function that builds a model, `package.module:function`.
        input_shape: per sample, without the batch dimension; several inputs by name. Needed where the file leaves a
            dimension open.
        batch: samples; multiplies MACs, FLOPs and activation bytes.
        parameters: of a spec, instead of its own.
        what_if: whether to add `separable` to convolutions and `what_if` to the report.
        variants: what the what-if does, `NAME[(key=value,…)][:GLOB]` each; a layer goes to the last that names it.
        keep: globs of layers that the what-if leaves alone.
        convention: count as this tool does (`convcost.conventions.tools`); there is no what-if then.
        device: estimate the time that every layer takes on it: the name of a profile, or the path of one (`.yaml`).
        dtype: of weights and activations that are floats, instead of what the layers' policies say.
        engine: "file", or "keras": load and trace the model with the framework that wrote it. Its code runs. The report
            has no what-if then, since there is no graph to convert, but the separable twin of every convolution.
        imports: modules that the engine "keras" imports first: they register custom classes.

    Raises:
        ConvcostError: the file cannot be read, a shape is missing, a layer cannot take the shape it is given, or the
            device is not known or has no ceiling for the dtype of a layer.
        MeasureError: the engine "keras" lacks a framework, or the framework cannot load or trace the model.
    """
    shapes = _by_name(input_shape)
    if engine != "file":
        others = list(variants) != ["separable"]
        asked: dict[str, object] = {"parameters": parameters, "variants": others, "keep": keep}
        asked |= {"convention": convention, "device": device, "dtype": dtype}
        _refuse_without_rules(engine, [name for name, value in asked.items() if value])
        return _traced(source, shapes, batch, what_if, imports)
    if convention is not None and device is not None:
        raise ConvcostError("a convention has counts of its own, which no device runs: convention or device, not both")
    profiled = None if device is None else _device(device)
    model = _typed(load(source, parameters), dtype)
    report = _profile(model, shapes, batch, profiled)
    if convention is not None:
        from convcost.conventions.tools import named, under

        return under(report, named(convention))
    if not what_if:
        return report
    report = judged(report)
    return msgspec.structs.replace(report, what_if=_what_if(model, report, variants, keep))


def _typed(model: Model, dtype: str | None) -> Model:
    if dtype is None:
        return model
    from convcost.memory.footprint import with_dtype

    return with_dtype(model, dtype)


def _device(given: Device | str | Path) -> Device:
    """A device, or the one of that name or in that file."""
    from convcost.device import Device
    from convcost.readers.device_yaml import device

    return given if isinstance(given, Device) else device(str(given))


def _profile(model: Model, shapes: Mapping[str, Shape] | None, batch: int, device: Device | None) -> Report:
    """The report of a model, with an estimate where there is a device."""
    report = profile(model, shapes, batch)
    if device is None:
        return report
    from convcost.roofline import estimated

    return estimated(report, device)


def _by_name(input_shape: Shape | Mapping[str, Shape] | None) -> Mapping[str, Shape] | None:
    return input_shape if isinstance(input_shape, Mapping) or input_shape is None else {"": tuple(input_shape)}


def _refuse_without_rules(engine: str, asked: Sequence[str]) -> None:
    """Raises ConvcostError where an engine does not exist, or is asked for what rules alone can do."""
    if engine not in ENGINES:
        raise ConvcostError(f"engine: got {engine!r}, allowed: {', '.join(ENGINES)}")
    if asked:
        raise ConvcostError(f"the engine 'keras' takes no {' or '.join(asked)}: these need the rules of a whole graph")


def _traced(
    source: Any, shapes: Mapping[str, Shape] | None, batch: int, what_if: bool, imports: Sequence[str]
) -> Report:
    """The report of a model that its framework traces."""
    from convcost.engine.counting import counted

    report = counted(source, shapes, batch, imports)
    return judged(report) if what_if else report


def verify(
    source: Any, *, input_shape: Shape | Mapping[str, Shape] | None = None, imports: Sequence[str] = ()
) -> Verification:
    """Compare what the rules say of a model with what the framework that wrote it has and multiplies, layer by layer.

    The framework loads and traces the model; code that is in the file itself (a Lambda layer's) does not run.

    Args:
        source: a path, or a live Keras model.
        imports: modules to import first: they register custom classes.

    Raises:
        ConvcostError: the model cannot be read, or is a spec, or a shape is missing.
        MeasureError: a framework is missing, or cannot load or trace the model.
    """
    model = load(source)
    if model.format == "spec" or isinstance(source, Model):
        raise ConvcostError(f"{model.source}: a spec is no model that Keras can load; verify takes a Keras model")
    from convcost.engine.verify import verification

    return verification(model, source, _by_name(input_shape), imports)


def _what_if(model: Model, report: Report, variants: Sequence[str], keep: Sequence[str]) -> WhatIf:
    """`model`, whose profile is `report`, under these variants."""
    choices = [parse(text) for text in variants]
    done = apply(model, report, choices, keep)
    device = report.estimate.device if report.estimate else None
    then = _profile(done.model, report.input_shapes, report.batch, device) if done.converted else report
    fates = ", ".join(dict.fromkeys(choice.variant.weights for choice in choices))
    return WhatIf(" ".join(map(str, choices)), done.converted, then, done.refused, fates)


def under_variants(
    source: Any,
    *,
    variants: Sequence[str] = (),
    keep: Sequence[str] = (),
    input_shape: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    parameters: Mapping[str, Any] | None = None,
    device: Device | str | Path | None = None,
    dtype: str | None = None,
) -> tuple[Report, list[WhatIf]]:
    """What a model costs, and what it would cost under each variant by itself (all of them, if none is named).

    Raises ConvcostError as `analyze` does.
    """
    model = _typed(load(source, parameters), dtype)
    report = analyze(model, input_shape=input_shape, batch=batch, what_if=False, device=device)
    return report, [_what_if(model, report, [text], keep) for text in variants or names()]


def separability(
    path: str | Path,
    *,
    fits: Sequence[str] = ("depthwise_first", "pointwise_first"),
    only: Sequence[str] = (),
    samples: str | Path | None = None,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    tell: Tell | None = None,
) -> Separability:
    """How well the trained kernels in a file bear each variant.

    Args:
        fits: of `kernels.fits.FITS`. "spatial" and "channel" take the eigenvalues of large matrices: seconds each.
        only: globs of layers.
        samples: a `.npy` file of inputs (`.npz` by name for several inputs). The model is then run, with TensorFlow,
            and the error of each layer's own output measured.
        tell: is told of the progress.

    Raises:
        ConvcostError: as `analyze` does; where the file has no weights, or a kernel is missing, of another shape, no
            float, or not finite.
    """
    from convcost.kernels.scoring import scored_file

    shapes = input_shape if isinstance(input_shape, Mapping) or input_shape is None else {"": tuple(input_shape)}
    model = load(path)
    return scored_file(Path(path), model, profile(model, shapes), fits, only, Path(samples) if samples else None, tell)


def plan(
    source: Any,
    limits: Mapping[str, int],
    *,
    variants: Sequence[str] = (),
    keep: Sequence[str] = (),
    min_energy: float = 0.0,
    samples: str | Path | None = None,
    front: bool = False,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    parameters: Mapping[str, Any] | None = None,
    device: Device | str | Path | None = None,
    dtype: str | None = None,
    tell: Tell | None = None,
) -> Planning:
    """Which convolutions to replace, and by what, so that the model meets the limits at the least loss.

    Args:
        source: as of `analyze`. Where it is a file with weights, a loss is the energy that a kernel loses.
        limits: the most of "macs", "flops", "params", "weight_bytes", "peak_activation_bytes". Without any there is no
            plan, but the front can be asked for.
        variants: `NAME[(key=value,…)][:GLOB]` each, instead of all that have a closed-form fit; one without settings
            stands for all its ranks.
        keep: globs of layers that stay.
        min_energy: the least share of a kernel's energy that a replacement must keep.
        samples: a `.npy` file: losses are measured on it, with TensorFlow.
        front: whether to add the least loss at other limits of MACs.
        device: estimate the times of the model and of the plan on it; the plan does not hang on them.
        dtype: as of `analyze`.

    Raises:
        ImpossibleError: no plan meets the limits; the message says how far the best one gets.
        MeasureError: two limits or more, without SciPy.
        ConvcostError: as `analyze` and `separability` do.
    """
    from convcost.planning import planner
    from convcost.planning.offers import offers

    profiled = None if device is None else _device(device)
    model = _typed(load(source, parameters), dtype)
    shapes = input_shape if isinstance(input_shape, Mapping) or input_shape is None else {"": tuple(input_shape)}
    report = _profile(model, shapes, batch, profiled)
    path = Path(source) if isinstance(source, str | Path) else None
    choices = [parse(text) for text in variants]
    made, losses = offers(path, model, report, choices, keep, min_energy, Path(samples) if samples else None, tell)
    points = planner.front(report, made, limits) if front else ()
    found = planner.plan(model, report, made, limits) if limits else None
    if found is not None and profiled is not None:
        chosen = [f"{one.variant}:{one.path}" for one in found.replacements]
        report = msgspec.structs.replace(report, what_if=_what_if(model, report, chosen, ()))
    return planner.Planning(report, limits, losses, found, points)


def widen(
    source: Any,
    *,
    variants: Sequence[str] = ("separable",),
    keep: Sequence[str] = (),
    parameter: str | None = None,
    metric: str = "macs",
    input_shape: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    parameters: Mapping[str, Any] | None = None,
) -> Widening:
    """The width at which a model under a variant costs what the model itself does: as much as that, or just less.

    Args:
        source: as of `analyze`; a path to a spec, where `parameter` is given.
        variants: as of `analyze`.
        keep: globs of layers that the variant leaves alone; they are widened with the others.
        parameter: of a spec, that is the width. Without it, the filters of all convolutions are multiplied.
        metric: "macs", "flops", "params" or "weight_bytes": what is to cost the same.

    Raises:
        ForbiddenError: a layer has a fixed size that does not go with the width.
        ConvcostError: as `analyze` does.
    """
    from convcost import widening

    given = dict(parameters or {})
    model = load(source, given)
    report = analyze(model, input_shape=input_shape, batch=batch, what_if=False)
    choices = [parse(text) for text in variants]

    def reader(width: Fraction) -> Model:
        return load(source, {**given, str(parameter): float(width)})

    return widening.widening(model, report, choices, keep, metric, parameter, reader)


def sweep(
    sources: Any,
    axes: Sequence[Axis],
    *,
    batch: int = 1,
    objectives: Sequence[Objective] = (),
    limits: Mapping[str, int] | None = None,
    separable: bool = True,
    tell: Tell | None = None,
) -> Sweep:
    """What a model, or each of several, costs over a grid of parameters and input shapes.

    Args:
        sources: as of `analyze`, one or a list.
        axes: what varies (`sweeping.axes.parameters({"alpha": "0.25:1:0.25"})`, `input_shapes({"": "128:224:32"})`).
        objectives: two metrics, whose Pareto front is marked.
        limits: by metric, the most that a configuration may have; others are left out.
        separable: whether to count the separable what-if as well, which takes as long again.
        tell: is told how many of how many configurations are done.

    Raises:
        ConvcostError: the configurations are too many, or none of a model is valid; else as `analyze` does.
    """
    from convcost.sweeping.sweep import sweep as swept

    given = list(sources) if isinstance(sources, list | tuple) else [sources]
    readers = {str(one): _reader(one) for one in given}
    if len(readers) < len(given):
        raise ConvcostError("a model is given twice")
    name = ", ".join(dict.fromkeys(Path(one).stem for one in readers))
    return swept(name, readers, axes, batch, objectives, limits, separable, tell)


def _reader(source: Any) -> Callable[[Mapping[str, Any]], Model]:
    """The model of a source under given parameters; what has none is read once."""
    if isinstance(source, str | Path) and Path(source).suffix in (".keras", ".h5", ".tflite"):
        model = load(source)
        return lambda parameters: load(source, parameters) if parameters else model
    return lambda parameters: load(source, parameters)


def rewrite(
    source: str | Path,
    target: str | Path,
    *,
    variants: Sequence[str] = (),
    keep: Sequence[str] = (),
    plan: str | Path | None = None,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Rewriting:
    """Write a model in which variants take the place of convolutions, with weights fitted from the trained kernels.

    Args:
        source: a `.keras` archive of Keras 3; any model file where `target` is a spec.
        target: the `.keras` archive, or the `.yaml` spec, to write.
        variants: `NAME[(key=value,…)][:GLOB]` each; a layer goes to the last that names it.
        keep: globs of layers that are left alone.
        plan: a plan file, in the place of `variants`.

    Raises:
        ConvcostError: as `analyze` does; where a layer cannot be rewritten, with its name. Then nothing is written.
    """
    from convcost.rewriting import converted, rewritten

    model = load(source, parameters)
    report = analyze(model, input_shape=input_shape, what_if=False)
    done = converted(model, report, variants, keep, Path(plan) if plan is not None else None)
    return rewritten(Path(source), Path(target), model, report, done)


def export(source: Any, *, parameters: Mapping[str, Any] | None = None) -> str:
    """The spec of a model, as YAML: what it costs is what the model costs.

    Raises ConvcostError, with the layer's name, where a spec cannot say what a layer is.
    """
    from convcost.writers.spec_yaml import text_of

    return text_of(load(source, parameters))


def build(source: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
    """A new Keras model, with initial weights, of a spec (or of any model that convcost reads). Needs TensorFlow.

    Raises ConvcostError, with the layer's name, where Keras cannot make a layer.
    """
    from convcost.engine.build import built
    from convcost.sizing import sized
    from convcost.writers.keras_graph import model_entry

    model = sized(load(source, parameters))
    return built(model_entry(model, model.name), model.source)


def bench(
    source: str | Path,
    *,
    variants: Sequence[str] = (),
    keep: Sequence[str] = (),
    dtypes: Sequence[str] = ("float32", "int8"),
    threads: int = 1,
    rounds: int = 10,
    seconds: float = 1.0,
    device: Device | None = None,
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
        device: the estimates are for this one.
        tell: is told of the progress.

    Raises:
        MeasureError: an extra is missing, or nothing could be measured.
        ConvcostError: as `analyze` does.
    """
    from convcost.benching import benched, benched_file
    from convcost.litert import LiteRt
    from convcost.measuring.timing import Pace

    pace, model, shapes = Pace(rounds, seconds), load(source, parameters), _by_name(input_shape)
    if model.format == "tflite":
        if variants or keep or shapes:
            raise ConvcostError(f"{source}: a .tflite file is timed as it is; it takes no variant and no input shape")
        return benched_file(Path(source), model, threads, pace, device, LiteRt(), tell)
    return benched(
        model,
        variants,
        keep=keep,
        dtypes=dtypes,
        threads=threads,
        pace=pace,
        device=device,
        input_shapes=shapes,
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
    from convcost.calibrating import calibration
    from convcost.litert import LiteRt

    return calibration(name, dtypes=dtypes, threads=threads, seconds=seconds, engine=LiteRt(), tell=tell)


def explain(
    source: Any,
    *,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    batch: int = 1,
    parameters: Mapping[str, Any] | None = None,
) -> Explanation:
    """What other tools would print for a model, and where each difference comes from.

    Raises ConvcostError as `analyze` does.
    """
    from convcost.conventions.explanation import explained

    return explained(analyze(source, input_shape=input_shape, batch=batch, parameters=parameters, what_if=False))


def compare(
    in_channels: int,
    filters: int,
    kernel_size: int | tuple[int, ...],
    size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] = 1,
    dilation_rate: int | tuple[int, ...] = 1,
    padding: str = "same",
    groups: int = 1,
    depth_multiplier: int = 1,
    use_bias: bool = True,
    device: Device | str | Path | None = None,
    dtype: str = "float32",
    bench: Mapping[str, Any] | None = None,
) -> Comparison:
    """One 2-D convolution beside its depthwise separable twin, step by step.

    Args:
        size: height and width of the input; one int for both.
        device: estimate the times on it: the name of a profile, or the path of one.
        dtype: that the device computes in.
        bench: time the layers on this machine, in `dtypes`, on `threads`, in `rounds` of so many `seconds` in all.

    Raises:
        ConvcostError: a setting is not allowed, with what was got and what is.
        MeasureError: with `bench`, an extra is missing, or nothing could be measured.
    """
    profiled = None if device is None else _device(device)
    found = compared(
        in_channels, filters, kernel_size, size, strides, dilation_rate, padding, groups, depth_multiplier, use_bias
    )
    if profiled is not None:
        found = timed(found, profiled, dtype)
    if bench is None:
        return found
    from convcost.benching import benched_layer
    from convcost.litert import LiteRt
    from convcost.measuring.timing import Pace

    pace = Pace(bench.get("rounds", 10), bench.get("seconds", 1.0))
    return benched_layer(
        found,
        dtypes=bench.get("dtypes", (dtype,)),
        threads=bench.get("threads", 1),
        pace=pace,
        device=profiled,
        engine=LiteRt(),
        tell=bench.get("tell"),
    )
