"""What is run on which bytes, and whether the end of a run is one that convcost promises."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.fuzz import seeds
from tests.fuzz.messages import mutated_message
from tests.fuzz.texts import mutated_bytes, mutated_expression, mutated_yaml
from tests.fuzz.trees import mutated_json
from tests.fuzz.zips import mutated_zip

LONGEST_SECONDS = 2.0
"""Of the processor."""
MOST_BYTES = 256 * 10**6
LARGEST_INPUT = 10**6
CODES = (0, 1, 2, 3)

Mutate = Callable[[bytes, Random], bytes]


class Target(msgspec.Struct, frozen=True):
    """A kind of input: the name of its file, what is run on it, how it is changed, and what it starts from."""

    file: str
    commands: tuple[str, ...]
    mutate: Mutate
    seeds: Callable[[], tuple[bytes, ...]]
    beside: Callable[[], dict[str, bytes]] = dict
    """Other files that the commands need."""

    def write(self, folder: Path, content: bytes) -> None:
        for name, other in self.beside().items():
            (folder / name).write_bytes(other)
        (folder / self.file).write_bytes(content)


class SavedModel(Target, frozen=True):
    def write(self, folder: Path, content: bytes) -> None:
        path = folder / self.file
        path.mkdir(exist_ok=True)
        for name, part in zip(("keras_metadata.pb", "saved_model.pb"), seeds.parted(content), strict=True):
            (path / name).write_bytes(part)


class Expression(Target, frozen=True):
    def write(self, folder: Path, content: bytes) -> None:
        text = content.decode("utf-8", "replace").replace("'", "''").replace("\n", " ")
        top = "convcost: 1\nparameters: {alpha: 0.5, n: 3}\ninput: [8, 8, 3]\n"
        spec = f"{top}layers:\n  - Dense: {{units: '{text}'}}\n"
        (folder / self.file).write_bytes(spec.encode("utf-8", "surrogatepass"))


def of_model(file: str) -> tuple[str, ...]:
    """What is run on a model."""
    return (
        *(
            f"analyze {file}",
            f"analyze {file} --format json --depth 2 --flops",
            f"analyze {file} --batch 3 --sort saving",
        ),
        *(f"analyze {file} --variant separable(m=2) --format markdown", f"analyze {file} --convention fvcore -f csv"),
        *(f"memory {file} --dtype int8 --ram 1KiB", f"memory {file} --reorder", f"explain {file}", f"variants {file}"),
        *(
            f"sweep {file} --batch 2",
            f"analyze {file} --device cortex-m7-280 --dtype int8",
        ),
        *(
            f"check {file} --max macs=1k --format sarif",
            f"diff {file} {file} --format markdown",
            f"export {file} -o o.yaml",
        ),
    )


def _saved_model(content: bytes, chance: Random) -> bytes:
    metadata, program = seeds.parted(content)
    if chance.random() < 0.6:
        return seeds.joined(mutated_message(metadata, chance), program)
    return seeds.joined(metadata, mutated_message(program, chance))


def _json(content: bytes, chance: Random) -> bytes:
    changed = mutated_json(content, chance) if chance.random() < 0.95 else None
    return changed or mutated_bytes(content, chance)


def _spec() -> dict[str, bytes]:
    return {"net.yaml": seeds.spec()}


def _policy() -> dict[str, bytes]:
    return {"net.yaml": seeds.spec(), "convcost.yaml": seeds.POLICY.partition("  others")[0].encode()}


def _report() -> dict[str, bytes]:
    return {"net.yaml": seeds.spec(), "other.yml": seeds.spec(), "base.json": seeds.report()}


def _keras(kind: str) -> Callable[[], tuple[bytes, ...]]:
    return lambda: seeds.saved(kind)


TARGETS: dict[str, Target] = {
    "keras": Target("net.keras", of_model("net.keras"), mutated_zip, _keras(".keras")),
    "json": Target("net.json", of_model("net.json"), _json, _keras(".json")),
    "h5": Target("net.h5", of_model("net.h5"), mutated_bytes, _keras(".h5")),
    "weights": Target("net.weights.h5", ("analyze net.weights.h5",), mutated_bytes, _keras(".weights.h5")),
    "saved_model": SavedModel("net", of_model("net"), _saved_model, _keras("saved_model")),
    "tflite": Target("net.tflite", of_model("net.tflite"), mutated_bytes, _keras(".tflite")),
    "spec": Target("net.yaml", of_model("net.yaml"), mutated_yaml, lambda: (seeds.spec(),)),
    "expression": Expression(
        "net.yaml",
        ("analyze net.yaml",),
        mutated_expression,
        lambda: tuple(text.encode() for text in seeds.EXPRESSIONS),
    ),
    "policy": Target(
        "convcost.yaml",
        ("check", "check --base base.json --format junit", "check --budget convcost.yaml --format github"),
        mutated_yaml,
        lambda: (seeds.POLICY.encode(),),
        _report,
    ),
    "plan": Target(
        "plan.yaml",
        ("rewrite net.yaml --plan plan.yaml -o out.yaml",),
        mutated_yaml,
        lambda: (seeds.PLAN.encode(),),
        _spec,
    ),
    "device": Target(
        "device.yaml",
        (
            "analyze net.yaml --device device.yaml --dtype int8 -f csv",
            "analyze net.yaml --device device.yaml --dtype int8 --format json",
        ),
        mutated_yaml,
        seeds.devices,
        _spec,
    ),
    "lock": Target(
        "convcost.lock.json",
        ("check", "check --format json", "lock --tighten"),
        _json,
        lambda: (seeds.lock(),),
        _policy,
    ),
    "report": Target(
        "report.json",
        (
            "diff report.json net.yaml",
            "diff report.json report.json --format json",
            "check net.yaml --base report.json --max macs=1M",
        ),
        _json,
        lambda: (seeds.report(),),
        _spec,
    ),
}


def seeds_of(name: str) -> tuple[bytes, ...]:
    """What a target starts from."""
    return TARGETS[name].seeds()


class Ended(msgspec.Struct, frozen=True):
    """How a run ended. `seconds` are those of the processor, `bytes` what it took beyond those before it."""

    code: object
    out: str
    err: str
    seconds: float
    bytes: int


class BrokenPromise(AssertionError):
    """A find."""


def judged(target: Target, content: bytes, folder: Path, command: str = "") -> Ended:
    """How the run on these bytes ends. Raises BrokenPromise where it should not end so.

    The bytes choose the command unless it is given, so that a find is a file and nothing else.
    """
    command = command or target.commands[zlib.crc32(content) % len(target.commands)]
    target.write(folder, content)
    ended = run(command.split(" "), folder)
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    broken = (
        (ended.code not in CODES and f"it ends with {ended.code!r}")
        or ("Traceback" in ended.err and "a traceback")
        or ("internal error" in ended.err and "an error of its own")
        or (len(errors) > 1 and not command.startswith("check") and f"{len(errors)} errors")
        or (ended.code == 2 and not errors and "no word why")
        or (ended.seconds > LONGEST_SECONDS and f"it takes {ended.seconds:.1f} s")
        or (ended.bytes > MOST_BYTES and f"it takes {ended.bytes / 1e6:.0f} MB")
    )
    if broken:
        raise BrokenPromise(f"convcost {command}: {broken}\n{ended.err[-2000:]}")
    return ended


def run(arguments: list[str], folder: Path) -> Ended:
    """The command line in this process, in `folder`."""
    from convcost import cli

    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    before, start = peak(), time.process_time()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.argv = ["convcost", *arguments]
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
    return Ended(code, out.getvalue(), err.getvalue(), time.process_time() - start, peak() - before)


def peak() -> int:
    """The most memory that this process has ever had, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Runs without what a process pays once: the command line is built once, HDF5 is read in forks of this process."""
    from convcost import cli
    from convcost.readers import keras_hdf5_apart

    app, answered = cli.app, keras_hdf5_apart._answered
    built = functools.cache(app)
    cli.app = lambda commands: built(tuple(commands))
    keras_hdf5_apart._answered = _answered_by_fork
    try:
        yield
    finally:
        cli.app, keras_hdf5_apart._answered = app, answered


def _answered_by_fork(question: Any) -> Any:
    """As `keras_hdf5_apart._answered`, in a copy of this process, under the same limits."""
    from convcost.errors import ConvcostError
    from convcost.readers import keras_hdf5_apart as apart

    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException), open(writing, "wb") as pipe:
            apart.limit_process(question)
            try:
                answer = apart._Answer(apart._read(question))
            except ConvcostError as error:
                answer = apart._Answer(refusal=str(error))
            pipe.write(msgspec.json.encode(answer))
            pipe.flush()
            os._exit(0)
        os._exit(1)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise ConvcostError(f"{question.source}: no HDF5 file, or a damaged one: it ends with {status}")
    return msgspec.json.decode(text, type=apart._Answer)
