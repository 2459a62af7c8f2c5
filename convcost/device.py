"""What a device can do, figure by figure, each with where it comes from. `convcost.roofline` estimates with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

VERSION = 1
"""Of the YAML files that hold profiles."""

ORIGINS = ("vendor", "derived", "published", "measured")
"""Said by who makes it; computed from that (clock · lanes); measured by others, in print; measured here."""

KINDS = ("convolution", "pointwise", "depthwise", "dense")
"""The kinds of arithmetic that may have figures of their own."""

LAW_KINDS = (*KINDS, "large_depthwise", "pooling", "merge", "activation", "all")
"""The kinds of operations that may have a measured law. `large_depthwise`: a window of more than 25 taps, for which
XNNPACK has no kernel; `merge`: elementwise arithmetic on two tensors; `all`: what is of no other kind."""

Value = Annotated[float, msgspec.Meta(ge=0, le=1e18, description="a number from 0 to 1e18")]
Origin = Annotated[
    Literal["vendor", "derived", "published", "measured"], msgspec.Meta(description="one of " + ", ".join(ORIGINS))
]
Text = Annotated[str, msgspec.Meta(min_length=1, description="a text")]
Date = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="a date such as 2026-11-24")]


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number, whose it is, and where it is written."""

    value: Value
    origin: Origin
    source: Text


class ByKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A figure for all arithmetic, and others for kinds of which a source tells more."""

    all: Figure
    convolution: Figure | None = None
    pointwise: Figure | None = None
    depthwise: Figure | None = None
    dense: Figure | None = None

    def of(self, kind: str) -> Figure:
        """The figure of a kind, else that of all."""
        own: Figure | None = getattr(self, kind, None)
        return own or self.all

    @property
    def figures(self) -> dict[str, Figure]:
        """What there is, by kind, `all` first."""
        given = {kind: getattr(self, kind) for kind in ("all", *KINDS)}
        return {kind: figure for kind, figure in given.items() if figure is not None}


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operation of a kind takes, fitted to measurements: the sum of its terms; one that is not there is 0.

    Bytes that are read are those of inputs and weights; what is written is the output.
    """

    seconds_per_call: Figure | None = None
    macs_per_second: Figure | None = None
    bytes_read_per_second: Figure | None = None
    bytes_written_per_second: Figure | None = None

    @property
    def figures(self) -> dict[str, Figure]:
        """What there is, by term."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: figure for name, figure in given.items() if figure is not None}


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A profile of a device.

    `macs_per_second`: the compute ceiling by dtype; one MAC is two FLOPs. `bytes_per_second`: to and from the memory
    that holds activations and weights; None where nobody tells. `weight_bytes_per_second`: from the memory that holds
    the weights, where that is another one. `seconds_per_call`: what running a layer takes beside its work.
    `laws`: of a machine that was measured, by dtype and kind of operation; they stand in for the roofline.
    """

    name: Text
    title: Text
    date: Date
    macs_per_second: dict[str, ByKind]
    bytes_per_second: ByKind | None = None
    weight_bytes_per_second: ByKind | None = None
    seconds_per_call: ByKind | None = None
    laws: dict[str, dict[str, Law]] = {}
    notes: str = ""

    def law(self, dtype: str, kind: str, macs: int = 0) -> Law | None:
        """The law of a kind of operation, or of the nearest kind; None where the device has none.

        Products of tensors, which are MACs of no kind, run as pointwise convolutions do.
        """
        laws = self.laws.get(dtype, {})
        if macs:
            return laws.get({"all": "pointwise"}.get(kind, kind)) or laws.get(
                {"large_depthwise": "depthwise"}.get(kind, "")
            )
        return laws.get(kind) or laws.get("all")

    @property
    def dtypes(self) -> tuple[str, ...]:
        return tuple(self.macs_per_second)

    @property
    def figures(self) -> Mapping[str, Figure]:
        """Every figure by its key in the file: `macs_per_second.int8.all`."""
        groups: dict[str, ByKind | Law] = {
            f"macs_per_second.{dtype}": ceilings for dtype, ceilings in self.macs_per_second.items()
        }
        for key in ("bytes_per_second", "weight_bytes_per_second", "seconds_per_call"):
            if (group := getattr(self, key)) is not None:
                groups[key] = group
        for dtype, laws in self.laws.items():
            groups |= {f"laws.{dtype}.{kind}": law for kind, law in laws.items()}
        return {f"{key}.{kind}": figure for key, group in groups.items() for kind, figure in group.figures.items()}
