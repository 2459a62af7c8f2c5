"""Models timed: what is told of made-up times, and one small run of the real thing."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from convcost import api, units
from convcost.engine import stopwatch
from convcost.engine.timing import timed
from convcost.errors import MeasureError
from convcost.formats import table
from convcost.measuring.bench import AS_IT_IS
from convcost.measuring.benching import STEPS, benched, benched_layer
from convcost.measuring.engine import DTYPES
from convcost.measuring.timing import Outcome, Pace, Timed
from convcost.model import Model, Shape
from convcost.profile import profile
from convcost.readers.device_yaml import device
from convcost.table import View

SPEC = """\
convcost: 1
name: small
input: [16, 16, 8]
layers:
  - Conv2D: {filters: 16, kernel_size: 3, padding: same}
  - GlobalAveragePooling2D
  - Dense: {units: 4}
"""


class Fake:
    """Times are the MACs in ns, of int8 half of that; the variants named in `refuses` cannot be converted."""

    def __init__(self, refuses: str = "", interrupted: bool = False) -> None:
        self.models: dict[bytes, tuple[int, str]] = {}
        self.refuses, self.interrupted = refuses, interrupted

    def converted(self, model: Model, shapes: Mapping[str, Shape], dtype: str) -> bytes:
        if dtype == self.refuses:
            raise MeasureError(f"TensorFlow cannot convert it in {dtype}")
        key = f"{len(self.models)}".encode()
        self.models[key] = (profile(model, shapes).totals.macs, dtype)
        return key

    def timed(self, files: Mapping[str, Path], pace: Pace, threads: int, tell: object = None) -> Timed:
        outcomes = {}
        for name, path in files.items():
            macs, dtype = self.models[path.read_bytes()]
            seconds = macs * 1e-9 / (2 if dtype == "int8" else 1)
            outcomes[name] = Outcome((seconds, seconds, 3 * seconds))
        return Timed(outcomes, "fake", self.interrupted)

    def processor(self) -> str:
        return "an abacus"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path


STANDARD, HEAD = 3 * 3 * 8 * 16 * 16 * 16, 16 * 4
SEPARABLE = 3 * 3 * 8 * 16 * 16 + 8 * 16 * 16 * 16
"""MACs of the convolution, of the head, and of the separable convolution."""


def test_speed_ups_are_those_of_each_dtype(spec: Path) -> None:
    bench = benched(api.load(spec), ["separable"], engine=Fake())
    before, after = STANDARD + HEAD, SEPARABLE + HEAD
    assert [(one.variant, one.dtype, one.macs) for one in bench.candidates] == [
        (AS_IT_IS, "float32", before),
        ("separable", "float32", after),
        (AS_IT_IS, "int8", before),
        ("separable", "int8", after),
    ]
    assert [one.seconds for one in bench.candidates] == pytest.approx(
        [before * 1e-9, after * 1e-9, before * 5e-10, after * 5e-10]
    )
    for one in (bench.candidates[1], bench.candidates[3]):
        assert bench.reduction_factor(one) == pytest.approx(before / after)
        assert bench.speed_up(one) == pytest.approx(before / after)
        assert bench.estimated_speed_up(one) is None
    assert bench.exit_code == 0


def test_estimates_are_those_of_the_dtype(spec: Path) -> None:
    bench = benched(api.load(spec), ["separable"], dtypes=["int8"], device=device("ethos-u55-128"), engine=Fake())
    assert bench.candidates[0].estimated_seconds is not None
    assert bench.estimated_speed_up(bench.candidates[0]) == 1.0


def test_without_a_choice_all_variants_that_change_something_run(spec: Path) -> None:
    bench = benched(api.load(spec), dtypes=["float32"], engine=Fake())
    variants = [one.variant for one in bench.candidates]
    assert variants[0] == AS_IT_IS and {"separable", "mobilenet", "ghost"} <= set(variants)
    assert "standard" not in variants  # there is nothing separable in it


def test_what_cannot_be_converted_is_a_row(spec: Path) -> None:
    bench = benched(api.load(spec), ["separable"], engine=Fake(refuses="int8"))
    assert [one.outcome.problem for one in bench.candidates] == ["", "", *["TensorFlow cannot convert it in int8"] * 2]
    assert bench.exit_code == 3
    with pytest.raises(MeasureError, match="in int8"):
        benched(api.load(spec), ["separable"], dtypes=["int8"], engine=Fake(refuses="int8"))


def test_a_layer_beside_its_steps_and_variants() -> None:
    comparison = benched_layer(api.compare(3, 128, 3, 5), dtypes=DTYPES, engine=Fake())
    assert comparison.bench is not None
    macs = {one.variant: one.macs for one in comparison.bench.candidates if one.dtype == "int8"}
    assert (macs[AS_IT_IS], macs[STEPS]) == (86_400, 675 + 9_600)
    assert "mobilenet" in macs and "separable" not in macs


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_every_format_shows_it(
    format_: str, spec: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convcost.measuring.litert.LiteRt", lambda: Fake(refuses="int8"))
    result = run("bench", spec, "--variant", "separable", "-f", format_)
    assert result.code == 3
    assert "separable" in result.out and "TensorFlow cannot convert it in int8" in result.out
    result = run("compare", "--in", 3, "--out", 128, "--hw", 5, "--bench", "-f", format_)
    assert result.code == 0
    assert STEPS in result.out


def test_json_has_raw_seconds(spec: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcost.measuring.litert.LiteRt", Fake)
    told = json.loads(run("bench", spec, "--variant", "separable", "--dtype", "float32", "-f", "json").out)["bench"]
    assert told["machine"] == {"processor": "an abacus", "threads": 1, "runtime": "fake"}
    first = told["candidates"][0]
    assert (first["variant"], first["macs"], first["problem"]) == (None, STANDARD + HEAD, None)
    assert first["turns"] == pytest.approx([first["seconds"], first["seconds"], 3 * first["seconds"]])


def test_ctrl_c_shows_what_was_measured(
    spec: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convcost.measuring.litert.LiteRt", lambda: Fake(interrupted=True))
    result = run("bench", spec, "--variant", "separable")
    assert result.code == 130
    assert "Interrupted: 3 of 10 rounds were measured." in result.out


def test_types_are_checked(spec: Path, run: Callable[..., object]) -> None:
    result = run("bench", spec, "--dtype", "float32,int4")
    assert (result.code, result.err) == (
        2,
        "error: --dtype: got 'int4', allowed: float32, int8, or both with a comma\n",
    )


CHILD = """\
import os, sys
from convcost.engine import stopwatch

real = stopwatch.loaded

def loaded(path, threads):
    if path.name == "crash.tflite":
        os.abort()
    if path.name == "bad.tflite":
        raise ValueError("bad model")
    return lambda: None

stopwatch.loaded = loaded
stopwatch.runtime = lambda: (None, "fake runtime")
stopwatch.main()
"""


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that times, with a runtime that aborts on one file and refuses another."""
    monkeypatch.setattr("convcost.engine.timing.PROGRAM", ("-c", CHILD))


def files(folder: Path, *names: str) -> dict[str, Path]:
    for name in names:
        (folder / f"{name}.tflite").write_bytes(b"")
    return {name: folder / f"{name}.tflite" for name in names}


def test_a_file_that_ends_the_process_is_a_row(child: None, tmp_path: Path) -> None:
    found = timed(files(tmp_path, "one", "crash", "bad", "two"), Pace(3, 0.0), 1)
    assert found.runtime == "fake runtime"
    assert found.outcomes["crash"].problem == "LiteRT ended its process (SIGABRT)"
    assert found.outcomes["bad"].problem == "LiteRT cannot run it: bad model"
    assert [len(found.outcomes[name].turns) for name in ("one", "crash", "bad", "two")] == [3, 0, 0, 3]


def test_ctrl_c_keeps_the_turns_so_far(child: None, tmp_path: Path) -> None:
    def tell(done: int, count: int, what: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    found = timed(files(tmp_path, "one", "two"), Pace(100, 0.0), 1, tell)
    assert found.interrupted
    assert [len(found.outcomes[name].turns) for name in ("one", "two")] == [1, 2]  # there and back


def test_ctrl_c_is_kept_from_ending_the_program(child: None, tmp_path: Path) -> None:
    def end(number: int, frame: object) -> None:
        sys.exit(130)

    def tell(done: int, count: int, what: str) -> None:
        if done == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, end)  # as the program does
    try:
        found = timed(files(tmp_path, "one"), Pace(1000, 0.0), 1, tell)
        assert signal.getsignal(signal.SIGINT) is end
    finally:
        signal.signal(signal.SIGINT, before)
    assert found.interrupted and len(found.outcomes["one"].turns) == 2


def test_more_than_may_be_open_is_opened_for_each_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def loaded(path: Path, threads: int) -> Callable[[], None]:
        opened.append(path.stem)
        return lambda: None

    monkeypatch.setattr(stopwatch, "loaded", loaded)
    monkeypatch.setattr(stopwatch, "runtime", lambda: (None, "fake"))
    monkeypatch.setattr(stopwatch, "MOST_HELD", -1)
    places = dict(enumerate(map(str, files(tmp_path, "one", "two").values())))
    stopwatch.work(stopwatch.Job(places, Pace(2, 0.0), 1), lambda event: None)
    assert opened == ["one", "two", "one", "two", "one"]  # the second round begins with the one that is open


def test_on_a_narrow_terminal_the_speed_up_is_whole(spec: Path) -> None:
    found = benched(api.load(spec), engine=Fake(), device=device("raspberry-pi-4"))
    shown = table.bench(found, View(terminal=True, width=80)).splitlines()
    titles, *rows = shown[2], *shown[4 : 4 + len(found.candidates)]
    assert max(map(len, shown[: 4 + len(rows)])) <= 80
    assert titles.split("  ")[-1].strip() == "speed-up" and "est. speed-up" in titles and "MAC reduction" in titles
    assert [row.split()[-1] for row in rows] == [units.factor(found.speed_up(one)) for one in found.candidates]


def test_on_a_narrow_terminal_a_layer_that_was_timed_has_a_line_a_row() -> None:
    found = benched_layer(api.compare(64, 128, 3, 28), device=device("raspberry-pi-4"), engine=Fake())
    assert found.bench is not None
    text = table.comparison(found, View(terminal=True, width=80)).partition("Measured:\n")[2]
    shown = text.partition("\n\n")[0].splitlines()
    assert max(map(len, shown)) <= 80
    for one in found.bench.candidates:
        (row,) = (line for line in shown if line.startswith(f" {(one.variant or 'as it is')[:10]}"))
        assert row.split()[-1] == units.factor(found.bench.speed_up(one))


def test_without_a_runtime_the_message_tells_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from convcost.engine import runtime

    for name in ("ai_edge_litert", "ai_edge_litert.interpreter", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MeasureError, match=r"convcost\[litert\]") as caught:
        runtime.runtime()
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("unroll", [False, True])
def test_a_loop_in_int8_is_refused_before_it_ends_the_process(unroll: bool) -> None:
    from keras import Input, Sequential, layers

    from convcost.engine.conversion import converted_live

    model = Sequential([Input((3, 2)), layers.SimpleRNN(2, unroll=unroll)])
    assert converted_live(model, "rnn", dtype="float32")
    if unroll:
        assert converted_live(model, "rnn", dtype="int8")
    else:
        with pytest.raises(MeasureError, match="cannot convert loops to int8, such as that of a recurrent layer"):
            converted_live(model, "rnn", dtype="int8")


def test_without_tensorflow_bench_ends_with_3(
    spec: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    result = run("bench", spec, "--variant", "separable")
    assert result.code == 3
    assert "pip install 'convcost[tensorflow]'" in result.err


def test_a_layer_that_cannot_be_made_ends_with_3(
    tmp_path: Path, run: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    path = tmp_path / "odd.keras"
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Lambda(lambda x: x, output_shape=(8, 8, 3), name="odd")(image)).save(path)
    result = run("bench", path, "--dtype", "float32")
    assert result.code == 3
    assert "'odd'" in result.err and "Lambda" in result.err


@pytest.mark.slow
def test_a_small_model_and_a_layer_for_real(spec: Path, run: Callable[..., object]) -> None:
    quick = ("--rounds", 2, "--seconds", 0.01, "-f", "json")
    told = json.loads(run("bench", spec, "--variant", "separable", *quick).out)["bench"]
    assert [one["dtype"] for one in told["candidates"]] == ["float32", "float32", "int8", "int8"]
    assert all(0 < one["seconds"] < 1 and len(one["turns"]) == 2 for one in told["candidates"])
    assert "LiteRT" in told["machine"]["runtime"]
    result = run("compare", "--in", 3, "--out", 8, "--hw", 5, "--bench", *quick)
    assert all(0 < one["seconds"] < 1 for one in json.loads(result.out)["comparison"]["bench"]["candidates"])


@pytest.mark.slow
def test_a_tflite_file_is_timed_as_it_is(tmp_path: Path, run: Callable[..., object]) -> None:
    import keras

    from tests.converting import converted

    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
    path = converted(model, tmp_path / "small.tflite", int8=True)
    result = run("bench", path, "--rounds", 2, "--seconds", 0.01, "-f", "json")
    (only,) = json.loads(result.out)["bench"]["candidates"]
    assert (result.code, only["dtype"], only["macs"]) == (0, "int8", 3 * 3 * 3 * 4 * 6 * 6)
    assert run("bench", path, "--variant", "separable").code == 2
