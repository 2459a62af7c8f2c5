"""Whole networks, to the unit: what each tool printed for torchvision 0.29.1's network (torch 2.14.1, on a CPU)."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from convcost.api import explain
from convcost.conventions.tools import CONVENTIONS
from tests.conftest import ROOT

HERE = Path(__file__).parent
SOFTMAX = 5 * 1000


def measured(fvcore: int, ptflops: int, thop: int, torchinfo: int, macs: int, flops: int) -> dict[str, int]:
    return {
        "fvcore flops": fvcore,
        "ptflops MACs": ptflops,
        "thop MACs": thop,
        "torchinfo mult-adds": torchinfo,
        "calflops MACs": macs,
        "calflops FLOPs": flops,
        "flop-counter FLOPs": 2 * macs,
    }


MEASURED = {
    "MobileNetV2": measured(314_193_216, 320_300_008, 327_486_720, 300_809_384, 300_774_272, 614_967_488),
    "ResNet50": measured(4_111_512_576, 4_132_436_968, 4_133_742_592, 4_089_238_376, 4_089_184_256, 8_211_108_352),
    "EfficientNetB0": measured(401_659_392, 410_196_896, 415_145_024, 385_867_108, 385_814_752, 793_641_400),
    "DenseNet121": measured(2_865_546_752, 2_899_843_048, 2_897_007_104, 2_834_246_312, 2_834_161_664, 5_716_881_152),
    "VGG16": measured(15_470_289_408, 15_523_225_576, 15_470_314_496, 15_483_821_032, 15_470_264_320, 30_973_778_432),
}

TF_PROFILER = {
    "MobileNetV2": 615_292_208,
    "ResNet50": 7_755_299_312,
    "EfficientNetB0": 803_050_119,
    "DenseNet121": 5_702_474_160,
    "VGG16": 30_960_211_824,
    "ConvNeXtTiny": 8_780_086_883,
}
"""Of Keras 3.15's own networks, by TensorFlow 2.21."""


def told(source: object) -> dict[str, int]:
    return {f"{one.tool} {one.figure}": one.count for one in explain(source).figures}


def logits(name: str) -> keras.Model:
    """A network that ends where torchvision's does: before the softmax."""
    with keras.StatelessScope(initialize_variables=False):
        return getattr(keras.applications, name)(weights=None, classifier_activation=None)


def beyond(name: str, source: object) -> dict[str, int]:
    """How much more we say than was measured, where it differs."""
    counts = told(source)
    return {figure: counts[figure] - count for figure, count in MEASURED[name].items() if counts[figure] != count}


def test_resnet50_of_torchvision_which_is_v1_5() -> None:
    assert beyond("ResNet50", HERE / "resnet50_v1_5.yaml") == {}


def test_efficientnet_with_squeeze_and_excitation() -> None:
    assert beyond("EfficientNetB0", logits("EfficientNetB0")) == {}


def test_mobilenet_v2() -> None:
    """torchvision calls its last pooling as a function: thop does not see that, and ptflops counts it once."""
    pooled = 7 * 7 * 1280
    assert beyond("MobileNetV2", logits("MobileNetV2")) == {"thop MACs": pooled + 1280, "ptflops MACs": pooled}


def test_densenet() -> None:
    """Functions again: the last pooling and the ReLU before it. Keras pads in a layer of its own before pooling."""
    pooled, padded = 7 * 7 * 1024, (114**2 - 112**2) * 64
    assert beyond("DenseNet121", logits("DenseNet121")) == {
        "thop MACs": pooled + 1024,
        "ptflops MACs": pooled + pooled + 2 * padded,
        "calflops FLOPs": padded,
    }


def test_vgg16() -> None:
    """torchvision has an adaptive pooling from 7×7 to 7×7 that does nothing, and that some tools count."""
    pooled = 7 * 7 * 512
    assert beyond("VGG16", logits("VGG16")) == {
        "fvcore flops": -pooled,
        "ptflops MACs": -2 * pooled,
        "thop MACs": -2 * pooled,
        "calflops FLOPs": -pooled,
    }


def test_convnext_whose_dense_layers_are_on_images() -> None:
    """thop and ptflops do not know the LayerNorm2d that torchvision derived."""
    counts = told(logits("ConvNeXtTiny"))
    assert counts["torchinfo mult-adds"] == 322_371_592
    assert counts["fvcore flops"] == 4_470_437_376
    assert (counts["calflops MACs"], counts["calflops FLOPs"]) == (4_455_531_264, 8_937_258_240)


@pytest.mark.parametrize("name", TF_PROFILER)
def test_tf_profiler(name: str) -> None:
    assert told(logits(name))["tf-profiler float_ops"] == TF_PROFILER[name] - SOFTMAX


def test_the_page_has_these_figures_and_every_version() -> None:
    page = (ROOT / "docs" / "conventions.md").read_text()
    table = page[page.index("## Measured") :]
    for name, figures in MEASURED.items():
        assert all(f" {count:,} " in table for count in (*figures.values(), TF_PROFILER[name]))
    for convention in CONVENTIONS.values():
        assert f" {convention.name} |" in page
        assert convention.source.split(",")[0].removeprefix(f"{convention.name} ") in page
