"""Networks saved once for all tests of the readers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import pytest
import tf_keras

from .networks import NETWORKS

Save = Callable[[str, str], Path]


def _json(model: Any, path: Path) -> None:
    path.write_text(model.to_json())


def _deflated(model: Any, path: Path) -> None:
    stored = path.with_suffix(".stored.keras")
    model.save(stored)
    with zipfile.ZipFile(stored) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name))


def _folder(model: Any, path: Path) -> None:
    keras.src.saving.saving_lib.save_model(model, path, zipped=False)


CONTAINERS: dict[str, tuple[Any, str, Callable[[Any, Path], None]]] = {
    "keras3 archive": (keras, ".keras", lambda model, path: model.save(path)),
    "keras3 deflated archive": (keras, ".keras", _deflated),
    "keras3 folder": (keras, "", _folder),
    "keras3 h5": (keras, ".h5", lambda model, path: model.save(path)),
    "keras3 json": (keras, ".json", _json),
    "keras2 archive": (tf_keras, ".keras", lambda model, path: model.save(path)),
    "keras2 h5": (tf_keras, ".h5", lambda model, path: model.save(path)),
    "keras2 json": (tf_keras, ".json", _json),
    "keras2 saved model": (tf_keras, "", lambda model, path: model.save(path, save_format="tf")),
}
"""Which Keras writes it, how the file name ends, and how it is saved."""


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """The path of a network in a container, by their names."""
    folder = tmp_path_factory.mktemp("saved")

    @cache
    def save(network: str, container: str) -> Path:
        library, suffix, write = CONTAINERS[container]
        path = folder / f"{network} in {container}{suffix}"
        write(NETWORKS[network](library), path)
        return path

    return save
