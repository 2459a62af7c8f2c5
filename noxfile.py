"""The matrix of Pythons and dependencies, and a release. `nox` runs what CI needs not run each time; `nox -l` lists it.

A Python that is not there is reported as missing, and fails under `nox --error-on-missing-interpreters`.
"""

from __future__ import annotations

import re
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
"""From the lowest that convcost allows to the newest that a release of TensorFlow has wheels for (2.21)."""

FRAMEWORKS = re.compile(
    r"^\s*(?:import|from) (?:keras|tensorflow|tf_keras|opt_einsum|tests\.(?:trained|layers\.cases|fuzz))\b",
    re.MULTILINE,
)
EXTRAS = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
PLAIN = [one for name in ("test", "planner", "charts") for one in EXTRAS[name] if not one.startswith("convcost")]
"""What the tests use, but for the frameworks."""
BUILDING = ["build", "hatchling>=1.26", "twine", "uv", "pytest", "hypothesis"]

nox.options.default_venv_backend = "uv"
nox.options.sessions = ["lint", "docs", "build", "lowest", "newest", "tests"]


def without_framework() -> list[str]:
    """The test modules that neither import a framework, nor share what does, nor build the site or a wheel."""
    conftests = Path("tests").rglob("conftest.py")
    shared = {path.parent for path in conftests if re.search("^import keras", path.read_text(), re.MULTILINE)}
    modules = [path for path in sorted(Path("tests").rglob("test_*.py")) if path.parent not in shared]
    free = [path for path in modules if not FRAMEWORKS.search(path.read_text())]
    return [str(path) for path in free if "packaging" not in path.parts and path.name != "test_site.py"]


def plain_tests(session: nox.Session) -> None:
    """Tests in an environment without a framework, and without what checks code and docs."""
    session.install(*PLAIN)
    session.run("uv", "pip", "list", external=True)
    left_out = "not verify and not wants and not engine and not help"  # help is laid out by the version of Typer
    session.run(
        "python", "-m", "pytest", "-q", "-m", "not slow", "-k", left_out, *without_framework(), *session.posargs
    )


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, with all that they need, in the newest versions."""
    session.install("-e", ".[dev]")
    session.install("--no-deps", "-r", "tests/no-deps.txt")
    session.run("python", "-m", "pytest", *session.posargs, env={"TF_CPP_MIN_LOG_LEVEL": "3"})


@nox.session(python=PYTHONS)
def lowest(session: nox.Session) -> None:
    """Tests without a framework, on the lowest versions that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", "-e", ".")
    plain_tests(session)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """Tests without a framework, on the newest versions that pyproject.toml allows."""
    session.install("--upgrade", "-e", ".")
    plain_tests(session)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Format, lint, types and the direction of imports."""
    session.install("-e", ".[dev]")
    session.run("bash", ".ci/check", "--fast", external=True)


@nox.session(python="3.11")
def docs(session: nox.Session) -> None:
    """The site, built strictly into site/."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--strict")


@nox.session(python="3.11")
def build(session: nox.Session) -> None:
    """Sdist and wheel into dist/, checked and installed as users would."""
    session.install("-e", ".", *BUILDING)
    session.run("python", "-m", "build", "--no-isolation")
    session.run("python", "-m", "twine", "check", "--strict", *map(str, sorted(Path("dist").iterdir())))
    session.run("python", "-m", "pytest", "-q", "tests/packaging", *session.posargs)


@nox.session(python="3.11")
def release(session: nox.Session) -> None:
    """`nox -s release -- 0.2.0`: version, changelog, build, checks, commit and tag. It does not push or upload."""
    if len(session.posargs) != 1:
        session.error("say which version: nox -s release -- 0.2.0")
    (version,) = session.posargs
    session.install("-e", ".", *BUILDING)
    session.run("python", "tools/release.py", "prepare", version)
    files = [f"dist/convcost-{version}.tar.gz", f"dist/convcost-{version}-py3-none-any.whl"]
    session.run("python", "-m", "build", "--no-isolation")
    session.run("python", "-m", "twine", "check", "--strict", *files)
    session.run("python", "-m", "pytest", "-q", "tests/packaging")
    session.run("python", "tools/release.py", "tag", version)
    session.log(f"left to do: git push origin main v{version} && twine upload {' '.join(files)}")
