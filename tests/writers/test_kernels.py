"""Kernels come one at a time, as the file has them, in both formats of Keras."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from convcost import api
from convcost.errors import ConvcostError
from convcost.profile import profile
from convcost.readers.keras_kernels import kernels
from tests.writers.networks import everything, saved

PATHS = {
    "stem": lambda model: model.get_layer("stem"),
    "inner/conv2d": lambda model: model.get_layer("inner").get_layer("conv2d"),
    "shared": lambda model: model.get_layer("shared"),
    "chain/conv2d_1": lambda model: model.get_layer("chain").layers[0],
}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "mixed_float16"])
def test_every_kernel_is_the_one_of_its_layer(dtype: str, suffix: str, tmp_path: Path) -> None:
    if (dtype, suffix) == ("bfloat16", ".h5"):
        return  # such a file does not tell its dtype
    live = everything(dtype=dtype)
    path = saved(live, tmp_path, f"model{suffix}")
    model = api.load(path)
    shapes = {row.path: row.weights[0].shape for row in profile(model).rows if row.path in PATHS}
    found = dict(kernels(path, model, shapes))
    assert list(found) == list(shapes)
    for layer, kernel in found.items():
        wanted = keras.ops.convert_to_numpy(PATHS[layer](live).kernel)
        assert np.array_equal(kernel.astype(np.float64), wanted.astype(np.float64))


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    path = saved(everything(), tmp_path)
    assert [layer for layer, _ in kernels(path, api.load(path), {"shared": (3, 3, 16, 14)})] == ["shared"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"gone": (3, 3, 1, 1)}, "layer 'gone': the file has no weights of it"),
        (
            {"stem": (3, 3, 3, 15)},
            "layer 'stem': the weights do not fit the model: its kernel is (3, 3, 3, 16), allowed",
        ),
    ],
)
def test_refusals(wanted: dict[str, tuple[int, ...]], said: str, tmp_path: Path) -> None:
    path = saved(everything(), tmp_path)
    with pytest.raises(ConvcostError) as refused:
        list(kernels(path, api.load(path), wanted))
    assert said in str(refused.value)


def test_a_spec_has_none(configs: Path) -> None:
    path = configs / "vgg16.yaml"
    with pytest.raises(ConvcostError, match="a spec file has no kernels"):
        list(kernels(path, api.load(path), {}))
