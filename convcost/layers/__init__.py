"""What each Keras layer is. To add a kind, write its record into a family's file: it registers itself.

`find` is how readers look a kind up. Operations on tensors (`keras.ops`) have a registry of their own, since their
class names collide with layers.
"""

from __future__ import annotations

import importlib
import pkgutil

from convcost.layers.base import LAYERS, OPS, TENSORFLOW, Kind

__all__ = ["LAYERS", "OPS", "TENSORFLOW", "Kind", "every_kind", "find", "is_operation", "why_unknown"]


for _family in pkgutil.iter_modules(__path__):
    if not _family.ispkg:  # operations have a package of their own, loaded when a graph has one
        importlib.import_module(f"{__name__}.{_family.name}")


def every_kind() -> dict[str, type[Kind]]:
    """All layer kinds by class name, sorted."""
    return dict(sorted(LAYERS.items()))


def is_operation(module: object) -> bool:
    """Whether a class of this module is a tensor operation (`keras.ops`, or a function of TensorFlow) and no layer."""
    return isinstance(module, str) and (module.startswith(("keras.src.ops", "keras.ops")) or module == "tf")


def why_unknown(kind: str, module: object) -> str:
    """Why `find` knows no record for a class."""
    if is_operation(module):
        from convcost.layers.ops.unknown import UNKNOWN

        if kind in UNKNOWN:
            return UNKNOWN[kind]
    return f"no rule for {kind} of {module or 'no module'}"


def find(kind: str, module: str | None = None) -> type[Kind] | None:
    """The record for class `kind` of a Keras module (None: of Keras itself), or None where no rule knows it."""
    if module is None:
        return LAYERS.get(kind)
    if is_operation(module):
        importlib.import_module(f"{__name__}.ops")
        return (TENSORFLOW if module == "tf" else OPS).get(kind)
    found = LAYERS.get(kind)
    if found is not None and module.startswith(found.package) and module.split(".")[0] == "keras":
        return found
    return None
