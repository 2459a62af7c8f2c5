"""What each Keras layer is. To add a kind, write its record into a family's file: it registers itself.

`find` is how readers look a kind up. Operations on tensors (`keras.ops`) have a registry of their own, since their
class names collide with layers.
"""

from __future__ import annotations

import importlib
import pkgutil

from convcost.layers.base import LAYERS, OPS, TENSORFLOW, Kind

__all__ = ["ALIASES", "LAYERS", "OPS", "TENSORFLOW", "UNKNOWN", "Kind"]
__all__ += ["every_kind", "find", "is_operation", "why_unknown"]

_FUNCTION = "it runs a Python function that the file does not describe"
_FRAMEWORK = "it runs code of another framework, which the file does not describe"

UNKNOWN = {
    "FlaxLayer": _FRAMEWORK,
    "JaxLayer": _FRAMEWORK,
    "Lambda": _FUNCTION,
    "Layer": "the base class of all layers, which does nothing of its own",
    "TFSMLayer": "it runs a SavedModel beside the file",
    "TorchModuleWrapper": _FRAMEWORK,
}
"""Layers without a record, and why: a model that holds one says so by name, and its totals are lower bounds."""

ALIASES = {
    short + rank: long + rank
    for short, long, ranks in (
        ("AvgPool", "AveragePooling", "123"),
        ("MaxPool", "MaxPooling", "123"),
        ("GlobalAvgPool", "GlobalAveragePooling", "123"),
        ("GlobalMaxPool", "GlobalMaxPooling", "123"),
        ("Convolution", "Conv", "123"),
        ("SeparableConvolution", "SeparableConv", "12"),
    )
    for rank in (f"{number}D" for number in ranks)
} | {f"Convolution{rank}DTranspose": f"Conv{rank}DTranspose" for rank in "123"}
ALIASES["GroupedQueryAttention"] = "GroupQueryAttention"  # the name of the class, and that of its export
"""Keras's other names of its classes. Files hold the proper ones."""


for _family in pkgutil.iter_modules(__path__):
    if not _family.ispkg:  # operations have a package of their own, loaded when a graph has one
        importlib.import_module(f"{__name__}.{_family.name}")


def every_kind() -> dict[str, type[Kind]]:
    """All layer kinds by class name, sorted."""
    return dict(sorted(LAYERS.items()))


def every_operation() -> dict[str, type[Kind]]:
    """All operations on tensors by class name, sorted."""
    importlib.import_module(f"{__name__}.ops")
    return dict(sorted(OPS.items()))


def is_operation(module: object) -> bool:
    """Whether a class of this module is a tensor operation (`keras.ops`, or a function of TensorFlow) and no layer."""
    return isinstance(module, str) and (module.startswith(("keras.src.ops", "keras.ops")) or module == "tf")


def why_unknown(kind: str, module: object) -> str:
    """Why `find` knows no record for a class."""
    if is_operation(module):
        from convcost.layers.ops.unknown import UNKNOWN as UNKNOWN_OPERATIONS

        if kind in UNKNOWN_OPERATIONS:
            return UNKNOWN_OPERATIONS[kind]
    elif kind in UNKNOWN and isinstance(module, str) and module.split(".")[0] == "keras":
        return UNKNOWN[kind]
    return f"no rule for {kind} of {module or 'no module'}"


def find(kind: str, module: str | None = None) -> type[Kind] | None:
    """The record for class `kind` of a Keras module (None: of Keras itself), or None where no rule knows it."""
    if module is None:
        return LAYERS.get(ALIASES.get(kind, kind))
    if is_operation(module):
        importlib.import_module(f"{__name__}.ops")
        return (TENSORFLOW if module == "tf" else OPS).get(kind)
    found = LAYERS.get(kind)
    if found is not None and module.startswith(found.package) and module.split(".")[0] == "keras":
        return found
    return None
