"""`.h5`: a whole model as Keras saved it for long, its graph in the attribute `model_config`; or weights alone.

A file of weights alone (`.weights.h5`) has params but no graph: MACs stay unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError
from convcost.model import Model

if TYPE_CHECKING:
    from convcost.readers.keras_named_weights import NamedWeights

CONFIG = "model_config"
MAGIC = b"\x89HDF\r\n\x1a\n"

FILES = ".h5 and .weights.h5 files of Keras"


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix in (".h5", ".hdf5") or head.startswith(MAGIC)


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in an HDF5 file. Raises ConvcostError where it has neither a graph nor weights."""
    from convcost.readers.keras_hdf5_apart import read_apart
    from convcost.readers.keras_text import model_in
    from convcost.readers.keras_unknown import completed

    root = read_apart(str(path), path, (CONFIG,), whole=False)
    if CONFIG not in root.texts:
        return _weights_alone(path)
    return completed(model_in("".join(root.texts[CONFIG]), str(path), "h5"), lambda: weights_in(path))


def weights_in(path: Path) -> NamedWeights:
    """The weights of a whole model, without their data. Raises ConvcostError where they are damaged."""
    from convcost.readers.keras_hdf5 import Group
    from convcost.readers.keras_hdf5_apart import read_apart
    from convcost.readers.keras_named_weights import ATTRIBUTES, NamedWeights

    return NamedWeights(read_apart(str(path), path, ATTRIBUTES).groups.get("model_weights", Group()))


def weights_of(file: Any, source: str) -> NamedWeights:
    """The weights in an h5py file that holds a whole model, without their data."""
    from convcost.readers.keras_hdf5 import Group, contents
    from convcost.readers.keras_named_weights import ATTRIBUTES, NamedWeights

    return NamedWeights(contents(file, source, ATTRIBUTES).groups.get("model_weights", Group()))


def _weights_alone(path: Path) -> Model:
    from convcost.readers.keras_hdf5_apart import read_apart
    from convcost.readers.keras_named_weights import ATTRIBUTES, NamedWeights
    from convcost.readers.keras_unknown import in_parts
    from convcost.readers.keras_weights import GroupedWeights

    root = read_apart(str(path), path, ("name", *ATTRIBUTES))
    parts = NamedWeights(root).parts() or GroupedWeights(root).parts()
    if not parts:
        raise ConvcostError(f"{path}: an HDF5 file, but no Keras model and no weights of one")
    name = path.name.removesuffix(path.suffix).removesuffix(".weights")
    return in_parts(Model(name, (), (), (), source=str(path), format="weights.h5"), parts, "the model")
