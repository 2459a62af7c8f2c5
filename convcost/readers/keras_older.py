"""What older files leave out or call otherwise, filled in as Keras 3 archives have it."""

from __future__ import annotations

from typing import Any

from convcost.layers import find

Json = dict[str, Any]

RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
}
"""Classes of Keras 2 under the names of those that compute the same in Keras 3."""

OPERATIONS = "keras.ops"


def modern(entry: Json) -> Json:
    """A layer's entry with its class as Keras 3 names it, and the module that tells an operation from a layer."""
    kind = entry.get("class_name")
    if kind in RENAMED and str(entry.get("module") or "keras").startswith("keras"):
        return {**entry, "class_name": RENAMED[kind]}
    if entry.get("module") is None and _lacks_what_layers_have(entry) and find(str(kind), OPERATIONS) is not None:
        return {**entry, "module": OPERATIONS}
    return entry


def _lacks_what_layers_have(entry: Json) -> bool:
    """Whether an entry of an `.h5` file, which tells no modules, is an operation: all layers but inputs are trainable
    or not, and Keras 3 alone, whose nodes are objects, has operations.
    """
    config, nodes = entry.get("config"), entry.get("inbound_nodes")
    is_layer = not isinstance(config, dict) or "trainable" in config or "layers" in config
    return not is_layer and isinstance(nodes, list) and any(isinstance(node, dict) for node in nodes)
