"""The kernels of convolutions, with their data, one at a time: what is fitted, scored or rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError
from convcost.model import Model, Shape
from convcost.readers import keras_archive, keras_h5
from convcost.readers.keras_archive import MOST_UNPACKED
from convcost.readers.keras_hdf5 import Stored, contents, opened
from convcost.readers.keras_unknown import Weights

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.floating[Any]]

SMALL_KERNEL = 64 * 10**6
"""Bytes of a kernel of which the file may hold fewer."""
FLOATS = ("float16", "bfloat16", "float32", "float64")


def kernels(path: Path, model: Model, wanted: Mapping[str, Shape]) -> Iterator[tuple[str, Array]]:
    """The kernel of every wanted layer of `model`, which is what `path` holds, in the order of `wanted`.

    `wanted` has by path the shape that a layer's kernel must have (`row.weights[0].shape`). bfloat16, which numpy
    lacks, comes as float32, all else as it is stored. Raises ConvcostError, with the layer's name, where the file has
    no kernel of a layer, one of another shape, or one that is no array of finite floats.
    """
    with opened_weights(path, model) as (hdf5, weights):
        by_layer = weights.by_layer(model)
        for layer, shape in wanted.items():
            stored = next(iter(by_layer.get(layer, ())), None)
            where = f"{path}: layer {layer!r}"
            if stored is None:
                raise ConvcostError(f"{where}: the file has no weights of it")
            if stored.shape != shape:
                raise ConvcostError(
                    f"{where}: the weights do not fit the model: its kernel is {stored.shape}, allowed: {shape}"
                )
            yield layer, _finite(floats_in(hdf5, stored, where), where)


def floats_in(hdf5: Any, stored: Stored, where: str) -> Array:
    """The data of a stored variable. Raises ConvcostError where it is no float."""
    import numpy as np

    if stored.dtype not in FLOATS:
        raise ConvcostError(f"{where}: its {stored.dtype} kernel is no array of floats, allowed: {', '.join(FLOATS)}")
    dataset = hdf5[stored.path]
    allowed = max(SMALL_KERNEL, MOST_UNPACKED * dataset.id.get_storage_size())
    if dataset.nbytes > allowed:  # compressed, or never written: then it is zeros
        raise ConvcostError(
            f"{where}: its kernel has {dataset.nbytes:,} bytes, allowed: {allowed:,}, for what is stored"
        )
    data = np.asarray(dataset)
    if stored.dtype == "bfloat16":
        return (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32
    return data


def _finite(kernel: Array, where: str) -> Array:
    import numpy as np

    if not np.isfinite(kernel).all():
        raise ConvcostError(f"{where}: its kernel holds NaN or infinity")
    return kernel


@contextmanager
def opened_weights(path: Path, model: Model) -> Iterator[tuple[Any, Weights]]:
    """The h5py file that the weights of `model` lie in, and what it holds. Raises ConvcostError where there is none."""
    if model.format == "keras":
        from convcost.readers.keras_weights import GroupedWeights

        source = f"{path}: {keras_archive.WEIGHTS}"
        with keras_archive.weights_file(path) as file, opened(source, file) as hdf5:
            yield hdf5, GroupedWeights(contents(hdf5, source, ("name",)))
    elif model.format == "h5":
        with opened(str(path), path) as hdf5:
            yield hdf5, keras_h5.weights_of(hdf5, str(path))
    else:
        raise ConvcostError(f"{path}: a {model.format} file has no kernels, allowed: .keras archives and .h5 files")
