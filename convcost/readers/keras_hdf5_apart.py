"""HDF5 files read in a process of their own, since the HDF5 library can hang or crash on a damaged file.

It is the same Python on the same path, without the folder that it was started in. It is asked in JSON what to read,
and answers in JSON. It may take as much time of the processor and as much memory as a file of that size can need.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import msgspec

from convcost.errors import ConvcostError
from convcost.readers.keras_hdf5 import Group, Slice, contents, opened, texts_of

QUICKEST, BYTES_A_SECOND = 1.0, 10**7
"""Seconds of the processor for any file, and bytes for which it gets one more; 250 MB, 1,500 data sets: 0.2 seconds."""
LEAST_MEMORY, MEMORY_A_BYTE = 128 * 10**6, 4
"""Bytes of memory for any file, and for every byte of it."""
LONGEST_WAIT = 30
"""Seconds by the clock, for what waits for a disk or for other programs, besides those of the processor."""


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
    seconds = _seconds(question)
    try:
        run = subprocess.run(  # noqa: S603  (ourselves)
            [sys.executable, "-P", "-m", __name__, msgspec.json.encode(question)],
            # Nothing is computed, and the threads of numpy's BLAS take longer to start than h5py.
            env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_WAIT + seconds,
            check=True,
        )
        return msgspec.json.decode(run.stdout, type=_Answer)
    except subprocess.TimeoutExpired:
        why = f"reading it did not end within {LONGEST_WAIT + seconds:.1f} seconds"
    except subprocess.CalledProcessError as error:
        why = f"reading it crashed (exit code {error.returncode})"
        if error.returncode == -getattr(signal, "SIGPROF", 0):
            why = f"reading it takes more than {seconds:.1f} seconds of the processor"
    raise ConvcostError(f"{question.source}: no HDF5 file, or a damaged one: {why}")


def _size(question: _Question) -> int:
    return os.path.getsize(question.path) if question.size is None else question.size


def _seconds(question: _Question) -> float:
    return QUICKEST + _size(question) / BYTES_A_SECOND


def limit_process(question: _Question) -> None:
    """Have the system end this process where it takes more than the file can need; on Windows the clock alone does."""
    try:
        import resource
    except ImportError:
        return
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, _seconds(question))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stack
    except OSError:  # not Linux: no other system limits by RLIMIT_DATA what is allocated
        return
    allowed = pages * resource.getpagesize() + LEAST_MEMORY + MEMORY_A_BYTE * _size(question)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, resource.getrlimit(resource.RLIMIT_DATA)[1]))


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
    import h5py  # noqa: F401  (so that its import does not count)

    question = msgspec.json.decode(sys.argv[1], type=_Question)
    limit_process(question)
    try:
        answer = _Answer(_read(question))
    except ConvcostError as error:
        answer = _Answer(refusal=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
