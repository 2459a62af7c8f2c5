"""A SavedModel folder that Keras 2 wrote: the graph in `keras_metadata.pb`, the variables in `saved_model.pb`.

One that `model.export` or plain TensorFlow wrote has a traced program and no layers: a framework can tell its cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError, MeasureError
from convcost.model import Model
from convcost.readers.files import content

if TYPE_CHECKING:
    from convcost.readers.keras_saved_objects import SavedWeights

METADATA = "keras_metadata.pb"
PROGRAM = "saved_model.pb"
LARGEST_FILE = 2 * 10**9
"""Bytes; a protocol buffer cannot be larger than 2 GiB."""

NODES, NODE_NUMBER, NODE_IDENTIFIER, NODE_METADATA = 1, 2, 4, 5
"""Field numbers of tf_keras's saved_metadata.proto."""

METRIC = "_tf_keras_metric"

FILES = "SavedModel folders"


def accepts(path: Path, head: bytes) -> bool:
    return (path / PROGRAM).is_file() or (path / METADATA).is_file()


def read(path: Path, parameters: Mapping[str, Any]) -> Model:
    """The model in a SavedModel. Raises MeasureError where it has no layers, ConvcostError where it is damaged."""
    from convcost.readers.keras_text import decoded, model_from
    from convcost.readers.keras_unknown import completed

    with _told_as_damage(path):
        texts = _metadata(path)
        root = _plain(decoded(texts[0])) if 0 in texts else {}
    if not root:
        raise MeasureError(
            f"{path}: this SavedModel has a traced program but no layers (Keras 2 saves them in {METADATA}):"
            " load it with --engine keras, or save the model as .keras"
        )
    entry = {
        "class_name": root.get("class_name"),
        "config": root.get("config") or {"name": root.get("name")},
        "build_config": {"input_shape": root.get("build_input_shape")},
    }
    return completed(model_from(entry, str(path), "saved_model"), lambda: weights_in(path))


def weights_in(path: Path) -> SavedWeights:
    """The variables of a SavedModel, without their data. Raises ConvcostError where it is damaged."""
    from convcost.readers.keras_saved_objects import SavedWeights, nodes_in
    from convcost.readers.keras_text import decoded

    with _told_as_damage(path):
        metadata = {number: decoded(text) for number, text in _metadata(path).items()}
        nodes = nodes_in(content(path / PROGRAM, LARGEST_FILE))
        if not nodes:
            raise ValueError(f"{PROGRAM} has no objects")
        return SavedWeights(nodes, metadata)


def _metadata(path: Path) -> dict[int, str]:
    """What Keras says of layers, by the number of the object; TensorFlow before 2.5 kept it in the program."""
    from convcost.readers.keras_saved_objects import nodes_in
    from convcost.readers.protobuf import integer, messages, text

    if not (path / METADATA).is_file():
        return {
            number: node.metadata
            for number, node in enumerate(nodes_in(content(path / PROGRAM, LARGEST_FILE)))
            if node.metadata
        }
    nodes = list(messages(memoryview(content(path / METADATA, LARGEST_FILE)), NODES))
    layers = (node for node in nodes if text(node, NODE_IDENTIFIER) != METRIC)
    return {integer(node, NODE_NUMBER): text(node, NODE_METADATA) for node in layers}


def _plain(value: Any) -> Any:
    """JSON without Keras 2's records for tuples and shapes: their items as a list."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape"):
        return _plain(value.get("items"))
    return {name: _plain(one) for name, one in value.items()}


@contextmanager
def _told_as_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, OSError, RecursionError, AttributeError) as error:
        raise ConvcostError(f"{path}: no SavedModel of Keras, or a damaged one: {error}") from None
