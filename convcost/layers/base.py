"""What every kind of layer is: a frozen record of Keras's own settings, with three laws over shapes.

Subclasses are kinds unless their name starts with `Base`: they register themselves under their class name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, dataclass_transform

import msgspec

from convcost.cost import NOTHING, Cost
from convcost.errors import ShapeError
from convcost.model import Fusion, OpenShape, Shape, Weight

Positive = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Extent = Positive | tuple[Positive, ...]
"""A size along each spatial axis; an int stands for all of them."""

LAYERS: dict[str, type[Kind]] = {}
"""Every kind of `keras.layers` by class name."""

OPS: dict[str, type[Kind]] = {}
"""Every tensor operation that a Functional graph can record, by class name."""

TENSORFLOW: dict[str, type[Kind]] = {}
"""Functions of TensorFlow that the graphs of Keras 2 record and `OPS` has no equal of."""

IGNORED = frozenset(
    {"name", "trainable", "dtype", "autocast", "activity_regularizer", "batch_input_shape", "input_shape", "seed"}
    | {"build_config", "synchronized", "renorm", "renorm_clipping", "renorm_momentum", "momentum", "epsilon"}
    | {"ragged", "sparse", "implementation", "weights", "bounding_box_format"}
    | {"quantization_config", "gptq_unpacked_column_size", "flash_attention", "use_cudnn"}
)
"""Settings of Keras that change neither shape nor cost. So do all that end in one of `IGNORED_ENDINGS`."""

IGNORED_ENDINGS = ("_initializer", "_regularizer", "_constraint")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class KindMeta(msgspec.StructMeta):
    """Makes every kind frozen, with settings by keyword. (mypy wants `kw_only=True` repeated where one is required.)"""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> KindMeta:
        return super().__new__(mcls, name, bases, namespace, **{"frozen": True, "kw_only": True, **options})


class Kind(msgspec.Struct, metaclass=KindMeta):
    """The settings of one kind of layer.

    A subclass says in `formula` how its MACs are counted, in `fusion` how it joins a step of the memory walk,
    and in `arguments` which tensors of a call it takes, where they can come by keyword. `inner` names the settings
    that hold layers themselves (a wrapper's `layer`): readers hand those over as `convcost.model.Layer`s.
    """

    formula: ClassVar[str] = "0"
    fusion: ClassVar[Fusion | None] = None
    absorbs_padding: ClassVar[bool] = False
    arguments: ClassVar[tuple[str, ...]] = ()
    inner: ClassVar[tuple[str, ...]] = ()
    registry: ClassVar[dict[str, type[Kind]]] = LAYERS
    package: ClassVar[str] = "keras"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("Base"):
            cls.registry[cls.__name__] = cls

    @classmethod
    def settled(cls, settings: dict[str, Any], recorded: list[OpenShape]) -> dict[str, Any]:
        """`settings` with what Keras took from the shapes that an operation read when the graph was made."""
        return settings

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
