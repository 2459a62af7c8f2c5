"""How long `convcost separability` takes on a VGG16, beside reading its kernels with h5py alone, as whole processes.

    python benchmarks/separability.py    (needs the extra `tensorflow`, which makes the archive; about a minute)

Processes are run in turn, A B A B …, and ratios are taken round by round, since machines are noisy: once with the file
in the page cache, once after it was dropped from there. Prints medians, the ratio to the first row, and the most memory
that was resident.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 11

SAVE = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
keras.applications.VGG16(weights=None).save({path!r})
"""
READ = """
import h5py, io, struct, zipfile
class Part(io.RawIOBase):
    def __init__(self, file, start, size):
        self.file, self.start, self.size, self.at = file, start, size, 0
    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at
    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at
    def readinto(self, buffer):
        self.file.seek(self.start + self.at)
        count = self.file.readinto(memoryview(buffer)[: self.size - self.at])
        self.at += count
        return count
with zipfile.ZipFile({path!r}) as archive, open({path!r}, "rb", buffering=0) as file:
    info = archive.getinfo("model.weights.h5")
    file.seek(info.header_offset)
    name, extra = struct.unpack("<HH", file.read(30)[26:])
    with h5py.File(Part(file, info.header_offset + 30 + name + extra, info.file_size), "r") as weights:
        for layer, group in weights["layers"].items():
            if layer.startswith("conv2d"):
                kernel = group["vars/0"][()]
"""
SCORE = "import sys; from convcost.cli import main; sys.argv = ['convcost', 'separability', {path!r}{more}]; main()"
MEASURE = """
import os, sys, time
start = time.perf_counter()
child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", sys.argv[1]])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_maxrss, status, file=sys.stderr)
"""


def measured(code: str) -> tuple[float, float]:
    """Seconds and MiB of a process that runs `code`."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, code], check=True, capture_output=True, text=True, env=environment
    )
    seconds, kilobytes, status = run.stderr.split()[-3:]
    assert status == "0", run.stderr
    return float(seconds), int(kilobytes) / 1024


def forget(path: str) -> None:
    """Drop a file from the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder, "vgg16.keras"))
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, "-c", SAVE.format(path=path)], check=True)
        codes = {"h5py reads the kernels": READ.format(path=path), "separability": SCORE.format(path=path, more="")}
        slow = {"separability --fits all": SCORE.format(path=path, more=", '--fits', 'all'")}
        memory = {name: measured(code)[1] for name, code in (codes | slow).items()}
        print(f"{'what':<34} {'median':>10} {'ratio':>7} {'memory':>9}")
        for cached in (True, False):
            times: dict[str, list[float]] = {name: [] for name in codes | slow}
            for number in range(ROUNDS):
                for name, code in (codes if number else codes | slow).items():
                    if not cached:
                        forget(path)
                    times[name].append(measured(code)[0])
            first = times["h5py reads the kernels"]
            for name, took in times.items():
                ratio = statistics.median(one / base for one, base in zip(took, first, strict=False))
                shown = name + (", cached" if cached else ", from disk")
                print(f"{shown:<34} {statistics.median(took):>8.2f} s {ratio:>6.2f}× {memory[name]:>5.0f} MiB")


if __name__ == "__main__":
    main()
