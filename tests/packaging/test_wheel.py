"""Wheel and sdist: what is in them, and that the wheel alone, in a new environment, is all of convcost."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import convcost
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SUFFIXES = {".py", ".typed", ".css", ".js"}
CODE = {path.relative_to(ROOT).as_posix() for path in (ROOT / "convcost").rglob("*") if path.suffix in SUFFIXES}
CONFIGS = {f"convcost/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "configs").rglob("*.yaml")}


def built(source: Path, target: Path, *options: str) -> Path:
    """The one file that a build of `source` puts into `target`."""
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", str(target), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = target.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"), "--wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("sdist"), "--sdist")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment that has the wheel and what it requires, and nothing of this one."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", wheel], check=True)
    return folder / "bin"


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_the_package_and_the_configs_and_nothing_else(wheel: Path) -> None:
    metadata = {f"convcost-{convcost.__version__}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    metadata |= {
        f"convcost-{convcost.__version__}.dist-info/{name}" for name in ("entry_points.txt", "licenses/LICENSE")
    }
    assert members(wheel) == CODE | CONFIGS | metadata
    assert "convcost/py.typed" in CODE


def test_what_the_wheel_says_of_itself(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        told = message_from_bytes(archive.read(f"convcost-{convcost.__version__}.dist-info/METADATA"))
    assert (told["Name"], told["Version"]) == ("convcost", convcost.__version__)
    assert (told["Requires-Python"], told["License-Expression"]) == (">=3.11", "Apache-2.0")
    required = {line for line in told.get_all("Requires-Dist") if "extra" not in line}
    assert len(required) == 6
    assert not any("tensorflow" in line for line in required)


def test_the_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = built(source, tmp_path / "again", "--wheel")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert {one.filename: one.CRC for one in first.infolist()} == {
            one.filename: one.CRC for one in second.infolist()
        }


def test_the_sdist_has_what_a_distributor_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "docs/index.md", "tests/conftest.py"} <= names
    kept = {"convcost", "configs", "docs", "tests", "benchmarks", "tools"}
    assert {name.partition("/")[0] for name in names if "/" in name} <= kept | {".ci"}


def said(environment: Path, folder: Path, *command: str) -> str:
    program, *arguments = command
    done = subprocess.run([environment / program, *arguments], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_runs_from_the_wheel_alone(environment: Path, tmp_path: Path) -> None:
    version = f"convcost {convcost.__version__}\n"
    assert said(environment, tmp_path, "convcost", "--version") == version
    assert said(environment, tmp_path, "python", "-m", "convcost", "--version") == version
    where = said(environment, tmp_path, "python", "-c", "import convcost; print(convcost.__file__)")
    assert Path(where.strip()).is_relative_to(environment.parent)


def test_configs_and_schemas_came_along(environment: Path, tmp_path: Path) -> None:
    report = json.loads(said(environment, tmp_path, "convcost", "analyze", "mobilenet_v1", "--format", "json"))
    assert report["totals"]["params"] == convcost.analyze(ROOT / "configs" / "mobilenet_v1.yaml").totals.params
    for file in ("spec", "budget"):
        schema = json.loads(said(environment, tmp_path, "convcost", "schema", file))
        assert schema["$schema"].startswith("https://json-schema.org/")


def test_no_command_needs_more_than_the_wheel_requires(environment: Path, tmp_path: Path) -> None:
    """Each command's module is imported, and what it imports at once; help is made of nothing else."""
    from convcost.cli import COMMANDS

    listed = said(environment, tmp_path, "convcost", "--help")
    assert all(f"\n  {command} " in listed for command in COMMANDS)
    for command in ("memory", "explain", "variants"):
        assert said(environment, tmp_path, "convcost", command, "standard_convolution")
    assert said(environment, tmp_path, "convcost", "compare", "--in", "3", "--out", "8")
