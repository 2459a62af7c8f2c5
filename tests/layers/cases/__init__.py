"""The tables, family by family: every class of `keras.layers` with several settings."""

from __future__ import annotations

import importlib
import pkgutil

from .case import Case

CASES: list[Case] = [
    case
    for family in pkgutil.iter_modules(__path__)
    for case in getattr(importlib.import_module(f"{__name__}.{family.name}"), "CASES", ())
]
