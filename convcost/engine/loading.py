"""A live model from a file, by the framework that wrote it, or from a function that builds one. Their code runs."""

from __future__ import annotations

import importlib
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from convcost.engine.framework import keras_2, one_line, tensorflow_and_keras, version
from convcost.errors import ConvcostError, MeasureError
from convcost.paths import YAML

FACTORY = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")
"""`package.module:build_model`."""

UNKNOWN_CLASS = re.compile(r"(?:Could not locate class|Unknown layer:) '([^']*)'")
"""How Keras 3 and Keras 2 say that a class is not registered."""

PROGRAM, METADATA, CONFIG = "saved_model.pb", "keras_metadata.pb", "config.json"


def is_program(path: Path) -> bool:
    """Whether a folder is a SavedModel of which TensorFlow alone knows how it runs."""
    return (path / PROGRAM).is_file() and not (path / METADATA).is_file()


@contextmanager
def imported(names: Sequence[str], source: Any = None) -> Iterator[list[ModuleType]]:
    """These modules, also from the current directory, where more can be imported from as long as this lasts.

    So can `source`, if it is a factory. Raises ConvcostError where a module cannot be imported.
    """
    tensorflow_and_keras()  # before a file of the current directory can stand in for a part of them
    if not names and not _is_factory(source):
        yield []
        return
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield [_module(name, "--import ") for name in names]
    finally:
        with suppress(ValueError):
            sys.path.remove(here)


def _is_factory(source: Any) -> bool:
    return isinstance(source, str | Path) and bool(FACTORY.match(str(source))) and not Path(source).exists()


def live(source: Any, modules: Sequence[ModuleType], run_code: bool) -> Any:
    """The live model of a path, of a factory, or of itself. Raises ConvcostError where there is none."""
    if not isinstance(source, str | Path):
        return source
    if _is_factory(source):
        return _built(str(source))
    path = Path(source)
    if not path.exists():
        raise ConvcostError(f"{path}: no such file; a function that builds a model is written package.module:function")
    if path.suffix in YAML:
        raise ConvcostError(f"{path}: a spec describes layers and has no code: it is counted without --engine keras")
    if path.is_dir() and not any((path / name).is_file() for name in (PROGRAM, METADATA, CONFIG)):
        raise ConvcostError(f"{path}: no folder of a model: it has no {PROGRAM} and no {CONFIG}")
    _, keras = tensorflow_and_keras()
    keras = keras_2() if _is_of_keras_2(path) else keras
    return _loaded(path, keras, modules, run_code)


def _built(source: str) -> Any:
    """What a factory returns."""
    name, _, attributes = source.partition(":")
    found: Any = _module(name, "")
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            raise ConvcostError(f"{source}: module {name!r} has no {attributes!r}")
        found = getattr(found, attribute)
    try:
        return found()
    except Exception as error:  # whatever the function raises
        raise MeasureError(f"{source}: {type(error).__name__}: {one_line(error)}") from error


def _module(name: str, option: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever its code raises
        raise ConvcostError(f"{option}{name}: {type(error).__name__}: {one_line(error)}") from error


def _loaded(path: Path, keras: Any, modules: Sequence[ModuleType], run_code: bool) -> Any:
    custom = {name: thing for module in modules for name, thing in vars(module).items() if _is_layer(thing, keras)}
    try:
        if path.suffix == ".json":
            return keras.models.model_from_json(path.read_text(encoding="utf-8"), custom_objects=custom)
        return keras.models.load_model(path, custom_objects=custom, compile=False, safe_mode=not run_code)
    except Exception as error:  # whatever Keras, or the code of a layer, raises
        raise MeasureError(f"{path}: {version(keras)} cannot load it: {_cause(error)}") from error


def _is_layer(thing: Any, keras: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, keras.layers.Layer)


def _cause(error: BaseException) -> str:
    """What Keras says in the end. It repeats the whole config of all layers around."""
    unknown = UNKNOWN_CLASS.search(str(error))
    if unknown:
        return f"it does not know class {unknown[1]!r}: --import the module that registers it"
    return one_line(error)


def _is_of_keras_2(path: Path) -> bool:
    """Whether Keras 2 wrote a file: its version is in each."""
    if path.is_dir():
        metadata = path / "metadata.json"
        return (path / METADATA).is_file() or (metadata.is_file() and _is_2(_field(metadata.read_bytes())))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return "metadata.json" in archive.namelist() and _is_2(_field(archive.read("metadata.json")))
    if path.suffix == ".json":
        return _is_2(_field(path.read_bytes()))
    return _is_2(_version_in_hdf5(path))


def _is_2(version: str) -> bool:
    return version.startswith(("1.", "2."))


def _field(text: bytes) -> str:
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return ""
    return str(told.get("keras_version", "")) if isinstance(told, dict) else ""


def _version_in_hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            told = file.attrs.get("keras_version", "")
    except (OSError, ValueError):
        return ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
