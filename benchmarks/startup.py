"""How long a whole `convcost analyze` takes, beside what it is measured against, in one run.

    python benchmarks/startup.py    (needs the extra `tensorflow`; about two minutes)

Processes are run in turn, A B C A B C …, and ratios are taken round by round, since machines are noisy. Prints medians
and the ratios to the first row.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROUNDS = 15
SLOW_ROUNDS = 3

IMPORTS = "import typer, rich.console, rich.table"
ANALYZE = "import sys; from convcost.cli import main; sys.argv = ['convcost', 'analyze', {path!r}]; main()"
KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, tensorflow as tf
model = keras.models.load_model({path!r})
spec = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
options = tf.compat.v1.profiler.ProfileOptionBuilder(tf.compat.v1.profiler.ProfileOptionBuilder.float_operation())
print(tf.compat.v1.profiler.profile(graph, options=options.with_empty_output().build()).total_float_ops)
"""
SAVE = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
keras.applications.MobileNet(weights=None).save({path!r})
"""


def seconds(code: str, environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def heavy(archive: Path, path: Path, megabytes: int) -> Path:
    """A copy of an archive whose weights member is this large (stored, as Keras stores it)."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for name in ("metadata.json", "config.json"):
            new.writestr(name, old.read(name))
        with new.open("model.weights.h5", "w", force_zip64=True) as member:
            for _ in range(megabytes):
                member.write(os.urandom(2**20))
    return path


def main() -> None:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "mobilenet.keras")
        subprocess.run([sys.executable, "-c", SAVE.format(path=str(model))], check=True)
        large = heavy(model, Path(folder, "large.keras"), 500)
        spec = Path(__file__).parent.parent / "configs" / "mobilenet_v1.yaml"
        quick = {
            "import typer, rich": IMPORTS,
            "analyze mobilenet.keras (17 MB)": ANALYZE.format(path=str(model)),
            "analyze the same, 500 MB": ANALYZE.format(path=str(large)),
            "analyze mobilenet_v1.yaml": ANALYZE.format(path=str(spec)),
        }
        slow = {"Keras load_model + tf.profiler": KERAS.format(path=str(model))}
        for code in (*quick.values(), *slow.values()):
            seconds(code, environment)
        times: dict[str, list[float]] = {name: [] for name in (*quick, *slow)}
        for number in range(ROUNDS):
            for name, code in (quick if number >= SLOW_ROUNDS else quick | slow).items():
                times[name].append(seconds(code, environment))
        first = times["import typer, rich"]
        print(f"{'what':<34} {'median':>9} {'ratio':>7}")
        for name, measured in times.items():
            ratio = statistics.median(one / base for one, base in zip(measured, first, strict=False))
            print(f"{name:<34} {1000 * statistics.median(measured):>6.0f} ms {ratio:>6.2f}×")


if __name__ == "__main__":
    main()
