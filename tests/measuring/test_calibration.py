"""Fits, specimens and profiles, with times that are worked out from a machine that does not exist."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.device import LAW_KINDS
from convcost.errors import MeasureError
from convcost.estimate import Operation
from convcost.measuring.calibrating import FITTED, UNSEEN, UNSEEN_COUNTS, calibration, measure, operation
from convcost.measuring.engine import DTYPES
from convcost.measuring.fitting import Fit, Observation, fitted
from convcost.measuring.specimens import COUNTS, specimens
from convcost.measuring.timing import Outcome, Pace, Timed
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers.device_yaml import read_device
from convcost.roofline import estimated
from convcost.writers.device_yaml import text_of

KNOWN = specimens(FITTED, COUNTS)


def seconds_of(one: Operation) -> float:
    """A machine: 1 µs a call, 20 GMAC/s (dense 5), reads at 50 GB/s and writes at 10."""
    rate = 5e9 if one.kind == "dense" else 20e9
    return 1e-6 + one.macs / rate + (one.read + one.weights) / 50e9 + one.written / 10e9


class Fake:
    """An engine whose files are names, and whose times are those of the machine above."""

    def __init__(self, ends_after: int | None = None, refuses: str = "") -> None:
        self.models: dict[bytes, tuple[Model, str]] = {}
        self.ends_after, self.refuses = ends_after, refuses

    def converted(self, model: Model, shapes: Mapping[str, Shape], dtype: str) -> bytes:
        if model.name == self.refuses:
            raise MeasureError("TensorFlow cannot convert it")
        key = f"{len(self.models)}".encode()
        self.models[key] = (model, dtype)
        return key

    def timed(self, files: Mapping[str, Path], pace: Pace, threads: int, tell: object = None) -> Timed:
        outcomes = {}
        for done, (name, path) in enumerate(files.items()):
            if self.ends_after is not None and done >= self.ends_after:
                outcomes[name] = Outcome()
                continue
            model, dtype = self.models[path.read_bytes()]
            (specimen,) = [one for one in self.known if one.model == model]
            outcomes[name] = Outcome((seconds_of(operation(specimen, dtype)),) * pace.rounds)
        return Timed(outcomes, "fake", self.ends_after is not None)

    known: ClassVar = [*KNOWN, *specimens(UNSEEN, UNSEEN_COUNTS, frozenset(KNOWN))]

    def processor(self) -> str:
        return "an abacus"


RATES = st.floats(1e9, 1e12)


@given(st.floats(1e-7, 1e-5), RATES, RATES, RATES, st.integers(0, 100))
def test_a_fit_recovers_the_machine(call: float, macs: float, read: float, written: float, seed: int) -> None:
    draw = random.Random(seed)
    truth = Fit(call, 1 / macs, 1 / read, 1 / written)

    def observed() -> Observation:
        sizes = (round(10 ** draw.uniform(4, 8)), round(10 ** draw.uniform(3, 6)), round(10 ** draw.uniform(3, 6)))
        one = Observation(*sizes, seconds=1.0)
        return msgspec.structs.replace(one, seconds=truth.seconds(one))

    found = fitted({"convolution": [observed() for _ in range(30)]})["convolution"]
    assert max(found.error(observed()) for _ in range(30)) < 0.01


def test_disturbed_times_do_not_bend_a_law() -> None:
    seen = [Observation(macs, 1, 1, 1e-6 + macs / 20e9) for macs in range(10**5, 10**7, 3 * 10**5)]
    for place in (3, 11, 20):
        seen[place] = msgspec.structs.replace(seen[place], seconds=4 * seen[place].seconds)
    found = fitted({"convolution": seen})["convolution"]
    assert 1 / found.macs == pytest.approx(20e9, rel=0.02)


def test_terms_are_never_negative() -> None:
    seen = [Observation(1000 * n, 10, 10_000 // n, 1e-6 * n) for n in range(1, 12)]
    found = fitted({"dense": seen})["dense"]
    assert min(msgspec.structs.astuple(found)) >= 0


def test_layers_that_errors_are_told_of_were_not_fitted() -> None:
    unseen = specimens(UNSEEN, UNSEEN_COUNTS, frozenset(KNOWN))
    assert not set(unseen) & set(KNOWN)
    assert len(set(unseen)) == len(unseen) and len(set(KNOWN)) == len(KNOWN)
    assert specimens(FITTED, COUNTS) == KNOWN  # the same everywhere
    assert {one.kind for one in KNOWN} == {one.kind for one in unseen} == set(LAW_KINDS)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_specimen_is_one_operation_of_its_kind(dtype: str) -> None:
    for specimen in KNOWN:
        found = operation(specimen, dtype)
        assert (found.kind, found.macs) == (specimen.kind, specimen.macs)


@pytest.fixture(scope="module")
def calibrated() -> object:
    return calibration("abacus", engine=Fake())


def test_the_profile_predicts_the_machine(calibrated) -> None:
    assert {(one.dtype, one.kind) for one in calibrated.errors} == {
        (dtype, kind) for dtype in DTYPES for kind in (*LAW_KINDS, "")
    }
    assert max(one.median for one in calibrated.errors) < 0.05
    device = calibrated.device
    assert device.title == "an abacus, 1 thread, fake with XNNPACK"
    assert device.macs_per_second["float32"].of("convolution").value == pytest.approx(20e9, rel=0.05)
    assert device.macs_per_second["float32"].of("dense").value == pytest.approx(5e9, rel=0.2)
    specimen = next(one for one in KNOWN if one.kind == "convolution")
    report = estimated(profile(specimen.model), device)
    assert report.estimate is not None
    assert report.estimate.seconds == pytest.approx(seconds_of(operation(specimen, "float32")), rel=0.1)


def test_every_figure_is_measured(calibrated) -> None:
    figures = calibrated.device.figures
    assert len(figures) > 20
    assert {one.origin for one in figures.values()} == {"measured"}


def test_a_profile_is_read_as_it_was_written(calibrated, tmp_path: Path) -> None:
    path = tmp_path / "abacus.yaml"
    path.write_text(text_of(calibrated.device))
    assert read_device(path) == calibrated.device


def test_interrupted_it_fits_what_there_is() -> None:
    found = calibration("abacus", dtypes=("float32",), engine=Fake(ends_after=60))
    assert found.interrupted
    assert 0 < sum(one.fitted for one in found.errors if one.kind) <= 60
    assert found.device.law("float32", "convolution", macs=1) is not None


def test_interrupted_too_soon_there_is_no_profile() -> None:
    with pytest.raises(MeasureError, match="too little was measured"):
        calibration("abacus", dtypes=("float32",), engine=Fake(ends_after=2))


def test_what_cannot_be_converted_is_told_and_left_out() -> None:
    found = calibration("abacus", dtypes=("float32",), engine=Fake(refuses="merge"))
    assert found.missing == ("merge, float32: TensorFlow cannot convert it",)
    assert "merge" not in {one.kind for one in found.errors}


def test_where_nothing_can_be_converted_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    only = [one for one in KNOWN if one.kind == "merge"]
    with pytest.raises(MeasureError, match="TensorFlow cannot convert it"):
        measure(only, DTYPES, 1, Pace(), Fake(refuses="merge"), None)


def test_calibrate_writes_the_profile_and_tells_its_errors(
    run: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convcost.measuring.litert.LiteRt", Fake)
    path = tmp_path / "this-machine.yaml"
    result = run("calibrate", "-o", path, "--dtype", "int8", "--seconds", 5)
    assert (result.code, result.err) == (0, "")
    assert "GMAC/s" in result.out and "all kinds" in result.out and "Measured on an abacus" in result.out
    assert read_device(path).dtypes == ("int8",)
    for name in ("json", "csv", "markdown"):
        assert run("calibrate", "-o", path, "--dtype", "int8", "-f", name).code == 0


def test_calibrate_ended_by_ctrl_c_writes_what_was_fitted(
    run: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convcost.measuring.litert.LiteRt", lambda: Fake(ends_after=90))
    path = tmp_path / "this-machine.yaml"
    result = run("calibrate", "-o", path)
    assert result.code == 130
    assert "Interrupted" in result.out
    assert read_device(path).laws


def test_a_profile_is_a_yaml_file(run: Callable[..., object]) -> None:
    result = run("calibrate", "-o", "machine.txt")
    assert (result.code, result.err) == (2, "error: machine.txt: allowed: a name that ends in .yaml\n")
