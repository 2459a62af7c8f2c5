"""A spec, or a new Keras model, of any model that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convcost.api.loading import load


def export(source: Any, *, parameters: Mapping[str, Any] | None = None) -> str:
    """The spec of a model, as YAML: what it costs is what the model costs.

    Raises ConvcostError, with the layer's name, where a spec cannot say what a layer is.
    """
    from convcost.writers.spec_yaml import text_of

    return text_of(load(source, parameters))


def build(source: Any, *, parameters: Mapping[str, Any] | None = None) -> Any:
    """A new Keras model, with initial weights, of a spec (or of any model that convcost reads). Needs TensorFlow.

    Raises ConvcostError, with the layer's name, where Keras cannot make a layer.
    """
    from convcost.engine.build import built
    from convcost.sizing import sized
    from convcost.writers.keras_graph import model_entry

    model = sized(load(source, parameters))
    return built(model_entry(model, model.name), model.source)
