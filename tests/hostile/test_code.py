"""Code in a model file: every known way to have Keras run some, with a canary that must not fire.

The canary is a file that the code would write, a module in the working directory that it would import, a server that
it would call, and a pipe that it would open.
"""

from __future__ import annotations

import base64
import json
import marshal
import os
import pickle
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.fuzz.messages import field
from tests.hostile.conftest import Convcost
from tests.hostile.making import Json, archive, functional, image, layer, tensor


class Canary:
    """What must not be touched, and code that would."""

    def __init__(self, folder: Path, server: socket.socket) -> None:
        self.file = folder / "canary"
        self.pipe = folder / "pipe"
        self.server = server
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}/canary"
        self.run = f"touch {self.file}"
        os.mkfifo(self.pipe)
        (folder / "canary_module.py").write_text(f"open({str(self.file)!r}, 'w').close()\nclass Canary: pass\n")

    @property
    def bytecode(self) -> str:
        """A lambda as Keras stores it."""
        code = compile(f"open({str(self.file)!r}, 'w').close()", "lambda", "exec")
        return base64.b64encode(marshal.dumps(code)).decode()

    @property
    def pickled(self) -> bytes:
        """An object that runs a command when it is unpickled."""
        return pickle.dumps(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.run,)

    def check(self) -> None:
        assert not self.file.exists()
        self.server.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.server.accept()


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Canary(tmp_path, server)
        yield found
        found.check()


def function(module: str, name: str, kind: str = "function") -> Json:
    """A function as Keras 3 refers to it."""
    return {"module": module, "class_name": kind, "config": name, "registered_name": kind}


def shapes(canary: Canary) -> dict[str, Json]:
    """Layers, by what is known of them. Each reads the layer `image`."""
    code = {"class_name": "__lambda__", "config": {"code": canary.bytecode, "defaults": None, "closure": None}}
    legacy = {"function": [canary.bytecode, None, None], "function_type": "lambda", "module": "builtins"}
    command = {"arguments": {"command": canary.run}}
    ours = {"module": "canary_module", "class_name": "Canary"}
    unsafe = function("keras.config", "enable_unsafe_deserialization")
    download = {"fname": "canary", "origin": canary.url, "cache_dir": str(canary.file.parent), "force_download": True}

    def of(kind: str, module: str = "keras.layers", **settings: Any) -> Json:
        return layer(kind, "layer", ["image"], module, **settings)

    return {
        "CVE-2024-3660: bytecode in a Lambda of Keras 2": of("Lambda", **legacy),
        "bytecode in a Lambda of Keras 3": of("Lambda", function=code),
        "bytecode as output shape and mask": of("Lambda", function="abs", output_shape=code, mask=code),
        "CVE-2025-1550: a function of any module": of("Lambda", function=function("os", "system"), **command),
        "CVE-2025-1550: a module of any name": of("Canary", "canary_module"),
        "CVE-2025-1550: a module among the arguments": of("Dense", units=3, activation={**ours, "config": {}}),
        "CVE-2025-1550: a class with settings": of("Popen", "subprocess", args=["touch", str(canary.file)]),
        "CVE-2025-8747: a download by keras.utils.get_file": of(
            "Lambda", function=function("keras.utils", "get_file"), arguments=download
        ),
        "CVE-2025-9905: safe_mode does not hold for .h5": of("Lambda", **legacy, safe_mode=True),
        "CVE-2025-9906: safe mode is switched off first": {
            **of("Lambda", function=code),
            "config": {"name": "layer", "function": code, "mask": unsafe, "dtype": {**unsafe, "config": {}}},
        },
        "CVE-2025-9906: a layer that switches it off": of("enable_unsafe_deserialization", "keras.config"),
        "CVE-2025-12058: a vocabulary that is a file": of("StringLookup", vocabulary=str(canary.pipe)),
        "CVE-2025-12058: a vocabulary that is an address": of("StringLookup", vocabulary=canary.url),
        "CVE-2025-49655: a pickled module of PyTorch": of(
            "TorchModuleWrapper", module={"class_name": "__bytes__", "value": base64.b64encode(canary.pickled).decode()}
        ),
        "a registered name": {**of("Canary", "canary_module"), "registered_name": "canary_module>Canary"},
        "an initializer": of("Dense", units=3, kernel_initializer={**ours, "config": {}}),
        "a regularizer by name": of("Dense", units=3, kernel_regularizer="canary_module.Canary"),
        "a layer in a wrapper": of("TimeDistributed", layer={**ours, "config": {}}),
        "a cell": of("RNN", cell={**ours, "config": {}}),
        "an expression": of("Dense", units=f"__import__('os').system({canary.run!r})"),
        "a TensorFlow function": layer("TFOpLambda", "layer", None, "keras", function="io.write_file")
        | {"inbound_nodes": [[["image", 0, 0, {"contents": canary.run, "filename": str(canary.file)}]]]},
        "a tensor that is computed": {
            **of("Add", "keras.src.ops.numpy"),
            "inbound_nodes": [{"args": [tensor("image"), {**ours, "config": {}}], "kwargs": {"eval": canary.run}}],
        },
        "a dtype policy": of("Flatten", dtype={**ours, "config": {"name": canary.run}}),
    }


def model(canary: Canary, name: str) -> str:
    """A model of that layer, which names code in its compilation too."""
    graph = functional(image(), shapes(canary)[name])
    ours = {"module": "canary_module", "class_name": "Canary", "config": {}}
    return json.dumps({**graph, "compile_config": {"optimizer": ours, "loss": function("canary_module", "Canary")}})


def write(path: Path, text: str, canary: Canary) -> Path:
    """The model in the container that the name of the path asks for."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(archive(path, text, canary.pickled), "a") as file:
            file.writestr("assets/layer/data.pkl", canary.pickled)
            file.writestr("canary_module/__init__.py", f"open({str(canary.file)!r}, 'w')")
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = text
            file.attrs["training_config"] = np.void(canary.pickled)
    elif path.suffix == ".json":
        path.write_text(text)
    else:
        path.mkdir()
        config = json.loads(text)["config"]
        told = json.dumps({"class_name": "Functional", "config": config}).encode()
        (path / "keras_metadata.pb").write_bytes(field(1, field(2, 0) + field(3, b"root") + field(5, told)))
        (path / "saved_model.pb").write_bytes(field(1, 1))
    return path


OLD = (
    "CVE-2024-3660: bytecode in a Lambda of Keras 2",
    "CVE-2025-9905: safe_mode does not hold for .h5",
    "CVE-2025-1550: a module of any name",
    "a registered name",
    "a TensorFlow function",
)
"""What is known of `.h5` files, each of which takes a process to read."""


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".json", ""])
def test_code_is_not_run(tmp_path: Path, convcost: Convcost, canary: Canary, suffix: str) -> None:
    """All shapes in one container. What is no layer that convcost knows is a row of unknown cost, or refused."""
    names = [name for name in shapes(canary) if suffix != ".h5" or name in OLD]
    paths = [write(tmp_path / f"net{number}{suffix}", model(canary, name), canary) for number, name in enumerate(names)]
    before = sorted(tmp_path.rglob("*"))
    ended = convcost("analyze", *paths)
    assert ended.code in (0, 2, 3)
    told = ended.out + ended.err
    assert all(path.name in told for path in paths), [
        name for name, path in zip(names, paths, strict=True) if path.name not in told
    ]
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in str(path)] == before


COMMANDS = [
    "memory {0}",
    "explain {0}",
    "variants {0}",
    "check {0} --max macs=1",
    "diff {0} {0}",
    "export {0} -o out.yaml",
    "rewrite {0} --variant separable -o out.keras",
    "separability {0}",
    "plan {0} --max macs=1",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_it(tmp_path: Path, convcost: Convcost, canary: Canary, command: str) -> None:
    write(tmp_path / "net.keras", model(canary, "bytecode in a Lambda of Keras 3"), canary)
    convcost(*command.format("net.keras").split())
    canary.check()


def test_a_pickle_in_hdf5(tmp_path: Path, convcost: Convcost, canary: Canary) -> None:
    """As an attribute, as opaque data, as a text, and as numpy would read it."""
    own = model(canary, "a registered name")
    with h5py.File(path := tmp_path / "net.h5", "w") as file:
        file.attrs["model_config"] = own
        held = file.create_group("model_weights")
        held.attrs["layer_names"] = [b"layer"]
        group = held.create_group("layer")
        group.attrs["weight_names"] = [b"pickle", b"opaque", b"numpy"]
        group.attrs["pickle"] = np.void(canary.pickled)
        group["pickle"] = np.frombuffer(canary.pickled, "u1")
        group["opaque"] = np.void(canary.pickled)
        group["numpy"] = np.void(b"\x93NUMPY\x01\x00" + canary.pickled)
        group["opaque"].attrs["dtype"] = np.void(canary.pickled)
    assert convcost("analyze", path).code == 0
    canary.check()


def test_the_canary_fires(tmp_path: Path) -> None:
    """Each way to run code would be seen: a canary that is dead proves nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        canary = Canary(tmp_path, server)
        exec(marshal.loads(base64.b64decode(canary.bytecode)))
        with pytest.raises(AssertionError):
            canary.check()
        canary.file.unlink()
        pickle.loads(canary.pickled)
        with pytest.raises(AssertionError):
            canary.check()
        canary.file.unlink()
        with socket.create_connection(server.getsockname()), pytest.raises(pytest.fail.Exception):
            canary.check()
