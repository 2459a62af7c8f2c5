"""What every kind of layer is: a frozen record of Keras's own settings, with three laws over shapes.

Subclasses whose name does not start with `_` are kinds: they register themselves under their class name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from convcost.cost import NOTHING, Cost
from convcost.errors import ShapeError
from convcost.model import Fusion, Shape, Weight

Positive = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Extent = Positive | tuple[Positive, ...]
"""A size along each spatial axis; an int stands for all of them."""

LAYERS: dict[str, type[Kind]] = {}
"""Every kind of `keras.layers` by class name."""

OPS: dict[str, type[Kind]] = {}
"""Every tensor operation that a Functional graph can record, by class name."""

IGNORED = frozenset(
    "name trainable dtype activity_regularizer batch_input_shape input_shape seed weights autocast build_config"
    " synchronized renorm renorm_clipping renorm_momentum momentum epsilon ragged sparse implementation".split()
)
"""Settings of Keras that change neither shape nor cost. So do all that end in one of `IGNORED_ENDINGS`."""

IGNORED_ENDINGS = ("_initializer", "_regularizer", "_constraint")


class Kind(msgspec.Struct, frozen=True):
    """The settings of one kind of layer.

    A subclass says in `formula` how its MACs are counted, in `fusion` how it joins a step of the memory walk,
    and in `arguments` which tensors of a call it takes, where they can come by keyword.
    """

    formula: ClassVar[str] = "0"
    fusion: ClassVar[Fusion | None] = None
    absorbs_padding: ClassVar[bool] = False
    arguments: ClassVar[tuple[str, ...]] = ()
    registry: ClassVar[dict[str, type[Kind]]] = LAYERS
    package: ClassVar[str] = "keras"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("_"):
            cls.registry[cls.__name__] = cls

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        """The shape of what it puts out (a list: of each output), from the shapes that come in, batch first."""
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """Its variables, in the order in which Keras saves them."""
        return ()

    def cost(self, *inputs: Shape) -> Cost:
        """The arithmetic of one call on inputs of these shapes."""
        return NOTHING


def each(value: int | tuple[int, ...], rank: int, setting: str) -> tuple[int, ...]:
    """`value` along each of `rank` axes. Raises ShapeError where a tuple has another length."""
    if isinstance(value, tuple):
        if len(value) != rank:
            raise ShapeError(f"{setting} has {len(value)} entries ({value}), allowed: one int or {rank} of them")
        return value
    return (value,) * rank


def expect_rank(shape: Shape, rank: int) -> None:
    """Raises ShapeError unless `shape` (batch included) has `rank` dimensions."""
    if len(shape) != rank:
        raise ShapeError(f"its input has {len(shape) - 1} dimensions {shape[1:]}, allowed: {rank - 1}")


def axis_of(axis: int, rank: int) -> int:
    """`axis` counted from the front. Raises ShapeError where there is no such axis."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} does not exist in an input of {rank} dimensions (batch included)")
    return axis % rank
