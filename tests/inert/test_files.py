"""YAML that convcost writes, and what it says on stderr: names are data there too."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings

from convcost.baseline.lock_file import written
from convcost.budget import lock
from convcost.budget.figures import Figures, figures_of
from convcost.cli import output
from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.planning.plan_file import text_of
from convcost.planning.planner import Plan, Replacement
from convcost.policy.writing import Entry, policy_text
from convcost.profile import profile
from convcost.readers import read as read_model
from convcost.units import printable
from convcost.writers.spec_yaml import text_of as spec_of
from tests.building import archive, entry, sequential
from tests.conftest import Result
from tests.inert.names import names
from tests.inert.results import report
from tests.inert.test_formats import inert_in_a_log


def sayable(name: str) -> bool:
    """Whether YAML can say it: half a character it cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_back(name: str, write: Callable[[], str]) -> object:
    """What PyYAML reads in a text that no terminal obeys; None where the name cannot be said, and that is told."""
    if not sayable(name):
        with pytest.raises(ConvcostError, match="half a character"):
            write()
        return None
    text = write()
    assert not list(inert_in_a_log(text))
    return yaml.safe_load(text)


def network(folder: Path, name: str) -> Model:
    layers = (
        entry("Conv2D", f"{name}1", filters=4, kernel_size=[3, 3]),
        entry("GlobalAveragePooling2D", f"{name}2"),
        entry("Dense", f"{name}3", units=2),
    )
    return read_model(archive(folder / "net.keras", sequential(*layers, name=f"{name}n")), {})


@settings(max_examples=25)
@given(name=names)
def test_specs(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("specs")
    model = network(folder, name.replace("/", "∕"))  # a name with a slash is refused
    name = model.name[:-1]  # halves of a character that stand side by side are one
    data = read_back(name, lambda: spec_of(model))
    if data is not None:
        assert data["name"] == f"{name}n"
        assert [one["name"] for one in data["layers"] if "name" in one] == [f"{name}{place}" for place in (1, 2, 3)]


@settings(max_examples=25)
@given(name=names)
def test_plans(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    replaced = (Replacement(f"{name}1", "separable", 900, 300, 0.25, f"keeps {name}"),)
    plan = Plan(replaced, report("net").totals, 0.25)
    data = read_back(name, lambda: text_of(plan, f"{name}.keras", {"macs": 3}, f"what {name} is"))
    if data is not None:
        assert data["model"] == f"{name}.keras"
        assert data["layers"][f"{name}1"]["reason"] == f"keeps {name}"


@settings(max_examples=25)
@given(name=names)
def test_policies_and_locks(name: str) -> None:
    entry = Entry(f"{name}n", f"{name}.keras", figures(), {f"{name}i": (8, 8, 3)}, {"width": f"{name}v"})
    data = read_back(name, lambda: policy_text([entry], Fraction(1, 10)))
    if data is not None:
        one = data["models"][f"{name}n"]
        assert (one["source"], list(one["input_shape"]), one["set"]) == (
            f"{name}.keras",
            [f"{name}i"],
            {"width": f"{name}v"},
        )
    locked = written(lock.Lock(lock.VERSION, {name: {"macs": 3}}))
    assert locked.isascii()
    assert list(json.loads(locked)["models"]) == [json.loads(json.dumps(name))]


def figures() -> Figures:
    return figures_of(profile(Model("m", (), (), ())), {})


@settings(max_examples=60)
@given(name=names)
def test_messages_are_one_line(name: str) -> None:
    import contextlib
    import io

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        output.error(f"{name}: layer {name}: no")
        output.warn(name)
        output.hint(name)
    lines = said.getvalue().split("\n")
    assert lines[1:] == [f"warning: {printable(name)}", f"hint: {printable(name)}", ""]
    assert not list(inert_in_a_log(said.getvalue()))


@pytest.mark.parametrize("name", ["a\x1b]0;x\x07", "a\n::error::b", "##[error]c", "\u202egnp", "--\x1b[31m"])
def test_files_are_named_in_errors_whatever_they_are_called(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.keras").write_text("no archive")
    for arguments in (("analyze", f"./{name}.keras"), ("analyze", f"{name}.keras"), ("export", "x", f"{name}.keras")):
        result = run(*arguments)
        assert result.code == 2
        assert result.out == ""
        assert not list(inert_in_a_log(result.err))
        # Typer 0.26 breaks the line where later versions escape it
        said = result.err.replace("\\n", "\n").replace("\\x0a", "\n").replace("\\x3a", ":")
        assert printable(name).replace("\\n", "\n") in said or name.startswith("--")
