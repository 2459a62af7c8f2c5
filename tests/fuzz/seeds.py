"""Files to start from: the networks of the readers' tests in every container, and a file of every other kind."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import ROOT

SPEC = """\
convcost: 1
name: net
parameters: {alpha: 1.0, depth: 2, classes: 10}
input: [16, 16, 3]
defaults:
  Conv2D: {padding: same, use_bias: false}
  DepthwiseConv2D: {padding: same}
blocks:
  separable:
    parameters: {filters: null, strides: 1}
    layers:
      - DepthwiseConv2D: {kernel_size: 3, strides: strides}
      - BatchNormalization
      - ReLU: {max_value: 6}
      - Conv2D: {filters: "make_divisible(filters * alpha, 8)", kernel_size: 1}
  twice:
    inputs: [left, right]
    layers:
      - Conv2D: {filters: 4, kernel_size: 1}
        name: shared
        from: left
      - {call: shared, name: again, from: right}
      - Add: {}
        from: [shared, again]
    outputs: [add]
layers:
  - Conv2D: {filters: 8 * alpha, kernel_size: [3, 3], strides: 2}
    name: stem
  - {block: separable, with: {filters: 16, strides: 2}, name: block1}
  - {block: twice, from: [block1, block1], name: both}
  - ops.Add: {}
    from: [both, both]
  - repeat: depth
    layers:
      - {block: separable, with: {filters: 16}}
  - GlobalAveragePooling2D
  - Dense: {units: classes, activation: softmax}
    trainable: false
    dtype: mixed_float16
"""
POLICY = """\
version: 1
defaults: {batch: 2}
models:
  net:
    source: net.yaml
    set: {alpha: 1.0, depth: 1}
    input_shape: 16x16x3
    message: Limits of the door camera
    budget:
      macs: {max: 2M, warn: 1.9M, max_increase: 2%}
      params: {max: 6.5k}
      weight_bytes: {max: 26 kB}
      peak_activation_bytes: {max: 200 KiB, max_increase: {relative: 2%, absolute: 4 KiB}}
    layers:
      - {match: "block*/conv*", macs: {max: 700k}}
      - {match: {kind: Dense}, params: {max_sum: 1k}}
    allow_uncounted: ["stem*"]
  others: {source: "*.yml", budget: {macs: {max: 1G}}}
"""
PLAN = """\
convcost_plan: 1
model: net.yaml
limits: {macs: 300000, params: 100}
losses: the energy that each kernel loses, times the layer's share of the MACs
predicted: {macs: 299123, params: 3100}
loss: 0.21
layers:
  stem: {variant: separable(m=2), macs: 1849688 -> 462422, loss: 0.05, reason: keeps 0.71 of the energy}
"""
EXPRESSIONS = ("int(32 * alpha)", "make_divisible(8 * alpha, n)", "2 ** n - 1 // 3", "max(1, min(n, 7)) % 4", "+n + .5")


@cache
def spec() -> bytes:
    return SPEC.encode()


@cache
def report() -> bytes:
    """What `analyze --format json` writes of the spec."""
    from convcost import analyze, formats
    from convcost.table import View

    with TemporaryDirectory() as folder:
        path = Path(folder, "net.yaml")
        path.write_bytes(spec())
        return formats.render(formats.named("json", "report"), "report", analyze(path), View()).encode()


@cache
def devices() -> tuple[bytes, ...]:
    """Profiles that come with convcost, of devices that compute in int8."""
    return tuple(path.read_bytes() for path in sorted((ROOT / "configs" / "devices").glob("co*.yaml")))


@cache
def lock() -> bytes:
    from convcost.baseline.lock_file import written
    from convcost.budget.lock import Lock

    return written(Lock(1, {"net": {"macs": 120_000, "params": 1_400, "weight_bytes": 5_600}})).encode()


@cache
def saved(kind: str) -> tuple[bytes, ...]:
    """Models that Keras 3 and Keras 2 saved: `kind` is a suffix, or `saved_model`."""
    import keras
    import tf_keras

    from tests.converting import block, converted
    from tests.readers.networks import NETWORKS

    files = []
    with TemporaryDirectory() as folder:
        if kind == ".tflite":
            return (converted(block(keras), Path(folder, "net.tflite")).read_bytes(),)
        for library in (keras, tf_keras):
            for name in ("chain", "nested", "recurrent"):
                model = NETWORKS[name](library)
                path = Path(folder, f"{name}_{library.__name__}{kind}")
                if kind == ".json":
                    files.append(model.to_json().encode())
                elif kind == "saved_model":
                    if library is tf_keras and name != "recurrent":  # whose program has 2.5 MB
                        model.save(path, save_format="tf")
                        files.append(
                            joined((path / "keras_metadata.pb").read_bytes(), (path / "saved_model.pb").read_bytes())
                        )
                        shutil.rmtree(path)
                elif kind == ".weights.h5":
                    model.save_weights(path)
                    files.append(path.read_bytes())
                else:
                    model.save(path)
                    files.append(path.read_bytes())
                    files += [_with_own_layer(path)] if kind == ".keras" else []
    return tuple(files)


def _with_own_layer(path: Path) -> bytes:
    """The archive with layers that no rule knows: then the weights file is read too."""
    import zipfile

    own = path.with_suffix(".own")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(own, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                content = json.dumps(_owned(json.loads(content))).encode()
            copy.writestr(name, content)
    return own.read_bytes()


def _owned(value: object) -> object:
    if isinstance(value, list):
        return [_owned(one) for one in value]
    if not isinstance(value, dict):
        return value
    owned = {key: _owned(one) for key, one in value.items()}
    return owned | {"module": "mine", "registered_name": "mine>Own"} if value.get("class_name") == "Conv2D" else owned


def joined(metadata: bytes, program: bytes) -> bytes:
    """Both files of a SavedModel in one."""
    return len(metadata).to_bytes(4, "little") + metadata + program


def parted(content: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(content[:4], "little")
    return content[4 : 4 + size], content[4 + size :]
