"""The networks in configs/: Keras's own, to the unit, and the tables of their papers."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.profile import profile
from convcost.readers import read
from convcost.readers.keras_live import read_live
from convcost.report import Report, Totals

CONFIGS = Path(__file__).parents[2] / "configs"


def analyzed(name: str, **parameters: Any) -> Report:
    return profile(read(CONFIGS / f"{name}.yaml", parameters))


def totals(name: str, **parameters: Any) -> Totals:
    return analyzed(name, **parameters).totals


@cache
def built(name: str, size: int = 224, **options: Any) -> keras.Model:
    return getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)


@pytest.mark.parametrize(
    ("config", "macs", "params"),
    [
        # MACs that other tools count: torchvision 15.47 G; 3.8 G (arXiv 1512.03385, Table 1);
        # 569 M (arXiv 1704.04861, Table 4); 300 M (arXiv 1801.04381, Table 4)
        ("vgg16", 15_470_264_320, 138_357_544),
        ("resnet50", 3_857_973_248, 25_636_712),
        ("mobilenet_v1", 568_740_352, 4_253_864),
        ("mobilenet_v2", 300_774_272, 3_538_984),
    ],
)
def test_the_published_figures(config: str, macs: int, params: int) -> None:
    ours = totals(config)
    assert (ours.macs, ours.params) == (macs, params)


@pytest.mark.parametrize(
    ("config", "name", "size"),
    [
        ("vgg16", "VGG16", 64),  # at 224 its weights alone take ten seconds
        ("resnet50", "ResNet50", 224),
        ("mobilenet_v1", "MobileNet", 224),
        ("mobilenet_v2", "MobileNetV2", 224),
    ],
)
def test_a_config_is_the_network_of_keras(config: str, name: str, size: int) -> None:
    ours = totals(config, resolution=size, classes=10)
    model = built(name, size, classes=10)
    assert ours.params == model.count_params()
    assert ours.trainable_params == sum(weight.shape.num_elements() for weight in model.trainable_weights)
    theirs = profile(read_live(model)).totals
    assert ours.cost == theirs.cost
    assert ours.peak_activation_bytes == theirs.peak_activation_bytes


STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
FILTERS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


def mobilenet_macs(alpha: float, resolution: int) -> int:
    """MobileNet V1 as products: arXiv 1704.04861, Table 1 and equation 6."""
    size, channels = resolution // 2, int(32 * alpha)
    macs = 3 * 3 * 3 * channels * size**2
    for strides, filters in zip(STRIDES, FILTERS, strict=True):
        size //= strides
        macs += (3 * 3 * channels + channels * int(filters * alpha)) * size**2
        channels = int(filters * alpha)
    return macs + channels * 1000


PUBLISHED = {
    # arXiv 1704.04861, Tables 6 and 7: M of MACs
    (1.0, 224): 569,
    (0.75, 224): 325,
    (0.5, 224): 149,
    (0.25, 224): 41,
    (1.0, 192): 418,
    (1.0, 160): 290,
    (1.0, 128): 186,
}
EXACT = {(1.0, 224): 568_740_352, (1.0, 192): 418_121_728, (1.0, 160): 290_675_200, (1.0, 128): 186_400_768}
PARAMS = {1.0: 4_253_864, 0.75: 2_601_976}


@pytest.mark.parametrize("resolution", [224, 192, 160, 128])
@pytest.mark.parametrize("alpha", [1.0, 0.75, 0.5, 0.25])
def test_mobilenet_v1_at_every_width_and_resolution(alpha: float, resolution: int) -> None:
    ours = totals("mobilenet_v1", alpha=alpha, resolution=resolution)
    assert ours.macs == mobilenet_macs(alpha, resolution)
    assert ours.macs == EXACT.get((alpha, resolution), ours.macs)
    if (alpha, resolution) in PUBLISHED:
        assert abs(ours.macs / 1e6 - PUBLISHED[alpha, resolution]) < 1
    assert ours.params == built("MobileNet", alpha=alpha).count_params()
    assert ours.params == PARAMS.get(alpha, ours.params)


@pytest.mark.parametrize("alpha", [0.35, 0.5, 0.75, 1.3])
def test_mobilenet_v2_at_other_widths(alpha: float) -> None:
    ours = totals("mobilenet_v2", alpha=alpha, resolution=96)
    model = built("MobileNetV2", 96, alpha=alpha)
    assert ours.params == model.count_params()
    assert ours.cost == profile(read_live(model)).totals.cost


def test_conv_mobilenet_is_table_4() -> None:
    """arXiv 1704.04861, Table 4: 4866 M (without the last layer) and 29.3 M, against 569 M and 4.2 M."""
    size, channels, macs = 112, 32, 3 * 3 * 3 * 32 * 112**2
    for strides, filters in zip(STRIDES, FILTERS, strict=True):
        size //= strides
        macs += 3 * 3 * channels * filters * size**2
        channels = filters
    assert round(macs / 1e6) == 4866
    ours = totals("conv_mobilenet")
    assert ours.macs == macs + 1024 * 1000 == 4_867_293_184
    assert round(ours.params / 1e6, 1) == 29.3
    assert totals("mobilenet_v1").macs == 568_740_352


def test_the_shallow_network_is_table_5() -> None:
    """arXiv 1704.04861, Table 5: without the five layers of 14×14×512, 307 M and 2.9 M."""
    shallow = totals("mobilenet_v1", depth=0)
    assert shallow.macs == 568_740_352 - 5 * (9 * 512 + 512 * 512) * 14**2
    assert (round(shallow.macs / 1e6), round(shallow.params / 1e6, 1)) == (307, 2.9)


TABLE_3 = """
convcost: 1
source: arXiv:1704.04861, Table 3
parameters: {alpha: 1, rho: 1, channels: 512 * alpha, size: round(14 * rho)}
input: [size, size, channels]
defaults:
  Conv2D: {padding: same, use_bias: false}
  DepthwiseConv2D: {padding: same, use_bias: false}
layers:
"""
STANDARD = "  - Conv2D: {filters: channels, kernel_size: 3}\n"
SEPARABLE = "  - DepthwiseConv2D: {kernel_size: 3}\n  - Conv2D: {filters: channels, kernel_size: 1}\n"


@pytest.mark.parametrize(
    ("layers", "parameters", "macs", "params", "published"),
    [
        (STANDARD, {}, 9 * 512 * 512 * 14**2, 9 * 512 * 512, (462, 2.36)),
        (SEPARABLE, {}, (9 * 512 + 512 * 512) * 14**2, 9 * 512 + 512 * 512, (52.3, 0.27)),
        (SEPARABLE, {"alpha": 0.75}, (9 * 384 + 384 * 384) * 14**2, 9 * 384 + 384 * 384, (29.6, 0.15)),
        (
            SEPARABLE,
            {"alpha": 0.75, "rho": 0.714},
            (9 * 384 + 384 * 384) * 10**2,
            9 * 384 + 384 * 384,
            (15.1, 0.15),
        ),
    ],
    ids=["standard", "separable", "narrow", "narrow and small"],
)
def test_table_3(
    tmp_path: Path, layers: str, parameters: dict[str, Any], macs: int, params: int, published: tuple[float, float]
) -> None:
    path = tmp_path / "table3.yaml"
    path.write_text(TABLE_3 + layers)
    ours = profile(read(path, parameters)).totals
    assert (ours.macs, ours.params) == (macs, params)
    assert abs(ours.macs / 1e6 - published[0]) <= 0.05 * 10 ** (published[0] > 100)
    assert round(ours.params / 1e6, 2) == published[1]


def test_table_3_exact() -> None:
    assert (9 * 512 * 512 * 14**2, 9 * 512 * 512) == (462_422_016, 2_359_296)
    assert ((9 * 512 + 512 * 512) * 14**2, 9 * 512 + 512 * 512) == (52_283_392, 266_752)


def test_the_worked_example() -> None:
    ours = totals("standard_convolution")
    assert ours.macs == 3 * 3 * 3 * 128 * 5 * 5 == 86_400
    assert ours.params == 3 * 3 * 3 * 128 + 128 == 3_584
    assert totals("standard_convolution", use_bias=False).params == 3_456


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_names_its_source_and_itself(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("convcost: 1")[0]
    assert "arXiv:" in head
    model = read(path, {})
    assert model.name == path.stem
    assert not profile(model).warnings


VALUES = st.one_of(
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["alpha", "9**9", "2 * 3", "[1, 2]", "relu", "1e3", "~"]),
    st.lists(st.integers(-3, 300), max_size=3),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(path.stem for path in CONFIGS.glob("*.yaml"))),
    st.dictionaries(st.sampled_from(["alpha", "resolution", "classes", "depth", "filters", "size", "x"]), VALUES),
)
def test_no_value_of_a_parameter_does_worse_than_be_refused(name: str, parameters: dict[str, Any]) -> None:
    with contextlib.suppress(ConvcostError):
        report = analyzed(name, **parameters)
        assert report.totals.params > 0 and report.totals.complete
