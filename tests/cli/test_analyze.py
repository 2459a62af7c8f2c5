"""`convcost analyze`: views, files, several models, and bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convcost import analyze
from convcost.profile import followed
from tests.building import archive, entry, sequential
from tests.conftest import Result

Run = Callable[..., Result]


def conv(name: str, filters: int = 4, **settings: object) -> dict[str, object]:
    return entry("Conv2D", name, filters=filters, kernel_size=[3, 3], padding="same", **settings)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two convolutions, a nested model of two layers, and a Dense layer."""
    nested = {
        "class_name": "Sequential",
        "module": "keras",
        "name": "block",
        "config": {"name": "block", "layers": [conv("inner", 8), entry("ReLU", "act")]},
    }
    layers = [conv("stem", 16), nested, conv("last", 32), entry("Flatten", "flat"), entry("Dense", "head", units=10)]
    return archive(tmp_path / "model.keras", sequential(*layers, shape=[8, 8, 3]))


def test_json_has_every_key_of_the_schema(run: Run, model: Path) -> None:
    data = json.loads(run("analyze", model, "--format", "json").out)
    assert list(data) == [
        "schema_version", "tool", "model", "totals", "coverage", "peak", "layers", "what_if", "warnings",
    ]  # fmt: skip
    stem = 3 * 3 * 3 * 16 * 64
    inner = 3 * 3 * 16 * 8 * 64
    last = 3 * 3 * 8 * 32 * 64
    head = 8 * 8 * 32 * 10
    assert data["totals"]["macs"] == stem + inner + last + head
    assert data["totals"]["params"] == (27 * 16 + 16) + (9 * 16 * 8 + 8) + (9 * 8 * 32 + 32) + (head + 10)
    assert data["totals"]["complete"] is True
    assert data["model"] == {
        "name": "net",
        "source": str(model),
        "format": "keras",
        "input_shapes": {"input": [8, 8, 3]},
        "batch": 1,
    }
    row = data["layers"][2]
    assert (row["name"], row["path"], row["kind"], row["calls"]) == ("inner", "block/inner", "Conv2D", 1)
    assert (row["input_shapes"], row["output_shapes"]) == ([[8, 8, 16]], [[8, 8, 8]])
    assert row["separable"] == {
        "macs": 64 * (9 * 16 + 16 * 8),
        "params": 9 * 16 + 16 * 8 + 8,
        "reduction_factor": inner / (64 * (9 * 16 + 16 * 8)),
        "bound": 1 / 8 + 1 / 9,
        "verdict": "convertible",
    }
    assert data["what_if"]["converted"] == ["stem", "block/inner", "last"]
    assert data["layers"][-1]["separable"] is None


def test_table_is_plain_and_whole_in_a_pipe(run: Run, model: Path) -> None:
    result = run("analyze", model)
    assert result.code == 0
    assert "\x1b" not in result.out
    for said in ("block/inner", "Conv2D", "8×8×16", "convertible", "peak activations", "Largest savings"):
        assert said in result.out


def test_eighty_columns(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "convcost", "analyze", str(model)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    header = done.stdout.splitlines()[2]
    assert header.split() == ["layer", "output", "params", "MACs", "share", "of", "MACs", "separable"]


def test_sort_top_only_kind(run: Run, model: Path) -> None:
    def paths(*options: object) -> list[str]:
        rows = csv.DictReader(io.StringIO(run("analyze", model, "--format", "csv", *options).out))
        return [row["path"] for row in rows]

    assert paths() == ["input", "stem", "block/inner", "block/act", "last", "flat", "head"]
    assert paths("--sort", "macs", "--top", 2) == ["last", "block/inner"]
    assert paths("--sort", "saving", "--top", 1) == ["last"]
    assert paths("--sort", "name")[0] == "block/act"
    assert paths("--only", "block/*") == ["block/inner", "block/act"]
    assert paths("--only", "*") == ["input", "stem", "last", "flat", "head"]
    assert paths("--only", "**n**") == ["input", "block/inner"]
    assert paths("--kind", "Dense", "--kind", "Flatten") == ["flat", "head"]


def test_depth_adds_up_nested_models(run: Run, model: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("analyze", model, "--format", "csv", "--depth", 1).out)))
    block = rows[2]
    assert (block["path"], block["kind"], block["macs"]) == ("block", "(2 layers)", str(9 * 16 * 8 * 64))
    tree = run("analyze", model, "--depth", 2).out
    assert "\n  inner" in tree
    assert [line.split()[0] for line in run("analyze", model, "--depth", 1).out.splitlines()[3:9]] == [
        "input", "stem", "block", "last", "flat", "head",
    ]  # fmt: skip


def test_raw_flops_and_no_separable(run: Run, model: Path) -> None:
    shown = run("analyze", model, "--raw", "--flops", "--no-separable").out
    assert f"{9 * 16 * 8 * 64:,}" in shown
    assert "FLOPs" in shown.splitlines()[2]
    assert "separable" not in shown.lower()
    row = next(csv.DictReader(io.StringIO(run("analyze", model, "--flops", "--only", "stem", "--format", "csv").out)))
    assert int(row["flops"]) == 2 * 27 * 16 * 64 + 16 * 64  # and a bias each


def test_several_models_are_a_row_each(run: Run, model: Path, tmp_path: Path) -> None:
    other = archive(tmp_path / "other.keras", sequential(entry("Dense", "only", units=5), shape=[7]))
    table = run("analyze", model, other).out.splitlines()
    assert len(table) == 3
    assert table[2].split()[0] == str(other)
    data = json.loads(run("analyze", model, other, "--format", "json").out)
    assert [one["totals"]["params"] for one in data["reports"]][1] == 7 * 5 + 5
    rows = list(csv.DictReader(io.StringIO(run("analyze", model, other, "--format", "csv").out)))
    assert rows[1]["macs"] == "35"
    assert run("analyze", model, other, "--format", "markdown").out.count("\n") == 4


def test_one_bad_file_among_several_does_not_hide_the_others(run: Run, model: Path, tmp_path: Path) -> None:
    result = run("analyze", model, tmp_path / "missing.keras", model, "--format", "csv")
    assert result.code == 2
    assert "missing.keras: no such file" in result.err
    assert len(list(csv.DictReader(io.StringIO(result.out)))) == 2
    assert run("analyze", tmp_path / "a.keras", tmp_path / "b.keras").out == ""


def test_output_files_are_written_beside_stdout(run: Run, model: Path, tmp_path: Path) -> None:
    result = run("analyze", model, "-o", tmp_path / "r.json", "-o", f"markdown:{tmp_path / 'r.txt'}")
    assert "Largest savings" in result.out
    assert json.loads((tmp_path / "r.json").read_text())["schema_version"] == 1
    assert (tmp_path / "r.txt").read_text().startswith("### net")
    assert not list(tmp_path.glob(".*"))


def test_an_output_never_overwrites_the_input_or_lands_in_no_folder(run: Run, model: Path, tmp_path: Path) -> None:
    before = model.read_bytes()
    result = run("analyze", model, "-o", f"json:{model}")
    assert (result.code, model.read_bytes() == before) == (2, True)
    assert "is the input" in result.err
    assert "cannot be written" in run("analyze", model, "-o", tmp_path / "no" / "r.json").err


def test_input_shape_and_batch(run: Run, tmp_path: Path) -> None:
    path = archive(tmp_path / "open.keras", sequential(conv("c"), shape=[None, None, 3]))
    refused = run("analyze", path)
    assert refused.code == 2
    assert "--input-shape 224x224x3" in refused.err
    assert "'c' (Conv2D)" in refused.err
    data = json.loads(run("analyze", path, "--input-shape", "10x20x3", "--batch", 3, "--format", "json").out)
    assert data["totals"]["macs"] == 3 * 27 * 4 * 10 * 20
    by_name = run("analyze", path, "--input-shape", "input=10x20x3", "--format", "json")
    assert json.loads(by_name.out)["totals"]["macs"] == 27 * 4 * 10 * 20
    assert "has 3 dimensions" in run("analyze", path, "--input-shape", "10x20").err
    assert "--input-shape: got '10xx3'" in run("analyze", path, "--input-shape", "10xx3").err


def test_a_shape_for_which_the_file_has_no_weights_is_told(run: Run, model: Path) -> None:
    result = run("analyze", model, "--input-shape", "16x16x3", "--format", "json")
    assert json.loads(result.out)["layers"][-1]["params"] == (16 * 16 * 32 + 1) * 10
    assert result.err.endswith("these layers have other weights than those in the file: 'head'\n")
    assert run("analyze", model, "--input-shape", "8x8x3").err == ""


def test_a_model_is_followed_once_as_it_is_and_once_under_the_variant(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    monkeypatch.setattr("convcost.profile.followed", lambda *given: runs.append(given) or followed(*given))
    assert analyze(model).what_if
    assert len(runs) == 2


def test_an_unknown_kind_is_an_honest_row(run: Run, tmp_path: Path) -> None:
    path = archive(
        tmp_path / "custom.keras",
        sequential(conv("known"), entry("Secret", "odd", module="my.package", power=3), conv("after")),
    )
    result = run("analyze", path)
    assert result.code == 0
    assert "≥" in result.out
    assert "odd" in result.out
    assert "no rule for Secret of my.package" in result.out
    data = json.loads(run("analyze", path, "--format", "json").out)
    assert data["totals"]["complete"] is False
    assert data["coverage"]["uncounted_layers"] == ["odd", "after"]
    assert data["layers"][2]["macs"] is None


@pytest.mark.parametrize(
    "name", ["[/red]", "a|b", "\x1b[31mred", "x" * 300, "=1+1", "<script>", "new\nline", "\u202egnp.exe", "a\x00b"]
)
def test_a_name_is_data_in_every_format(run: Run, tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "named.keras", sequential(conv(name), name=name))
    table = run("analyze", path).out
    assert "\x1b" not in table
    assert "\u202e" not in table
    assert "\x00" not in table
    if name.isprintable():
        assert name in table
    data = json.loads(run("analyze", path, "--format", "json").out)
    assert data["layers"][1]["path"] == name
    rows = list(csv.DictReader(io.StringIO(run("analyze", path, "--format", "csv").out)))
    assert len(rows) == 2
    assert not rows[1]["path"].startswith("=")
    markdown = run("analyze", path, "--format", "markdown").out
    assert "<script>" not in markdown
    table_lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table_lines[8:]} == {10}


def bad_settings(**settings: object) -> object:
    base = {"filters": 4, "kernel_size": [3, 3], "padding": "valid"} | settings
    return sequential(entry("Conv2D", "bad", **base), shape=[8, 8, 3])


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (bad_settings(kernel_size=[9, 9]), "'bad' (Conv2D): a window of 9"),
        (bad_settings(groups=2), "groups is 2, which does not divide the input's 3 channels"),
        (bad_settings(groups=3), "groups is 3, which does not divide filters (4)"),
        (bad_settings(strides=[0, 0]), "'bad' (Conv2D): Expected `int` >= 1"),
        (bad_settings(filters="many"), "Expected `int`, got `str` - at `$.filters`"),
        (bad_settings(filters=-1), "$.filters"),
        ({"class_name": "Sequential", "config": {"name": "x", "layers": []}}, "has no layers"),
        ({"class_name": "Sequential"}, "no model that Keras writes"),
        ("[1, 2]", "no object that Keras writes"),
        ("{", "no object that Keras writes"),
        ('{"a":' * 100_000, "nested too deep"),
    ],
)
def test_bad_configs(run: Run, tmp_path: Path, config: object, said: str) -> None:
    result = run("analyze", archive(tmp_path / "bad.keras", config))
    assert result.code == 2
    assert said in result.err
    assert str(tmp_path / "bad.keras") in result.err
    assert "Traceback" not in result.err
    assert result.err.count("\n") == 1


def test_bad_files(run: Run, tmp_path: Path, model: Path) -> None:
    empty = tmp_path / "empty.keras"
    empty.touch()
    text = tmp_path / "text.keras"
    text.write_text("not a zip")
    cut = tmp_path / "cut.keras"
    cut.write_bytes(model.read_bytes()[:-60])
    for path, said in (
        (tmp_path / "missing.keras", "no such file"),
        (empty, "is empty"),
        (text, "no .keras archive"),
        (cut, "no .keras archive"),
        (tmp_path, "convcost reads"),
    ):
        result = run("analyze", path)
        assert (result.code, result.out) == (2, "")
        assert said in result.err
        assert str(path) in result.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sort", "size"), "--sort: got 'size', allowed: macs, params"),
        (("--only", "nothing*"), "--only nothing*: no layer matches"),
        (("--kind", "LSTM"), "--kind LSTM: no layer is one; the model has Conv2D"),
        (("--top", 0), "--top"),
        (("--set", "alpha"), "--set: got 'alpha', allowed: NAME=VALUE"),
        (("--format", "yaml"), "allowed: csv, html, json, markdown, png, svg, table"),
    ],
)
def test_refusals(run: Run, model: Path, options: tuple[object, ...], said: str) -> None:
    result = run("analyze", model, *options)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_an_internal_error_is_3_and_shows_no_traceback(run: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("wires crossed")

    monkeypatch.setattr("convcost.api.loading.profile", broken)
    result = run("analyze", model)
    assert result.code == 3
    assert "internal error: RuntimeError: wires crossed" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in run("--debug", "analyze", model).err


def test_a_closed_pipe_is_silent(model: Path) -> None:
    command = f"{sys.executable} -m convcost analyze {model} --format json | head -c 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_analyze_imports_no_framework(model: Path) -> None:
    """Nor what only other commands need: the profile of an archive starts at once."""
    code = (
        "import sys; sys.argv = ['convcost', 'analyze', sys.argv[1]]\n"
        "from convcost.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "names = 'tensorflow keras numpy h5py pydantic yaml rich simpleeval'.split()\n"
        "print([name for name in names if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_version_and_no_command(run: Run) -> None:
    assert run("--version").out.startswith("convcost 0.")
    for command in ("analyze", "compare", "layers", "schema"):
        shown = run(command, "--help")
        assert shown.code == 0
        assert f"convcost {command}" in shown.out
    assert run().code in (0, 2)
    assert "No such command" in run("analyse").err


def test_layers_lists_every_kind_with_its_formula(run: Run) -> None:
    from convcost.layers import LAYERS

    listed = run("layers").out
    assert {line.split()[0] for line in listed.splitlines()} == set(LAYERS)
    one = run("layers", "Conv2D").out
    assert "prod(kernel_size) · (in_channels / groups) · filters · output positions" in one
    assert "\n  filters\n" in one
    assert "\n  groups = 1\n" in one
    assert "did you mean 'Conv2D'?" in run("layers", "conv2d").err
