"""What a network is: layers, how they are called, and what flows between them. Immutable data.

Such data holds no circles, so that the records of which a network has many are kept out of Python's search for them
(`gc=False`): it would walk through all of them again and again while they are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import msgspec

from convcost.cost import Cost

MOST_LAYERS = 30_000
"""Of a model, and calls of them. A spec of two lines can repeat one a million times; Keras's largest has some 1,000."""
MOST_WRITTEN = 100_000
"""Of a spec that writes them out one by one: a file that is as large as what it asks for."""

Dim = int | None
"""A size; None where the file leaves it open."""

Shape = tuple[int, ...]
"""The sizes of one tensor, the batch dimension first."""

OpenShape = tuple[Dim, ...]
"""A shape as a file records it: open dimensions are None."""

DTYPE_BITS: Mapping[str, int] = {
    "bool": 8,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "int16": 16,
    "uint16": 16,
    "int32": 32,
    "uint32": 32,
    "int64": 64,
    "uint64": 64,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "float16": 16,
    "bfloat16": 16,
    "float32": 32,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
}


def bytes_of(elements: int, dtype: str) -> int:
    """Bytes of `elements` values of `dtype`; a type of unknown size (a string) counts 0 bytes."""
    return (elements * DTYPE_BITS.get(dtype, 0) + 7) // 8


class Weight(msgspec.Struct, frozen=True, gc=False):
    """One variable of a layer. `dtype` None: the layer's variable dtype."""

    name: str
    shape: Shape
    trainable: bool = True
    dtype: str | None = None


Fusion = Literal["producer", "consumer", "alias"]
"""How a layer joins a step of the memory walk: see `convcost.memory`."""


class Rule(Protocol):
    """What a layer is, as data with three laws; `convcost.layers` holds one for every kind."""

    @property
    def fusion(self) -> Fusion | None: ...

    @property
    def absorbs_padding(self) -> bool: ...

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]: ...

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]: ...

    def cost(self, *inputs: Shape) -> Cost: ...


class Unknown(msgspec.Struct, frozen=True):
    """A layer that no rule knows: its weights come from the weights file, its cost from nowhere."""

    reason: str
    weights: tuple[Weight, ...] = ()
    params_known: bool = True


if TYPE_CHECKING:
    AnyRule: TypeAlias = "Rule | Model | Unknown"
else:
    AnyRule = Any  # msgspec, which checks that a wrapper's setting is a Layer, knows no protocols


class Ref(msgspec.Struct, frozen=True, gc=False):
    """The tensor that a call of a layer puts out: layer name, which call, which of its outputs."""

    layer: str
    call: int = 0
    output: int = 0


class Call(msgspec.Struct, frozen=True, gc=False):
    """One use of a layer. `inputs` decide shape and cost; `extras` (masks, states) are only read.

    `rule` stands in for the layer's where this call was given settings of its own (`reverse=True`).
    """

    inputs: tuple[Ref, ...] = ()
    extras: tuple[Ref, ...] = ()
    rule: Rule | None = None


class Policy(msgspec.Struct, frozen=True, gc=False):
    """The dtypes of a layer: of its variables, and of what it computes and puts out."""

    variable: str = "float32"
    compute: str = "float32"

    @property
    def name(self) -> str:
        """As Keras writes it: `float32`, `mixed_float16`."""
        return self.compute if self.variable == self.compute else f"mixed_{self.compute}"


FLOAT32 = Policy()


class Layer(msgspec.Struct, frozen=True, gc=False):
    """A named layer of a model: what it is (`rule`), and every call of it in this graph."""

    name: str
    kind: str
    rule: AnyRule
    calls: tuple[Call, ...]
    trainable: bool = True
    policy: Policy = FLOAT32
    line: int | None = None
    """Where the spec says it; None for archives."""
    stored: tuple[Weight, ...] | None = None
    """The weights that the file holds of it, where they were read; the rule comes first."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """What the file says of a tensor, None dimensions included."""

    shape: OpenShape
    dtype: str = "float32"


class Model(msgspec.Struct, frozen=True):
    """A network: its layers in the order of the file, the tensors that go in and out.

    `inputs` refer to InputLayers of this model. `recorded` holds what the file says of tensors. `notes` are what the
    reader could not tell for certain: a report's warnings.
    """

    name: str
    layers: tuple[Layer, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    recorded: Mapping[Ref, Recorded] = {}
    source: str = ""
    format: str = ""
    notes: tuple[str, ...] = ()
