"""`.keras`: a zip of metadata.json, config.json and model.weights.h5. Only config.json is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.errors import ConvcostError
from convcost.model import Model

LARGEST_CONFIG = 256 * 10**6
"""Bytes of config.json, uncompressed."""


def accepts(path: Path, head: bytes) -> bool:
    return path.suffix == ".keras" or head.startswith(b"PK\x03\x04")


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in an archive. Raises ConvcostError where it is none."""
    import msgspec

    from convcost.readers.keras_config import model_of

    model = model_of(_config(path), str(path))
    return msgspec.structs.replace(model, format="keras")


def _config(path: Path) -> dict[str, Any]:
    import zipfile
    import zlib

    import msgspec

    from convcost.readers.keras_json import decode

    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("config.json")
            if info.file_size > LARGEST_CONFIG:
                raise ConvcostError(f"{path}: config.json has {info.file_size:,} bytes, allowed: {LARGEST_CONFIG:,}")
            with archive.open(info) as member:
                text = member.read(LARGEST_CONFIG + 1)
        return decode(text)
    except KeyError:
        raise ConvcostError(f"{path}: no .keras archive: it has no config.json") from None
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ConvcostError(f"{path}: no .keras archive, or a damaged one: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConvcostError(f"{path}: config.json is no JSON object that Keras writes: {error}") from None
