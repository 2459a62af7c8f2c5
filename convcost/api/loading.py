"""A model from whatever tells of one, its shapes, its dtype, and the device that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers import read
from convcost.readers.keras_live import read_live
from convcost.report import Report

if TYPE_CHECKING:
    from convcost.device import Device


def load(source: Any, parameters: Mapping[str, Any] | None = None) -> Model:
    """The Model of a file (path or string), or of a live Keras model; a Model is returned as it is.

    `parameters` override those of a spec. Raises ConvcostError where nothing reads the file, or it has none.
    """
    if isinstance(source, Model):
        model = source
    elif isinstance(source, str | Path):
        model = read(Path(source), parameters or {})
    elif hasattr(source, "to_json"):
        model = read_live(source)
    else:
        kind = type(source).__name__
        raise ConvcostError(f"cannot analyze a {kind}; allowed: a path, a Keras model, a convcost Model")
    if parameters and (source is model or model.format != "spec"):
        raise ConvcostError(
            f"{model.source or model.name}: it is no spec, and has no parameters; its input shapes can vary"
        )
    return model


def by_name(input_shape: Shape | Mapping[str, Shape] | None) -> Mapping[str, Shape] | None:
    return input_shape if isinstance(input_shape, Mapping) or input_shape is None else {"": tuple(input_shape)}


def typed(model: Model, dtype: str | None) -> Model:
    if dtype is None:
        return model
    from convcost.memory.footprint import with_dtype

    return with_dtype(model, dtype)


def device_of(given: Device | str | Path | None) -> Device | None:
    """A device, or the one of that name or in that file; None where none is given."""
    if given is None:
        return None
    from convcost.device import Device
    from convcost.readers.device_yaml import device

    return given if isinstance(given, Device) else device(str(given))


def profile_of(model: Model, shapes: Mapping[str, Shape] | None, batch: int, device: Device | None) -> Report:
    """The report of a model, with an estimate where there is a device.

    It warns where the weights hang on the input shape, and those in the file are for another one.
    """
    report = profile(model, shapes, batch)
    if shapes and model.format != "spec" and (others := _of_other_weights(model, report)):
        named = ", ".join(map(repr, others[:3])) + ("" if len(others) <= 3 else f" and {len(others) - 3} more")
        where = model.source or model.name
        told = f"{where}: with this input shape these layers have other weights than those in the file: {named}"
        report = msgspec.structs.replace(report, warnings=(*report.warnings, told))
    return on_device(report, device)


def on_device(report: Report, device: Device | None) -> Report:
    """The report with an estimate where there is a device."""
    if device is None:
        return report
    from convcost.roofline import estimated

    return estimated(report, device)


def _of_other_weights(model: Model, report: Report) -> list[str]:
    """The layers that have other weights at the input shape of the report than at that of the file."""
    try:
        as_saved = {row.path: row.params for row in profile(model).rows}
    except ConvcostError:  # a size is open in the file: no weight hangs on it
        return []
    return [row.path for row in report.rows if row.params != as_saved.get(row.path)]
