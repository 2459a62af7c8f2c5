"""HDF5 files read in a process of their own, since the HDF5 library can hang or crash on a damaged file.

It is the same Python on the same path, without the folder that it was started in. It is asked in JSON what to read,
and answers in JSON.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from convcost.errors import ConvcostError
from convcost.readers.keras_hdf5 import Group, Slice, contents, opened, texts_of

LONGEST_SECONDS = 30
"""A file of 250 MB and 1,500 data sets takes 0.3 seconds."""


class _Question(msgspec.Struct, frozen=True):
    source: str
    path: str
    start: int
    size: int | None
    attributes: tuple[str, ...]
    whole: bool


class _Answer(msgspec.Struct, frozen=True):
    group: Group = Group()
    refusal: str = ""


def read_apart(source: str, file: Path | Slice, attributes: tuple[str, ...], whole: bool = True) -> Group:
    """What an HDF5 file holds: see `keras_hdf5.contents`. Not `whole`: the attributes of its root alone.

    Raises ConvcostError where it is none, or damaged.
    """
    path, start, size = (file.path, file.start, file.size) if isinstance(file, Slice) else (file, 0, None)
    question = _Question(source, str(path), start, size, attributes, whole)
    if not sys.executable or getattr(sys, "frozen", False):
        return _read(question)
    answer = _answered(question)
    if answer.refusal:
        raise ConvcostError(answer.refusal)
    return answer.group


def _answered(question: _Question) -> _Answer:
    import subprocess

    root = Path(__file__).parents[2]
    search = os.pathsep.join([str(root), *filter(None, sys.path)])
    try:
        run = subprocess.run(  # noqa: S603  (ourselves)
            [sys.executable, "-P", "-m", __name__, msgspec.json.encode(question)],
            env={**os.environ, "PYTHONPATH": search},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_SECONDS,
            check=True,
        )
        return msgspec.json.decode(run.stdout, type=_Answer)
    except subprocess.TimeoutExpired:
        why = f"reading it did not end within {LONGEST_SECONDS} seconds"
    except subprocess.CalledProcessError as error:
        why = f"reading it crashed (exit code {error.returncode})"
    raise ConvcostError(f"{question.source}: no HDF5 file, or a damaged one: {why}")


def _read(question: _Question) -> Group:
    path = Path(question.path)
    if question.size is None:
        return _read_from(question, path)
    with Slice(path, question.start, question.size) as part:
        return _read_from(question, part)


def _read_from(question: _Question, file: Path | Slice) -> Group:
    with opened(question.source, file) as hdf5:
        if question.whole:
            return contents(hdf5, question.source, question.attributes)
        return Group(texts=texts_of(hdf5, question.attributes))


def main() -> None:
    """Answer the question in the first argument."""
    try:
        answer = _Answer(_read(msgspec.json.decode(sys.argv[1], type=_Question)))
    except ConvcostError as error:
        answer = _Answer(refusal=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
