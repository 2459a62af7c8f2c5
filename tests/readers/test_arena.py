"""Arenas against the runtimes: LiteRT and TensorFlow Lite Micro plan the same files, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convcost.api import analyze
from convcost.memory.arena import PLANNERS
from convcost.memory.runtime_plan import planned
from convcost.readers.tflite.buffers import for_runtime
from convcost.readers.tflite.graph import read_graph
from tests.conftest import Result
from tests.converting import block, converted

ASK_LITERT = """
import sys
import tensorflow as tf
for path, constants in zip(sys.argv[1::2], sys.argv[2::2]):
    kernels = tf.lite.experimental.OpResolverType.BUILTIN_REF  # without XNNPACK, which has memory of its own
    interpreter = tf.lite.Interpreter(path, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    spans = []
    for detail in interpreter.get_tensor_details():
        if str(detail["index"]) not in constants.split(","):
            try:
                view = interpreter.tensor(detail["index"])()
            except ValueError:  # never placed
                continue
            start = view.__array_interface__["data"][0]
            spans.append((start, start + view.nbytes))
    print(max(end for _, end in spans) - min(start for start, _ in spans))
"""
"""There is no call for the size of the arena: it is what the addresses of its tensors span."""

ASK_TFLM = """
import sys
from tflite_micro import runtime
for path in sys.argv[1:]:
    interpreter = runtime.Interpreter.from_file(path, arena_size=100_000_000)
    interpreter.print_allocations()
"""
HEAD = "Arena allocation head "

APPLICATIONS = {
    "MobileNet": {"alpha": 0.25},
    "MobileNetV2": {"alpha": 0.35},
    "MobileNetV3Small": {"alpha": 0.75, "include_preprocessing": False},
    "EfficientNetB0": {},
}


def inception(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((28, 28, 4))
    deep = image
    for filters in (8, 12):
        ends = [layers.Conv2D(filters, 1, activation="relu")(deep)]
        slim = [layers.Conv2D(4, 1, activation="relu6")(deep) for _ in range(2)]
        ends += [layers.Conv2D(filters, size, padding="same")(one) for size, one in zip((3, 5), slim, strict=True)]
        ends.append(layers.Conv2D(3, 1)(layers.MaxPooling2D(3, 1, padding="same")(deep)))
        deep = layers.MaxPooling2D()(layers.Concatenate()(ends))
    return keras.Model(image, layers.Dense(7)(layers.GlobalAveragePooling2D()(deep)))


def dense_block(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((20, 20, 3))
    deep = layers.Conv2D(6, 3)(image)
    for _ in range(4):
        more = layers.Conv2D(5, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(deep)))
        deep = layers.Concatenate()([deep, more])
    return keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(deep)))


def residual(keras: Any) -> Any:
    """Sums whose inputs are read again, and an output in the middle."""
    layers = keras.layers
    image = keras.Input((16, 16, 8))
    deep = first = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(3):
        deep = layers.Add()([deep, layers.Conv2D(8, 3, padding="same", activation="relu")(deep)])
        deep = layers.Multiply()([deep, first])
    return keras.Model(image, [layers.Subtract()([deep, image]), deep])


def resized(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((16, 16, 8))
    wide = layers.Conv2D(8, 3, padding="same")(image)
    back = layers.Conv2D(8, 3, strides=2, padding="same")(layers.UpSampling2D(interpolation="bilinear")(wide))
    cropped = layers.Cropping2D(2)(layers.Maximum()([layers.Subtract()([wide, back]), wide]))
    return keras.Model(image, layers.PReLU()(layers.LeakyReLU()(cropped)))


def two_inputs(keras: Any) -> Any:
    layers = keras.layers
    image, table = keras.Input((12, 12, 2)), keras.Input((9,))
    seen = layers.Dense(9, activation="relu")(
        layers.Reshape((12 * 12 * 4,))(layers.Conv2D(4, 3, padding="same")(image))
    )
    return keras.Model([image, table], layers.Dense(2)(layers.Concatenate()([seen, table])))


BUILT: dict[str, Callable[[Any], Any]] = {
    one.__name__: one for one in (block, inception, dense_block, residual, resized, two_inputs)
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten converted float models."""
    keras = pytest.importorskip("keras")
    folder = tmp_path_factory.mktemp("arena")
    models = {
        name: getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=5, **settings)
        for name, settings in APPLICATIONS.items()
    }
    models |= {name: build(keras) for name, build in BUILT.items()}
    return [converted(model, folder / f"{name}.tflite") for name, model in models.items()]


def ours(files: list[Path], runtime: str) -> list[int]:
    return [planned(path, runtime)[1].bytes for path in files]


def asked(script: str, *arguments: object) -> list[str]:
    """What a runtime prints: it runs apart, since it ends the process where it fails."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return (done.stdout + done.stderr).splitlines()


def test_arena_of_litert_is_that_of_the_runtime(files: list[Path]) -> None:
    arguments: list[object] = []
    for path in files:
        constants = [tensor.index for tensor in read_graph(path).tensors if tensor.is_constant]
        arguments += [path, ",".join(map(str, constants))]
    told = [int(line) for line in asked(ASK_LITERT, *arguments) if line.isdecimal()]
    assert ours(files, "litert") == told
    assert len(told) == len(APPLICATIONS) + len(BUILT) >= 8


def test_arena_of_tflm_is_that_of_the_runtime(files: list[Path]) -> None:
    pytest.importorskip("tflite_micro")
    lines = asked(ASK_TFLM, *files)
    told = [int(line.partition(HEAD)[2].split()[0]) for line in lines if HEAD in line]
    assert ours(files, "tflm") == told
    assert len(told) == len(APPLICATIONS) + len(BUILT) >= 8


def test_arena_of_tflm_is_never_below_the_live_set_without_fusion(files: list[Path]) -> None:
    for path in files:
        graph = read_graph(path)
        buffers = for_runtime(graph, "tflm")
        alive = [
            sum(one.bytes for one in buffers if one.first <= step <= one.last)
            for step in range(len(graph.operators) + 1)
        ]
        assert PLANNERS["tflm"](buffers).bytes >= max(alive) >= analyze(path).totals.peak_activation_bytes


def test_a_keras_model_is_converted_first(files: list[Path], run: Callable[..., Result], tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    archive = tmp_path / "net.keras"
    inception(keras).save(archive)
    file = next(path for path in files if path.stem == "inception")
    one, other = (
        json.loads(run("memory", path, "--arena", "tflm", "-f", "json").out)["memory"] for path in (archive, file)
    )
    assert one["arena"]["bytes"] == other["arena"]["bytes"]
    assert [step["bytes"] for step in one["steps"]] == [step["bytes"] for step in other["steps"]]
    twice = json.loads(run("memory", archive, "--arena", "tflm", "--batch", 2, "-f", "json").out)["memory"]
    assert twice["arena"]["bytes"] > one["arena"]["bytes"]


def test_the_arena_is_what_must_fit(files: list[Path], run: Callable[..., Result]) -> None:
    size = planned(files[0], "litert")[1].bytes
    assert run("memory", files[0], "--arena", "litert", "--ram", size).code == 0
    shown = run("memory", files[0], "--arena", "litert", "--ram", size - 1, "--raw")
    assert shown.code == 1
    assert "arena of LiteRT" in shown.out and "1 B over" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--arena", "onnx"], 2, "arena: got 'onnx', allowed: litert, tflm"),
        (["--arena", "tflm", "--dtype", "int8"], 2, "--dtype does not go with --arena"),
        (["--arena", "tflm", "--reorder"], 2, "--reorder does not go with --arena"),
        (["--arena", "tflm", "--batch", "2"], 2, "a .tflite file has its shapes and its batch"),
    ],
)
def test_what_an_arena_cannot_be_planned_for(
    files: list[Path], run: Callable[..., Result], arguments: list[str], code: int, message: str
) -> None:
    shown = run("memory", files[0], *arguments)
    assert (shown.code, shown.out) == (code, "")
    assert message in shown.err and shown.err.count("\n") == 1


def test_operators_that_were_not_compared_are_named(
    files: list[Path], run: Callable[..., Result], tmp_path: Path
) -> None:
    keras = pytest.importorskip("keras")
    assert not any(run("memory", path, "--arena", "litert").err for path in files)
    image = keras.Input((8, 8, 2))
    waves = keras.ops.cos(keras.layers.Conv2D(3, 1)(image))
    shown = run("memory", converted(keras.Model(image, waves), tmp_path / "cos.tflite"), "--arena", "litert")
    assert shown.code == 0
    assert "the arena may be larger: what the kernels of COS take was not compared" in shown.err


def test_a_spec_cannot_be_converted(run: Callable[..., Result], configs: Path) -> None:
    shown = run("memory", configs / "mobilenet_v1.yaml", "--arena", "litert")
    assert shown.code == 2
    assert "--arena takes .tflite or Keras files" in shown.err
