"""Figures that papers and other projects publish, beside the exact integers of the networks that Keras builds.

MACs are those of convolutions and dense layers of one sample, bias left out, padding counted.
"""

from __future__ import annotations

import pytest

from .conftest import network

FIGURES = {
    # name: (resolution, MACs, params, trainable params)
    "VGG16": (224, 15_470_264_320, 138_357_544, 138_357_544),
    "VGG19": (224, 19_632_062_464, 143_667_240, 143_667_240),
    "ResNet50": (224, 3_857_973_248, 25_636_712, 25_583_592),
    "ResNet50V2": (224, 3_482_255_360, 25_613_800, 25_568_360),
    "InceptionV3": (299, 5_713_216_096, 23_851_784, 23_817_352),
    "Xception": (299, 8_357_403_496, 22_910_480, 22_855_952),
    "DenseNet121": (224, 2_834_161_664, 8_062_504, 7_978_856),
    "MobileNet": (224, 568_740_352, 4_253_864, 4_231_976),
    "MobileNetV2": (224, 300_774_272, 3_538_984, 3_504_872),
    "MobileNetV3Large": (224, 216_589_760, 5_507_432, 5_483_032),
    "MobileNetV3Small": (224, 56_510_400, 2_554_968, 2_542_856),
    "NASNetMobile": (224, 563_638_816, 5_326_716, 5_289_978),
    "EfficientNetB0": (224, 385_814_752, 5_330_571, 5_288_548),
    "EfficientNetB4": (380, 4_393_771_024, 19_466_823, None),
    "ConvNeXtTiny": (224, 4_455_531_264, 28_589_128, None),
}
"""Counted by walking the graphs that Keras 3.15 traces."""

TORCHVISION = {
    # name: (GFLOPS, parameters) of https://docs.pytorch.org/vision/stable/models.html, whose GFLOPS are GMACs and whose
    # parameters are the trainable ones. Its ResNet50 strides in another convolution (v1.5) and is not the same network.
    "VGG16": (15.47, 138_357_544),
    "VGG19": (19.63, 143_667_240),
    "InceptionV3": (5.71, None),  # its parameters include the auxiliary classifier
    "DenseNet121": (2.83, 7_978_856),
    "MobileNetV2": (0.30, 3_504_872),
    "MobileNetV3Large": (0.22, 5_483_032),
    "MobileNetV3Small": (0.06, 2_542_856),
    "EfficientNetB0": (0.39, 5_288_548),
    "EfficientNetB4": (4.39, None),
    "ConvNeXtTiny": (4.46, None),
}

PAPERS = {
    # name: (MACs as printed, unit of the last digit); some papers round, some cut off
    "MobileNet": (569, 10**6),  # arXiv 1704.04861, table 8
    "MobileNetV2": (300, 10**6),  # arXiv 1801.04381, table 4
    "NASNetMobile": (564, 10**6),  # arXiv 1707.07012, table 2
    "EfficientNetB0": (39, 10**7),  # arXiv 1905.11946, table 2: 0.39 B
    "ResNet50": (38, 10**8),  # arXiv 1512.03385, table 1: 3.8·10⁹
    "ConvNeXtTiny": (45, 10**8),  # arXiv 2201.03545, table 1: 4.5 G
}


@pytest.mark.parametrize("name", FIGURES)
def test_exact(name: str) -> None:
    resolution, macs, params, trainable = FIGURES[name]
    net = network(name)
    assert net.input_shape == (resolution, resolution, 3)
    totals = net.report.totals
    assert totals.macs == macs
    assert totals.params == params
    assert trainable is None or totals.trainable_params == trainable


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_documents_the_same(name: str) -> None:
    giga_macs, trainable = TORCHVISION[name]
    totals = network(name).report.totals
    assert round(totals.macs / 1e9, 2) == giga_macs
    assert trainable is None or totals.trainable_params == trainable


@pytest.mark.parametrize("name", PAPERS)
def test_papers_print_the_same(name: str) -> None:
    printed, unit = PAPERS[name]
    assert abs(network(name).report.totals.macs - printed * unit) < unit


def test_the_xception_paper_prints_the_same_params() -> None:
    """arXiv 1610.02357, table 3."""
    assert network("Xception").report.totals.trainable_params == 22_855_952
