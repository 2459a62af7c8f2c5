"""Models whose reports are looked at: blocks in blocks, and names that are meant to get out of their place."""

from __future__ import annotations

import msgspec

from convcost.layers.activations import ReLU
from convcost.layers.convolution import Conv2D, SeparableConv2D
from convcost.layers.dense import Dense
from convcost.layers.normalization import BatchNormalization
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.model import Model
from tests.building import chain, graph

HOSTILE = "</script><script>window.fired = 1</script><img src=x onerror='window.fired = 2'>"
LONG = "a_name_that_goes_on_" * 20


def nested() -> Model:
    """A stem, two stages of two blocks each, and a head; a name is a script."""
    nodes = {
        "stem": (Conv2D(filters=8, kernel_size=3, strides=2, padding="same"), [["image"]]),
        "stage1": (_stage(8), [["stem"]]),
        HOSTILE: (SeparableConv2D(filters=16, kernel_size=3, strides=2, padding="same"), [["stage1"]]),
        "stage2": (_stage(16), [[HOSTILE]]),
        LONG: (GlobalAveragePooling2D(), [["stage2"]]),
        "head": (Dense(units=10), [[LONG]]),
    }
    model = graph(nodes, ["head"], {"image": (64, 64, 3)})
    return msgspec.structs.replace(model, name=HOSTILE, source="nested.keras", format="keras")


def _stage(filters: int) -> Model:
    block = chain(
        Conv2D(filters=filters, kernel_size=3, padding="same"),
        BatchNormalization(),
        ReLU(),
        Conv2D(filters=filters, kernel_size=1),
        shape=(None, None, filters),
        name="block",
    )
    nodes = {"block1": (block, [["input"]]), "block2": (block, [["block1"]])}
    return msgspec.structs.replace(graph(nodes, ["block2"], {"input": (None, None, filters)}), name="stage")


def long(layers: int) -> Model:
    """A chain of that many layers, an input among them."""
    kinds = (Conv2D(filters=8, kernel_size=3, padding="same"), BatchNormalization(), ReLU())
    return chain(*(kinds[place % 3] for place in range(layers - 1)), shape=(16, 16, 8), name="long")


def blocks_by_name(blocks: int) -> Model:
    """A flat chain of that many blocks of three layers: what they belong to, their names alone tell."""
    layers = {
        "expand": Conv2D(filters=16, kernel_size=1),
        "depthwise": SeparableConv2D(filters=16, kernel_size=3, padding="same"),
        "project": Conv2D(filters=8, kernel_size=1),
    }
    names = [(f"block_{number}_{layer}", rule) for number in range(1, blocks + 1) for layer, rule in layers.items()]
    reads = ["input", *(name for name, _ in names)]
    nodes = {name: (rule, [[read]]) for (name, rule), read in zip(names, reads, strict=False)}
    return graph(nodes, [names[-1][0]], {"input": (16, 16, 8)})
