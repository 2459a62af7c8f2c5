"""`python -m tests.fuzz TARGET [--seconds N] [--corpus FOLDER]`: mutated files for as long as you like.

atheris (`pip install atheris`, Linux) measures which branches of convcost an input takes; inputs that take new ones are
kept in the corpus and mutated in turn. What breaks the promise is written to FOLDER/TARGET-finds, and the run goes on.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import multiprocessing
import pkgutil
import random
import sys
import time
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["convcost"], enable_loader_override=False):
    import convcost

    for module in pkgutil.walk_packages(convcost.__path__, "convcost."):
        if not module.name.startswith(("convcost.engine", "convcost.__main__")):
            importlib.import_module(module.name)

from tests.fuzz.targets import LARGEST_INPUT, TARGETS, BrokenPromise, judged, quick, seeds_of


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("target", choices=TARGETS)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"))
    given = options.parse_args()
    target, corpus = TARGETS[given.target], given.corpus / given.target
    finds = given.corpus / f"{given.target}-finds"
    for folder in (corpus, finds):
        folder.mkdir(parents=True, exist_ok=True)
    # In another process, which may import Keras: this one is forked for every HDF5 file.
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        for number, seed in enumerate(other.submit(seeds_of, given.target).result()):
            (corpus / f"seed-{number}").write_bytes(seed)

    def mutate(content: bytes, most: int, seed: int) -> bytes:
        return target.mutate(content, random.Random(seed))[:most]

    def one(content: bytes) -> None:
        try:
            judged(target, content, Path(scratch))
        except BrokenPromise as find:
            print(f"find: {find}", flush=True)
            (finds / f"{zlib.crc32(content):08x}").write_bytes(content)
            (finds / f"{zlib.crc32(content):08x}.txt").write_text(str(find))

    limits = [
        f"-max_total_time={given.seconds}",
        f"-max_len={LARGEST_INPUT}",
        "-timeout=60",
        "-rss_limit_mb=2500",
        f"-artifact_prefix={finds}/",
    ]
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as scratch, quick():
        print(f"{given.target}: {time.strftime('%H:%M:%S')}", flush=True)
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", str(corpus)], one, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
