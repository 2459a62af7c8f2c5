"""convcost from Python: `analyze` a model, `compare` a layer. The command line prints what these return."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from convcost.comparison import Comparison, compared
from convcost.errors import ConvcostError
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers import read
from convcost.readers.keras_live import read_live
from convcost.report import Report, WhatIf
from convcost.separability import convertible, judged
from convcost.variants.separable import separable

__all__ = ["analyze", "compare", "load"]


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
) -> Report:
    """What a model costs, layer by layer, as it is and with every convertible convolution made separable.

    Args:
        source: a path (`.keras` archive or YAML spec), a live Keras model, or a `Model`.
        input_shape: per sample, without the batch dimension; several inputs by name. Needed where the file leaves a
            dimension open.
        batch: samples; multiplies MACs, FLOPs and activation bytes.
        parameters: of a spec, instead of its own.
        what_if: whether to add `separable` to convolutions and `what_if` to the report.

    Raises:
        ConvcostError: the file cannot be read, a shape is missing, or a layer cannot take the shape it is given.
    """
    model = load(source, parameters)
    shapes = input_shape if isinstance(input_shape, Mapping) or input_shape is None else {"": tuple(input_shape)}
    report = profile(model, shapes, batch)
    if not what_if:
        return report
    report = judged(report)
    chosen = convertible(report)
    variant = profile(separable(model, report, chosen), shapes, batch) if chosen else report
    return msgspec.structs.replace(report, what_if=WhatIf("separable", chosen, variant))


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
) -> Comparison:
    """One 2-D convolution beside its depthwise separable twin, step by step.

    Args:
        size: height and width of the input; one int for both.

    Raises:
        ConvcostError: a setting is not allowed, with what was got and what is.
    """
    return compared(
        in_channels, filters, kernel_size, size, strides, dilation_rate, padding, groups, depth_multiplier, use_bias
    )
