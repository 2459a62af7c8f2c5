"""A file -> Model. To add a reader, add a module here with `accepts(path, head)`, which says whether a file is its,
`read(path, parameters)`, and `FILES`, what to call them; it imports the libraries that it needs inside `read`. Modules
named `keras_…_` hold what several readers share.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.readers import files
from convcost.readers.shipped import hint, is_name, shipped


def readers() -> Iterator[ModuleType]:
    """The modules of this package that read a file."""
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "accepts"):
            yield module


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in a file, or the spec of that name that comes with convcost, where there is no such file.

    Raises ConvcostError where the file is missing, empty, or no reader's.
    """
    if is_name(path) and not os.path.lexists(path) and str(path) in shipped():
        return msgspec.structs.replace(read(shipped()[str(path)], parameters), source=str(path))
    start = head(path)
    for module in readers():
        if module.accepts(path, start):
            model: Model = module.read(path, parameters)
            return model
    what = "folder" if path.is_dir() else "file"
    known = ", ".join(module.FILES for module in readers())
    raise ConvcostError(f"{path}: not a {what} that convcost reads; it reads {known}")


def head(path: Path) -> bytes:
    """The first bytes of a file; none of a folder. Raises ConvcostError where it is missing or empty."""
    if path.is_dir():
        return b""
    if not os.path.exists(path):
        raise ConvcostError(f"{path}: no such file{hint(path)}")
    found = files.start(path, 512)
    if not found:
        raise ConvcostError(f"{path}: the file is empty")
    return found
