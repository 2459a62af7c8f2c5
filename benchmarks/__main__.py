"""Every promise of speed in one table: convcost beside Keras with tf.profiler, and beside the tools for PyTorch.

    python benchmarks [--python PYTHON] [--torch PYTHON] [--only START,…]

Needs the extra `tensorflow`, which makes the archives; about eight minutes, and 2 GB of temporary files. `--python` is
an interpreter that has convcost, `--torch` one that has PyTorch and some of fvcore, ptflops, thop and torchinfo.
Processes are run in turn, A B C A B C …, and ratios are taken round by round, since machines are noisy: read the
ratios, not the milliseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from measuring import Case, interleaved
from programs import CONVCOST, IMPORTS, KERAS, RATE, SAVE, SAVE_CHAIN, TORCH, TORCH_TOOLS

ROOT = Path(__file__).parent.parent
SPEC = str(ROOT / "configs" / "mobilenet_v1.yaml")
LAYERS = (250, 1_000, 10_000, 100_000)
"""Keras gets the first: it takes four times as long for twice as many."""
COMPLETION = {"_CONVCOST_COMPLETE": "complete_bash", "COMP_WORDS": "convcost an", "COMP_CWORD": "1"}


class Bench:
    """The interpreters, the folder of the files, and one function for each part of the table."""

    def __init__(self, folder: Path, python: str, torch: str) -> None:
        self.folder, self.python, self.torch = folder, python, torch

    def ours(self, name: str, *arguments: object, rounds: int = 5, extra: dict[str, str] | None = None) -> Case:
        command = [self.python, "-c", CONVCOST, *map(str, arguments)]
        return Case(f"convcost {name}", command, rounds, extra or {})

    def keras(self, name: str, *paths: Path, rounds: int = 1) -> Case:
        return Case(f"Keras + tf.profiler, {name}", [sys.executable, "-c", KERAS, *map(str, paths)], rounds)

    def saved(self, *names: str) -> list[Path]:
        """Archives of Keras's applications, made once."""
        paths = [self.folder / f"{name}.keras" for name in names]
        missing = [text for name, path in zip(names, paths, strict=True) if not path.exists() for text in (name, path)]
        if missing:
            self.make(SAVE, *missing)
        return paths

    def make(self, code: str, *arguments: object) -> None:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, env=environment)

    def start(self) -> list[Case]:
        (archive,) = self.saved("MobileNet")
        return [
            Case("python: import typer, rich", [self.python, "-c", IMPORTS], 15),
            self.ours("--version", "--version", rounds=15),
            self.ours("--help", "--help", rounds=15),
            self.ours("completion", rounds=15, extra=COMPLETION),
            self.ours("analyze MobileNet.keras", "analyze", archive, rounds=15),
            self.ours("analyze mobilenet_v1.yaml", "analyze", SPEC, rounds=15),
            self.keras("MobileNet.keras", archive, rounds=3),
            *self.torch_tools(),
        ]

    def torch_tools(self) -> list[Case]:
        found = []
        for tool, module in TORCH_TOOLS.items():
            probe = subprocess.run([self.torch, "-c", f"import torch, {module}"], capture_output=True, check=False)
            if not probe.returncode:
                found.append(Case(f"{tool}, MobileNet in PyTorch", [self.torch, "-c", TORCH, tool], 3))
        return found

    def sizes(self) -> list[Case]:
        archives = self.saved("MobileNet", "ResNet50", "VGG16")
        large = heavy(archives[0], self.folder / "large.keras", 1000)
        cases = [self.ours(f"analyze, {megabytes(path)}", "analyze", path) for path in (*archives, large)]
        return [*cases, *(self.keras(megabytes(path), path) for path in archives)]

    def layers(self) -> list[Case]:
        cases = []
        for count in LAYERS:
            spec = self.folder / f"{count}.yaml"
            items = "".join(
                f"  - Conv2D: {{filters: {8 + number % 3}, kernel_size: 3, padding: same}}\n" for number in range(count)
            )
            spec.write_text(f"convcost: 1\ninput: [32, 32, 8]\nlayers:\n{items}")
            cases.append(self.ours(f"analyze, {count:,} layers", "analyze", spec, rounds=1 if count > 10_000 else 3))
        archive = self.folder / "layers.keras"
        self.make(SAVE_CHAIN, LAYERS[0], archive)
        return [*cases, self.keras(f"{LAYERS[0]} layers", archive)]

    def files(self) -> list[Case]:
        (archive,) = self.saved("MobileNet")
        copies = [self.folder / f"copy{number}.keras" for number in range(100)]
        for copy in copies:
            os.link(archive, copy)
        return [
            self.ours("analyze, 1 file", "analyze", archive),
            self.ours("analyze, 100 files", "analyze", *copies, rounds=3),
            self.keras("10 files", *copies[:10]),
        ]

    def kernels(self) -> list[Case]:
        small, middle, large = self.saved("MobileNet", "ResNet50", "VGG16")
        limit = ("--max", "macs=3G")
        return [
            self.ours("separability MobileNet.keras", "separability", small, rounds=3),
            self.ours("separability ResNet50.keras", "separability", middle, rounds=3),
            self.ours("separability VGG16.keras", "separability", large, rounds=1),
            self.ours("plan ResNet50.keras --max macs=3G", "plan", middle, *limit, rounds=3),
            self.ours("plan resnet50.yaml --max macs=3G", "plan", ROOT / "configs" / "resnet50.yaml", *limit, rounds=3),
        ]

    def sweeps(self) -> list[Case]:
        grid = ["--set", "alpha=0.25:1.24:0.01", "--set", "resolution=32:1031:1"]
        return [
            self.ours("analyze mobilenet_v1.yaml", "analyze", SPEC, "--no-separable", rounds=3),
            self.ours("sweep, 100,000 of it", "sweep", SPEC, *grid, "--no-separable", "--top", 9, rounds=3),
            self.ours("sweep, with the what-if", "sweep", SPEC, *grid, "--top", 9, rounds=3),
            self.ours(
                "sweep, as CSV with a front",
                "sweep",
                SPEC,
                *grid,
                "-f",
                "csv",
                "--pareto",
                "macs,resolution:max",
                rounds=3,
            ),
        ]


PARTS: dict[str, Callable[[Bench], Sequence[Case]]] = {
    "start": Bench.start,
    "sizes": Bench.sizes,
    "layers": Bench.layers,
    "files": Bench.files,
    "kernels": Bench.kernels,
    "sweeps": Bench.sweeps,
}


def megabytes(path: Path) -> str:
    return f"{path.stem}.keras ({path.stat().st_size / 1e6:,.0f} MB)"


def heavy(archive: Path, path: Path, size: int) -> Path:
    """A copy of an archive whose weights member has this many megabytes (stored, as Keras stores it)."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for name in ("metadata.json", "config.json"):
            new.writestr(name, old.read(name))
        with new.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(size):
                member.write(os.urandom(10**6))
    return path


def rates(bench: Bench) -> None:
    """Layers a second in the core alone: `profile` of a model that was read, and its totals."""
    print("\n| the core alone | layers a second |\n| :--- | ---: |")
    for count in LAYERS[1:]:
        command = [bench.python, "-c", RATE, str(bench.folder / f"{count}.yaml")]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"| profile of {count:,} layers | {float(found):,.0f} |", flush=True)


def table(cases: Sequence[Case]) -> None:
    """Medians, and each beside the first row."""
    for case in cases:
        row = f"{1000 * case.wall:,.0f} ms | {1000 * case.processor:,.0f} ms | {case.times(cases[0]):.2f}×"
        print(f"| {case.name} | {row} | {case.megabytes:,.0f} MiB | {len(case.walls)} |", flush=True)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--python", default=sys.executable, help="an interpreter that has convcost")
    reader.add_argument("--torch", default=sys.executable, help="an interpreter that has PyTorch")
    reader.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked.python, asked.torch)
        for name in asked.only.split(","):
            cases = PARTS[name](bench)
            print(f"\n| {name} | median | processor | ratio | memory | runs |\n| :--- |{' ---: |' * 5}")
            interleaved(cases)
            table(cases)
            if name == "layers":
                rates(bench)


if __name__ == "__main__":
    main()
