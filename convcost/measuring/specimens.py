"""Layers to measure a machine by: of every kind of operation, in sizes, strides and windows that networks have.

The sets are drawn by a seeded generator, and so the same everywhere; sizes are spread evenly by their logarithm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from math import log2, prod

import msgspec

from convcost.layers.activations import Activation
from convcost.layers.base import Kind
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.dense import Dense
from convcost.layers.merging import Add, Concatenate, Multiply
from convcost.layers.passing import InputLayer
from convcost.layers.pooling import GlobalAveragePooling2D, MaxPooling2D
from convcost.layers.reshaping import ZeroPadding2D
from convcost.model import Call, Layer, Model, Ref, Shape

HEIGHTS = (7, 10, 14, 20, 28, 40, 56, 80, 112)
MOST_MACS, MOST_ELEMENTS = 150_000_000, 1_500_000
LEAST_MACS = 20_000

COUNTS: Mapping[str, int] = {
    "convolution": 26,
    "pointwise": 24,
    "depthwise": 22,
    "large_depthwise": 5,
    "dense": 10,
    "pooling": 8,
    "merge": 6,
    "activation": 6,
    "all": 6,
}
"""How many of each kind a machine is fitted by."""


class Specimen(msgspec.Struct, frozen=True):
    """A layer and the shapes of its inputs, per sample; `kind` is that of its operation (`device.LAW_KINDS`)."""

    kind: str
    rule: Kind
    inputs: tuple[Shape, ...]

    @property
    def model(self) -> Model:
        """A model of this layer alone."""
        names = [f"input_{place}" for place in range(len(self.inputs))]
        entries = [
            Layer(name, "InputLayer", InputLayer(batch_shape=(None, *shape)), (Call(),))
            for name, shape in zip(names, self.inputs, strict=True)
        ]
        refs = tuple(map(Ref, names))
        layer = Layer("layer", type(self.rule).__name__, self.rule, (Call(refs),))
        return Model(self.kind, (*entries, layer), refs, (Ref("layer"),))

    @property
    def macs(self) -> int:
        return self.rule.cost(*((1, *shape) for shape in self.inputs)).macs


def specimens(seed: int, counts: Mapping[str, int], known: frozenset[Specimen] = frozenset()) -> list[Specimen]:
    """So many specimens of each kind, in mixed order, none of them twice or among those `known`."""
    draw = random.Random(seed)  # noqa: S311  (no secret)
    found: dict[Specimen, None] = {}
    for kind, count in counts.items():
        made = _endless(MAKERS[kind], draw)
        for _ in range(count):
            found[next(one for one in made if one not in found and one not in known)] = None
    mixed = list(found)
    draw.shuffle(mixed)
    return mixed


def _endless(make: Callable[[random.Random], Specimen], draw: random.Random) -> Iterator[Specimen]:
    """Specimens of a kind that are neither too small to be timed, nor too large to be timed soon."""
    while True:
        one = make(draw)
        output = one.rule.output_shape(*((1, *shape) for shape in one.inputs))
        assert isinstance(output, tuple)
        elements = max(*map(prod, one.inputs), prod(output))
        if elements <= MOST_ELEMENTS and (not one.macs or LEAST_MACS <= one.macs <= MOST_MACS):
            yield one


def _spread(draw: random.Random, least: int, most: int) -> int:
    """A size between the two, as likely to be doubled as to be halved."""
    return round(2 ** draw.uniform(log2(least), log2(most)))


def _channels(draw: random.Random) -> int:
    """A multiple of 8, as most networks have them; now and then another."""
    channels = _spread(draw, 8, 1024)
    return channels if draw.random() < 0.2 else max(8, round(channels / 8) * 8)


def _image(draw: random.Random) -> Shape:
    height = draw.choice(HEIGHTS)
    return (height, height, _channels(draw))


def _convolution(draw: random.Random) -> Specimen:
    stem = draw.random() < 0.15
    shape = (draw.choice((96, 112, 160, 224)), 0, 3) if stem else _image(draw)
    filters = draw.choice((16, 24, 32, 64)) if stem else _channels(draw)
    kernel = draw.choice((3, 3, 3, 5, 7))
    rule = Conv2D(filters=filters, kernel_size=kernel, strides=draw.choice((1, 1, 2)), padding="same")
    return Specimen("convolution", rule, ((shape[0], shape[0], shape[2]),))


def _pointwise(draw: random.Random) -> Specimen:
    rule = Conv2D(filters=_channels(draw), kernel_size=1, strides=draw.choice((1, 1, 1, 1, 2)), padding="same")
    return Specimen("pointwise", rule, (_image(draw),))


def _depthwise(draw: random.Random) -> Specimen:
    rule = DepthwiseConv2D(kernel_size=draw.choice((3, 3, 5)), strides=draw.choice((1, 1, 2)), padding="same")
    return Specimen("depthwise", rule, (_image(draw),))


def _large_depthwise(draw: random.Random) -> Specimen:
    rule = DepthwiseConv2D(kernel_size=7, strides=draw.choice((1, 2)), padding="same")
    return Specimen("large_depthwise", rule, (_image(draw),))


def _dense(draw: random.Random) -> Specimen:
    return Specimen("dense", Dense(units=_spread(draw, 10, 4096)), ((_spread(draw, 32, 4096),),))


def _pooling(draw: random.Random) -> Specimen:
    """No average over windows: in int8 XNNPACK leaves it to slower kernels, and it would bend the law of the others."""
    rules = (MaxPooling2D(), MaxPooling2D(pool_size=3, strides=2, padding="same"), GlobalAveragePooling2D())
    return Specimen("pooling", draw.choice(rules), (_image(draw),))


def _merge(draw: random.Random) -> Specimen:
    return Specimen("merge", draw.choice((Add(), Multiply())), (_image(draw),) * 2)


def _activation(draw: random.Random) -> Specimen:
    return Specimen("activation", Activation(activation="sigmoid"), (_image(draw),))


def _other(draw: random.Random) -> Specimen:
    """What only moves bytes."""
    image = _image(draw)
    return draw.choice((Specimen("all", Concatenate(), (image, image)), Specimen("all", ZeroPadding2D(), (image,))))


MAKERS: Mapping[str, Callable[[random.Random], Specimen]] = {
    "convolution": _convolution,
    "pointwise": _pointwise,
    "depthwise": _depthwise,
    "large_depthwise": _large_depthwise,
    "dense": _dense,
    "pooling": _pooling,
    "merge": _merge,
    "activation": _activation,
    "all": _other,
}
