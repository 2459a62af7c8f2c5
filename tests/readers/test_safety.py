"""Nothing that a file names is imported, evaluated or run."""

from __future__ import annotations

import base64
import json
import marshal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from convcost import analyze

IMAGE = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "config": {"name": "image", "batch_shape": [None, 4, 4, 3]},
}
READS_IMAGE = [
    {
        "args": [
            {
                "class_name": "__keras_tensor__",
                "config": {"shape": [None, 4, 4, 3], "dtype": "float32", "keras_history": ["image", 0, 0]},
            }
        ],
        "kwargs": {},
    }
]


def graph_with(layer: dict[str, Any]) -> str:
    """A model with one layer besides its input."""
    layers = [
        {**IMAGE, "name": "image", "inbound_nodes": []},
        {"name": "layer", "inbound_nodes": READS_IMAGE, **layer},
    ]
    config = {"name": "net", "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["layer", 0, 0]]}
    return json.dumps({"module": "keras", "class_name": "Functional", "config": config})


def bytecode(path: Path) -> str:
    """What Keras stores of a lambda: here one that writes a file."""
    code = compile(f"open({str(path)!r}, 'w').close()", "lambda", "exec")
    return base64.b64encode(marshal.dumps(code)).decode()


def hostile(canary: Path) -> dict[str, dict[str, Any]]:
    run = f"touch {canary}"
    function = {"class_name": "__lambda__", "config": {"value": bytecode(canary)}}
    legacy = [bytecode(canary), None, None]
    return {
        "a lambda": {"module": "keras.layers", "class_name": "Lambda", "config": {"function": function}},
        "a lambda of old": {"class_name": "Lambda", "config": {"function": legacy, "function_type": "lambda"}},
        "a function as layer": {"module": "os", "class_name": "system", "config": {"command": run}},
        "a module that is there": {"module": "canary", "class_name": "Canary", "config": {"name": "layer"}},
        "a registered name": {
            "module": None,
            "class_name": "Canary",
            "registered_name": "canary>Canary",
            "config": {"name": "layer"},
        },
        "an activation": {
            "module": "keras.layers",
            "class_name": "Conv2D",
            "config": {
                "filters": 1,
                "kernel_size": 1,
                "activation": {"module": "os", "class_name": "function", "config": "system", "registered_name": run},
            },
        },
        "an expression": {
            "module": "keras.layers",
            "class_name": "Dense",
            "config": {"units": f"__import__('os').system({run!r})"},
        },
        "a layer in a wrapper": {
            "module": "keras.layers",
            "class_name": "TimeDistributed",
            "config": {"layer": {"module": "canary", "class_name": "Canary", "config": {}}},
        },
        "a dtype": {
            "module": "keras.layers",
            "class_name": "Flatten",
            "config": {"dtype": {"module": "canary", "class_name": "Canary", "config": {"name": run}}},
        },
        "a constant": {
            "module": "keras.src.ops.numpy",
            "class_name": "Add",
            "config": {},
            "inbound_nodes": [
                {
                    "args": [*READS_IMAGE[0]["args"], {"class_name": "__numpy__", "config": {"value": [run]}}],
                    "kwargs": {"eval": run},
                }
            ],
        },
    }


ARCHIVES = [(name, "archive") for name in hostile(Path("canary"))]
OTHERS = [(name, container) for name in ("a lambda of old", "a registered name") for container in ("h5", "json")]


@pytest.mark.parametrize(("name", "container"), [*ARCHIVES, *OTHERS])
def test_code_in_a_file_is_not_run(tmp_path: Path, name: str, container: str) -> None:
    """In a process of its own, started in a folder that holds what the file names."""
    canary = tmp_path / "canary.txt"
    (tmp_path / "canary.py").write_text(f"open({str(canary)!r}, 'w').close()\nclass Canary:\n    pass\n")
    (tmp_path / "h5py.py").write_text((tmp_path / "canary.py").read_text())
    text = graph_with(hostile(canary)[name])
    path = tmp_path / {"archive": "model.keras", "h5": "model.h5", "json": "model.json"}[container]
    if container == "archive":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("config.json", text)
            file.writestr("model.weights.h5", b"")
    elif container == "h5":
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = text
    else:
        path.write_text(text)
    before = set(tmp_path.iterdir())
    code = (
        "import sys\nfrom convcost import ConvcostError, analyze\n"
        f"try:\n    analyze({str(path)!r})\nexcept ConvcostError as refusal:\n    print('refused', refusal)\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    modules = run.stdout.splitlines()[-1].split()
    assert {"canary", "keras", "tensorflow", "pickle", "h5py"} & set(modules) == set()
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["a lambda", "a function as layer", "a module that is there", "a registered name"])
def test_what_it_names_is_a_row_that_nothing_is_known_of(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(graph_with(hostile(tmp_path)[name]))
    report = analyze(path)
    (row,) = report.uncounted
    assert row.path == "layer"
    assert row.cost is None
    assert not report.totals.complete


def test_a_saved_model_is_not_loaded(tmp_path: Path) -> None:
    """Nor is a function that its metadata names."""
    text = graph_with({"class_name": "canary>Canary", "config": {"name": "layer"}}).encode()
    node = b"\x2a" + _varint(len(text)) + text
    (tmp_path / "keras_metadata.pb").write_bytes(b"\x0a" + _varint(len(node)) + node)
    report = analyze(tmp_path)
    assert [row.kind for row in report.rows] == ["InputLayer", "canary>Canary"]
    (note,) = report.warnings
    assert "the params of 'layer' are not known" in note


def _varint(value: int) -> bytes:
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*content, value])
