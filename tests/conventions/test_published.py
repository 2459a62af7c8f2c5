"""Whole networks, to the unit: what each tool printed for torchvision 0.29.1's network (torch 2.14.1, on a CPU)."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from convcost.api import explain

HERE = Path(__file__).parent


def figures(source: object) -> dict[str, int]:
    return {f"{one.tool} {one.figure}": one.count for one in explain(source).figures if one.tool != "convcost"}


def logits(name: str) -> keras.Model:
    """A network that ends where torchvision's does: before the softmax."""
    with keras.StatelessScope(initialize_variables=False):
        return getattr(keras.applications, name)(weights=None, classifier_activation=None)


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


def told(source: object) -> dict[str, int]:
    return {figure: count for figure, count in figures(source).items() if figure != "tf-profiler float_ops"}


def test_resnet50() -> None:
    """torchvision's, which is v1.5: all seven figures."""
    assert told(HERE / "resnet50_v1_5.yaml") == measured(
        fvcore=4_111_512_576,
        ptflops=4_132_436_968,
        thop=4_133_742_592,
        torchinfo=4_089_238_376,
        macs=4_089_184_256,
        flops=8_211_108_352,
    )


def test_efficientnet() -> None:
    """Squeeze-and-excitation, silu and sigmoid: all seven figures."""
    assert told(logits("EfficientNetB0")) == measured(
        fvcore=401_659_392,
        ptflops=410_196_896,
        thop=415_145_024,
        torchinfo=385_867_108,
        macs=385_814_752,
        flops=793_641_400,
    )


def test_mobilenet_v2() -> None:
    """torchvision calls its last pooling as a function: thop does not see that, and ptflops counts it once."""
    pooled = 7 * 7 * 1280
    assert told(logits("MobileNetV2")) == measured(
        fvcore=314_193_216,
        ptflops=320_300_008 + pooled,
        thop=327_486_720 + pooled + 1280,
        torchinfo=300_809_384,
        macs=300_774_272,
        flops=614_967_488,
    )


def test_densenet() -> None:
    """Functions again: the last pooling and the ReLU before it. Keras pads in a layer of its own before pooling."""
    pooled, padded = 7 * 7 * 1024, (114**2 - 112**2) * 64
    assert told(logits("DenseNet121")) == measured(
        fvcore=2_865_546_752,
        ptflops=2_899_843_048 + pooled + pooled + 2 * padded,
        thop=2_897_007_104 + pooled + 1024,
        torchinfo=2_834_246_312,
        macs=2_834_161_664,
        flops=5_716_881_152 + padded,
    )


def test_vgg16() -> None:
    """torchvision has an adaptive pooling from 7×7 to 7×7 that does nothing, and that some tools count."""
    pooled = 7 * 7 * 512
    assert told(logits("VGG16")) == measured(
        fvcore=15_470_289_408 - pooled,
        ptflops=15_523_225_576 - 2 * pooled,
        thop=15_470_314_496 - 2 * pooled,
        torchinfo=15_483_821_032,
        macs=15_470_264_320,
        flops=30_973_778_432 - pooled,
    )


def test_convnext() -> None:
    """Dense layers on images: torchinfo counts one position. thop and ptflops miss torchvision's LayerNorm2d."""
    counted = told(logits("ConvNeXtTiny"))
    assert counted["torchinfo mult-adds"] == 322_371_592
    assert counted["fvcore flops"] == 4_470_437_376
    assert (counted["calflops MACs"], counted["calflops FLOPs"]) == (4_455_531_264, 8_937_258_240)


@pytest.mark.parametrize(
    ("name", "float_ops"),
    [
        ("MobileNetV2", 615_292_208),
        ("DenseNet121", 5_702_474_160),
        ("EfficientNetB0", 803_050_119),
        ("ConvNeXtTiny", 8_780_086_883),
    ],
)
def test_tf_profiler(name: str, float_ops: int) -> None:
    """TensorFlow 2.21's, of Keras 3.15's own network, with its softmax."""
    softmax = 5 * 1000
    assert figures(logits(name))["tf-profiler float_ops"] == float_ops - softmax
