"""What a policy file may hold. The records validate it, and write its JSON Schema: `convcost schema budget`."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from convcost.budget import quantities
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.readers.located import Written, decode
from convcost.units import extents

VERSION = 1


class Quantity(int, Written):
    """A number with a unit."""


class Count(Quantity):
    schema: ClassVar[dict[str, Any]] = {
        "description": f"A count: {quantities.COUNT_WORDS}.",
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9][0-9_.]* *[kMGT]?$"}],
    }

    @classmethod
    def decoded(cls, written: Any) -> Count:
        return cls(quantities.count(written))


class Size(Quantity):
    schema: ClassVar[dict[str, Any]] = {
        "description": f"Bytes: {quantities.BYTES_WORDS}.",
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": r"^([0-9_]+|[0-9][0-9_.]* *(B|[kMGT]B|[KMGT]iB))$"},
        ],
    }

    @classmethod
    def decoded(cls, written: Any) -> Size:
        return cls(quantities.size(written))


class Percent(Fraction, Written):
    schema: ClassVar[dict[str, Any]] = {
        "description": "A percentage such as 2%.",
        "type": "string",
        "pattern": r"^[0-9][0-9_.]* *%$",
    }

    @classmethod
    def decoded(cls, written: Any) -> Percent:
        return cls(quantities.percentage(written))


Q = TypeVar("Q")


class Allowance(msgspec.Struct, Generic[Q], frozen=True, forbid_unknown_fields=True):
    """The long form of max_increase: growth fails only where both allowances are exceeded."""

    relative: Percent | UnsetType = UNSET
    absolute: Q | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.relative is UNSET and self.absolute is UNSET:
            raise ValueError("is empty, allowed: relative, absolute")


class Increase(Written):
    """`2%`, `64 KiB`, or {relative: 2%, absolute: 64 KiB}."""

    quantity: type[Quantity]

    def __init__(self, relative: Fraction | None, absolute: int | None) -> None:
        self.relative, self.absolute = relative, absolute

    @classmethod
    def decoded(cls, written: Any) -> Increase:
        if isinstance(written, dict):
            both = msgspec.convert(written, cls.mapping, dec_hook=decode)
            return cls(*(None if part is UNSET else part for part in (both.relative, both.absolute)))
        if isinstance(written, str) and written.rstrip().endswith("%"):
            return cls(quantities.percentage(written), None)
        absolute = cls.quantity.decoded(written)
        if absolute and str(written).replace(".", "").isdecimal():
            raise ValueError(
                f"is {written}, allowed: a percentage with its sign ({written}%), or {{absolute: {written}}}"
            )
        return cls(None, absolute)


def _increase(quantity: type[Quantity]) -> dict[str, Any]:
    long = {"relative": Percent.schema, "absolute": quantity.schema}
    return {
        "description": "The growth that is allowed over the base: 2%, or {relative: 2%, absolute: 1k}.",
        "anyOf": [
            Percent.schema,
            quantity.schema,
            {"type": "object", "properties": long, "additionalProperties": False, "minProperties": 1},
        ],
    }


class CountIncrease(Increase):
    quantity = Count
    mapping = Allowance[Count]
    schema: ClassVar[dict[str, Any]] = _increase(Count)


class SizeIncrease(Increase):
    quantity = Size
    mapping = Allowance[Size]
    schema: ClassVar[dict[str, Any]] = _increase(Size)


class InputShape(Written):
    """`224x224x3`, [224, 224, 3], or shapes by the inputs' names."""

    schema: ClassVar[dict[str, Any]] = {
        "description": "Shape of the input without the batch: 224x224x3, or shapes by the inputs' names.",
        "anyOf": [
            {"type": "string", "pattern": "^[0-9]+([x×][0-9]+)*$"},
            {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
            {"type": "object", "additionalProperties": {"type": ["string", "array"]}, "minProperties": 1},
        ],
    }

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes

    @classmethod
    def decoded(cls, written: Any) -> InputShape:
        if isinstance(written, dict) and written:
            return cls({name: _sizes(shape, f".{name} ") for name, shape in written.items()})
        return cls({"": _sizes(written)})


def _sizes(written: Any, name: str = "") -> tuple[int, ...]:
    text = "x".join(map(str, written)) if isinstance(written, list) else str(written)
    sizes = extents(text)
    if sizes is None:
        raise ValueError(f"{name}is {text[:60]!r}, allowed: sizes such as 224x224x3, each 1 or more")
    return sizes


class Limits(msgspec.Struct, Generic[Q], frozen=True, forbid_unknown_fields=True):
    """What each matching layer may cost (`max`, `warn`), and what all of them together may (`max_sum`)."""

    max: Q | UnsetType = UNSET
    warn: Q | UnsetType = UNSET
    max_sum: Q | UnsetType = UNSET

    def __post_init__(self) -> None:
        _sensible(self, self.max, self.warn)


class CountBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max: Count | UnsetType = UNSET
    warn: Count | UnsetType = UNSET
    max_increase: CountIncrease | UnsetType = UNSET

    def __post_init__(self) -> None:
        _sensible(self, self.max, self.warn)


class SizeBudget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max: Size | UnsetType = UNSET
    warn: Size | UnsetType = UNSET
    max_increase: SizeIncrease | UnsetType = UNSET

    def __post_init__(self) -> None:
        _sensible(self, self.max, self.warn)


def _sensible(limits: msgspec.Struct, most: Any, warn: Any) -> None:
    """Raises ValueError where nothing is limited, or a warning could never come."""
    names = [field.name for field in msgspec.structs.fields(limits)]
    if all(getattr(limits, name) is UNSET for name in names):
        raise ValueError(f"limits nothing, allowed: {', '.join(names)}")
    if most is not UNSET and warn is not UNSET and warn > most:
        raise ValueError(f"warns at {warn:,}, above its max of {most:,}: a warning would never come")


Budget = msgspec.defstruct(
    "Budget",
    [
        (name, (CountBudget if metric.unit == "count" else SizeBudget) | UnsetType, UNSET)
        for name, metric in OF_MODEL.items()
    ],
    frozen=True,
    forbid_unknown_fields=True,
)


class OfKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str


LayerRule = msgspec.defstruct(
    "LayerRule",
    [
        (
            "match",
            Annotated[str | OfKind, Meta(description='a glob over paths such as "block*/conv*", or {kind: Dense}')],
        ),
        *(
            (name, Limits[Count if metric.unit == "count" else Size] | UnsetType, UNSET)  # type: ignore[misc]
            for name, metric in OF_LAYER.items()
        ),
    ],
    frozen=True,
    forbid_unknown_fields=True,
)

Samples = Annotated[int, Meta(ge=1, description="samples at a time, an integer of 1 or more")]
Named = Annotated[str, Meta(min_length=1, description="a text that is not empty")]
Path = Annotated[str, Meta(min_length=1, description="a path, relative to this file, or a glob such as zoo/*.yaml")]


class ModelRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model, how it is measured, and what it may cost."""

    source: Path
    input_shape: InputShape | UnsetType = UNSET
    set: Annotated[
        dict[str, str | int | float | bool | None] | UnsetType,
        Meta(description="parameters of a spec by name, each a number or a text"),
    ] = UNSET
    batch: Samples | UnsetType = UNSET
    message: Annotated[str, Meta(description="a text for whoever breaks the budget")] = ""
    budget: Budget | UnsetType = UNSET  # type: ignore[valid-type]
    layers: Annotated[list[LayerRule], Meta(description="a list of rules for layers")] = []  # type: ignore[valid-type]
    allow_uncounted: Annotated[list[Named], Meta(description="a list of globs over layer paths")] = []


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    batch: Samples = 1


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy file."""

    version: Annotated[Literal[1], Meta(description="1, the version of the format")]
    models: Annotated[dict[Named, ModelRecord], Meta(min_length=1, description="a mapping of models by name")]
    defaults: Defaults = Defaults()


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of a policy file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "convcost policy",
        **msgspec.json.schema(Policy, schema_hook=_schema_of),
    }


def _schema_of(kind: Any) -> dict[str, Any]:
    schema: dict[str, Any] = kind.schema
    return schema
