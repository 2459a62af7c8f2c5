"""Which convolutions can be replaced, which should be, at what width, and the model in which they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from convcost.api.analysis import analyze, what_if_of
from convcost.api.loading import by_name, device_of, load, profile_of, typed
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.telling import Tell
from convcost.variants import parse

if TYPE_CHECKING:
    from convcost.device import Device
    from convcost.kernels.kernel_scores import Separability
    from convcost.planning.planner import Planning
    from convcost.rewriting import Rewriting
    from convcost.widening import Widening


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

    shapes = by_name(input_shape)
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

    profiled = device_of(device)
    model = typed(load(source, parameters), dtype)
    shapes = by_name(input_shape)
    report = profile_of(model, shapes, batch, profiled)
    path = Path(source) if isinstance(source, str | Path) else None
    choices = [parse(text) for text in variants]
    made, losses = offers(path, model, report, choices, keep, min_energy, Path(samples) if samples else None, tell)
    points = planner.front(report, made, limits) if front else ()
    found = planner.plan(model, report, made, limits) if limits else None
    if found is not None and profiled is not None:
        chosen = [f"{one.variant}:{one.path}" for one in found.replacements]
        report = msgspec.structs.replace(report, what_if=what_if_of(model, report, chosen, ()))
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
