"""Vela, Arm's compiler for Ethos-U, as an independent witness: it counts the MACs of the same int8 file by layer."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from convcost.api import analyze
from tests.converting import converted

CONTRACTIONS = ("Conv2D", "DepthwiseConv2D", "FullyConnected")
"""Operators of the file. Vela also computes means and softmax with multiplications, which are none of the model's."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras = pytest.importorskip("keras")
    model = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), alpha=0.35, classes=10)
    return converted(model, tmp_path_factory.mktemp("vela") / "net.tflite", int8=True)


def test_macs_of_every_layer_are_those_of_vela(file: Path) -> None:
    pytest.importorskip("ethosu.vela")
    command = [
        sys.executable,
        "-m",
        "ethosu.vela",
        str(file),
        "--verbose-performance",
        "--output-dir",
        str(file.parent),
    ]
    command += ["--accelerator-config", "ethos-u55-128"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    told: dict[str, int] = {}
    with (file.parent / "net_per-layer.csv").open() as lines:
        for line in csv.DictReader(lines):
            macs = int(float(line["MAC Count"]))
            if line["Original Operator"] in CONTRACTIONS and macs:
                name = line["Name"].split(";")[0]
                told[name] = told.get(name, 0) + macs
    report = analyze(file)
    assert {row.path: row.cost.macs for row in report.rows if row.cost and row.cost.macs} == told
    assert len(told) == 53  # 17 blocks of three, the first of two, the stem, the head and the classifier
    assert report.totals.complete


def test_int8_peak_of_a_file_is_that_of_the_float_file_by_four(file: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3), alpha=0.35, classes=10)
    floats = converted(model, file.parent / "float.tflite")
    assert 4 * analyze(file).totals.peak_activation_bytes == analyze(floats).totals.peak_activation_bytes
