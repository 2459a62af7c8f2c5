"""Specs that come with convcost, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import convcost
from tests.conftest import ROOT, Result


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_each_is_found_by_its_name(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named, there = convcost.load(path.stem), convcost.load(path)
    assert named.layers == there.layers
    assert (named.name, named.source) == (there.name, path.stem)


def test_parameters_go_along() -> None:
    """The table of MobileNet V1 at half the width: 149 M, and 1.3 M params (arXiv 1704.04861, table 6)."""
    totals = convcost.analyze("mobilenet_v1", parameters={"alpha": 0.5}).totals
    assert (round(totals.macs / 1e6), round(totals.params / 1e6, 1)) == (149, 1.3)


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resnet50").write_text("convcost: 1\ninput: [8]\nlayers: [{Dense: {units: 2}}]\n")
    monkeypatch.chdir(tmp_path)
    assert convcost.analyze("resnet50").totals.macs == 8 * 2


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("resnet5", "; did you mean 'resnet50'? (conv_mobilenet, mobilenet_v1, "),
        ("nothing", ", and no spec that comes with convcost (conv_mobilenet, "),
        ("configs/resnet50.yaml", "configs/resnet50.yaml: no such file; did you mean 'resnet50'?\n"),
        ("resnet50.keras", "resnet50.keras: no such file\n"),
    ],
)
def test_a_missing_file(
    missing: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("analyze", missing)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
