"""What a model costs: by the rules, as its framework traces it, under variants, and as other tools count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from convcost.api.loading import by_name, device_of, load, on_device, profile_of, typed
from convcost.errors import ConvcostError
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.report import Report, WhatIf
from convcost.separability import judged
from convcost.variants import apply, names, parse

if TYPE_CHECKING:
    from convcost.conventions.explanation import Explanation
    from convcost.device import Device
    from convcost.verification import Verification

ENGINES = ("file", "keras")
"""How a model is counted: by rules from what its file says, or from the graph that its framework traces."""


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
    shapes = by_name(input_shape)
    if engine != "file":
        others = list(variants) != ["separable"]
        asked: dict[str, object] = {"parameters": parameters, "variants": others, "keep": keep}
        asked |= {"convention": convention, "device": device, "dtype": dtype}
        _refuse_without_rules(engine, [name for name, value in asked.items() if value])
        return _traced(source, shapes, batch, what_if, imports)
    if convention is not None and device is not None:
        raise ConvcostError("a convention has counts of its own, which no device runs: convention or device, not both")
    profiled = device_of(device)
    model = typed(load(source, parameters), dtype)
    report = profile_of(model, shapes, batch, profiled)
    if convention is not None:
        from convcost.conventions.tools import named, under

        return under(report, named(convention))
    if not what_if:
        return report
    report = judged(report)
    return msgspec.structs.replace(report, what_if=what_if_of(model, report, variants, keep))


def what_if_of(model: Model, report: Report, variants: Sequence[str], keep: Sequence[str]) -> WhatIf:
    """`model`, whose profile is `report`, under these variants."""
    choices = [parse(text) for text in variants]
    done = apply(model, report, choices, keep)
    device = report.estimate.device if report.estimate else None
    then = on_device(profile(done.model, report.input_shapes, report.batch), device) if done.converted else report
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
    model = typed(load(source, parameters), dtype)
    report = analyze(model, input_shape=input_shape, batch=batch, what_if=False, device=device)
    return report, [what_if_of(model, report, [text], keep) for text in variants or names()]


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

    return verification(model, source, by_name(input_shape), imports)


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
