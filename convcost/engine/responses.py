"""The error of a layer's own output under each variant: the model runs on samples, and what a variant's kernel leaves
out of the layer's kernel is convolved with the layer's own inputs.

The error is a variance over that of the layer's output before bias and activation, channels summed: the mean error of
each channel, which a bias corrects, does not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from convcost.engine.framework import keras_of, one_line
from convcost.engine.loading import live
from convcost.errors import ConvcostError, MeasureError
from convcost.kernels import fits
from convcost.report import Row
from convcost.variants.base import BaseVariant

CHUNK = 32
"""Samples that run at a time."""


class Responses:
    """A live model and samples to run it on."""

    def __init__(self, path: Path, samples: Path) -> None:
        self.model = live(path, (), run_code=False)
        self.samples = _loaded(samples, self.model)
        self.count = len(next(iter(self.samples.values())))
        self.alone = Lock()
        self.layers = dict(_layers(self.model, "", keras_of(self.model)))

    def errors(self, row: Row, kernel: fits.Array, variants: Sequence[BaseVariant]) -> list[float]:
        """The error of a row's output under each variant; 1 under one that has no fit, as if it put out a constant."""
        layer = self.layers[row.path]
        missing = [kernel - fitted for fitted in _fitted(row, kernel, variants)]
        kernels = [one.astype(np.float32) for one in (kernel, *missing)]
        moments = [_Moments() for _ in kernels]

        def watch(inputs: Any) -> None:
            for one, moment in zip(kernels, moments, strict=True):
                moment.add(np.asarray(layer.convolution_op(inputs, one)), layer.data_format)

        with self.alone:  # what another thread would make the model do, this one would see
            self._run(layer, watch)
        whole, *errors = [moment.variance for moment in moments]
        return [error / whole if whole else 0.0 for error in errors]

    def _run(self, layer: Any, watch: Any) -> None:
        """Run the model on all samples; `watch` sees what every call of `layer` reads."""
        call = layer.call

        def watched(inputs: Any, *args: Any, **kwargs: Any) -> Any:
            watch(inputs)
            return call(inputs, *args, **kwargs)

        layer.call = watched
        try:
            for start in range(0, self.count, CHUNK):
                chunk = {name: values[start : start + CHUNK] for name, values in self.samples.items()}
                self.model(chunk if len(chunk) > 1 else next(iter(chunk.values())), training=False)
        except ConvcostError:
            raise
        except Exception as error:  # whatever a model's own code raises
            raise MeasureError(f"{self.model.name}: it cannot run on the samples: {one_line(error)}") from error
        finally:
            del layer.call


class _Moments:
    """Sums over all positions of a tensor, channel by channel."""

    def __init__(self) -> None:
        self.count = 0
        self.sums: Any = 0.0
        self.squares: Any = 0.0

    def add(self, values: fits.Array, data_format: str) -> None:
        channels = np.moveaxis(values, 1, -1) if data_format == "channels_first" else values
        flat = channels.reshape(-1, channels.shape[-1]).astype(np.float64)
        self.count += len(flat)
        self.sums = self.sums + flat.sum(axis=0)
        self.squares = self.squares + np.square(flat).sum(axis=0)

    @property
    def variance(self) -> float:
        """Of each channel around its mean, summed over the channels."""
        count = max(self.count, 1)
        return float(np.clip(self.squares / count - np.square(self.sums / count), 0, None).sum())


def _fitted(row: Row, kernel: fits.Array, variants: Sequence[BaseVariant]) -> Iterator[fits.Array]:
    """The kernel that each variant amounts to; zeros for one without a fit."""
    from convcost.kernels.kernel_scores import rank_of

    flat = fits.as_2d(kernel)
    for fit, group in groupby(variants, key=lambda variant: variant.fit):
        if fit is None:
            yield from (np.zeros(kernel.shape) for _ in group)
        else:
            ranks = [rank_of(row, variant) for variant in group]
            yield from (fitted.reshape(kernel.shape) for fitted in fits.approximations(flat, fit, ranks))


def _layers(model: Any, prefix: str, keras: Any) -> Iterator[tuple[str, Any]]:
    for layer in model.layers:
        path = prefix + layer.name
        yield path, layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{path}/", keras)


def _loaded(path: Path, model: Any) -> Mapping[str, fits.Array]:
    """The samples by input. Raises ConvcostError where they are no arrays, or not what the model takes."""
    try:
        found = np.load(path, allow_pickle=False)
        arrays = {name: found[name] for name in found.files} if hasattr(found, "files") else {"": found}
    except (OSError, ValueError, EOFError) as error:
        raise ConvcostError(f"{path}: no .npy or .npz file of arrays: {one_line(error)}") from None
    names = list(model.input_names) if hasattr(model, "input_names") else [one.name for one in model.inputs]
    if len(names) > 1 and set(arrays) != set(names):
        raise ConvcostError(f"{path}: has {', '.join(arrays) or 'nothing'}; the model's inputs are {', '.join(names)}")
    if len(names) == 1 and len(arrays) != 1:
        raise ConvcostError(f"{path}: has {len(arrays)} arrays; the model has one input")
    counts = {len(values) if values.ndim else 0 for values in arrays.values()}
    if len(counts) != 1 or 0 in counts:
        raise ConvcostError(f"{path}: has no samples, or not as many of each input")
    for name, values in arrays.items():
        tensor = model.inputs[names.index(name) if name in names else 0]
        wanted = tuple(tensor.shape[1:])
        if len(wanted) != values.ndim - 1 or any(
            w not in (None, g) for w, g in zip(wanted, values.shape[1:], strict=True)
        ):
            raise ConvcostError(f"{path}: samples of {values.shape[1:]}, the model takes {wanted}")
        if not np.isfinite(values).all():
            raise ConvcostError(f"{path}: holds NaN or infinity")
    return arrays
