"""Small files to hide things in."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def layer(kind: str, name: str, reads: list[str] | None = None, module: str = "keras.layers", **settings: Any) -> Json:
    """A layer of a Functional model in `config.json`, reading the first outputs of others."""
    nodes = [{"args": [tensor(one) for one in reads], "kwargs": {}}] if reads else []
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **settings},
        "name": name,
        "inbound_nodes": nodes,
    }


def tensor(name: str) -> Json:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def image(*sizes: Any, name: str = "image") -> Json:
    return layer("InputLayer", name, batch_shape=[None, *(sizes or (8, 8, 3))])


def functional(*layers: Json, output: str | None = None, name: str = "net") -> Json:
    """A model whose first layer is its input, and whose last is its output."""
    ends = {"input_layers": [[layers[0]["name"], 0, 0]], "output_layers": [[output or layers[-1]["name"], 0, 0]]}
    return {"module": "keras", "class_name": "Functional", "config": {"name": name, "layers": list(layers), **ends}}


def sequential(*layers: Json) -> Json:
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": [image(), *layers]}}


GOOD = json.dumps(sequential(layer("Conv2D", "conv", filters=4, kernel_size=[3, 3])))
"""A model that convcost counts: 6·6·4 outputs, each of 3·3·3 MACs, which are 3,888."""
COUNTED = "3,888"


def archive(
    path: Path, config: str | bytes = GOOD, weights: bytes | None = None, method: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", config)
        if weights is not None:
            file.writestr("model.weights.h5", weights)
    return path


def patched(path: Path, mark: bytes, offset: int, value: bytes) -> Path:
    """A file with other bytes at `offset` behind every place of `mark`."""
    content = bytearray(path.read_bytes())
    at = content.find(mark)
    assert at >= 0
    while at >= 0:
        content[at + offset : at + offset + len(value)] = value
        at = content.find(mark, at + 1)
    path.write_bytes(content)
    return path


def bomb(size: int) -> bytes:
    """`size` spaces, deflated a thousandfold: the same 10 MB again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(b" " * 10**7) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (size // 10**7) + packer.flush()


def one_member(
    path: Path, name: bytes, packed: bytes, size: int, method: int = zipfile.ZIP_DEFLATED, extra: bytes = b""
) -> Path:
    """An archive of one member whose headers say that it has `size` bytes."""
    told = min(size, 2**32 - 1)
    fields = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0, 0, len(packed), told, len(name), len(extra))
    local = b"PK\x03\x04" + fields + name + extra + packed
    fields = struct.pack(
        "<HHHHHHIIIHHHHHII", 20, 20, 0, method, 0, 0, 0, len(packed), told, len(name), len(extra), 0, 0, 0, 0, 0
    )
    directory = b"PK\x01\x02" + fields + name + extra
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(local), 0)
    path.write_bytes(local + directory + end)
    return path
