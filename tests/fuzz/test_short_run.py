"""A thousand mutated files with fixed seeds, and all that were ever finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.targets import TARGETS, BrokenPromise, Target, judged, quick

FINDS = Path(__file__).with_name("finds")
RUNS = {"h5": 25, "weights": 15, "keras": 80}
"""Of a target; the others run more, since they read no HDF5."""


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with quick():
        yield


def check(target: Target, content: bytes, folder: Path, command: str = "") -> None:
    try:
        judged(target, content, folder, command)
    except BrokenPromise:
        (folder.parent / "find").write_bytes(content)
        raise


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_keep_the_promise(tmp_path: Path, name: str) -> None:
    """And none of them is refused: else only refusals would be mutated."""
    target = TARGETS[name]
    for content in target.seeds():
        ended = judged(target, content, tmp_path, target.commands[0])
        assert ended.code in (0, 1), ended.err


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_files_keep_the_promise(tmp_path: Path, name: str) -> None:
    target, chance = TARGETS[name], Random(name)
    seeds = target.seeds()
    for _ in range(RUNS.get(name, 120)):
        content = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 4))):
            content = target.mutate(content, chance)
        check(target, content, tmp_path, chance.choice(target.commands))


@pytest.mark.parametrize("path", sorted(FINDS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_finds_stay_found(tmp_path: Path, path: Path) -> None:
    target = TARGETS[path.parent.name]
    for command in target.commands:
        check(target, path.read_bytes(), tmp_path, command)
