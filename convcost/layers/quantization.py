"""Quantized weights: what Keras keeps in the place of a kernel where a layer's dtype policy names a quantization mode.

A kind that can be quantized has Keras's setting `dtype` and asks `quantization_of` what it means. MACs stay what the
layer defines; scales, zero points and group indices are weights, none of them trained but those of float8.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from convcost.layers.arithmetic import ceil_div
from convcost.model import Shape, Weight

Mode = Literal["int8", "int4", "float8", "gptq", "awq"]
MODES: dict[str, Mode] = {"int8": "int8", "int4": "int4", "float8": "float8", "gptq": "gptq", "awq": "awq"}

GRADIENT_SCALES = ("inputs", "kernel", "outputs_grad")
"""What float8 keeps a scale and a history of maxima for (arXiv 2209.05433)."""


class Quantization(msgspec.Struct, frozen=True):
    """A mode with its parameters. `group` values share a scale; -1: all of a column."""

    mode: Mode
    group: int = -1
    bits: int = 4
    history: int = 1024

    def groups(self, rows: int) -> int:
        """How many groups share so many values of a column."""
        return ceil_div(rows, self.group) if self.group > 0 else 1


def quantization_of(dtype: Any) -> Quantization | None:
    """What a dtype policy says of quantization: "int8_from_float32", "int4/128_from_float32", "gptq/4/128_from_…",
    or its serialized record; None where it says nothing.
    """
    config = dtype.get("config") if isinstance(dtype, dict) else None
    told = config.get("mode") if isinstance(config, dict) else dtype
    name, *numbers = str(told).partition("_from_")[0].split("/")
    if name not in MODES or not all(number.lstrip("-").isdecimal() for number in numbers):
        return None
    values = [int(number) for number in numbers]
    history = config.get("amax_history_length") if isinstance(config, dict) else None
    return Quantization(
        MODES[name],
        group=values[-1] if values else -1,
        bits=values[0] if len(values) > 1 else 4,
        history=history if isinstance(history, int) and history > 0 else 1024,
    )


def has_integers(dtype: Any) -> bool:
    """Whether a policy keeps a kernel as integers."""
    how = quantization_of(dtype)
    return how is not None and how.mode != "float8"


def quantized_weights(
    how: Quantization, kernel: Weight, bias: tuple[Weight, ...], rows: int, columns: int, scale: Shape
) -> tuple[Weight, ...]:
    """What is kept for a kernel, a matrix of `rows` inputs and `columns` outputs, in the order in which Keras saves it.

    `scale`: the shape of the scales of int8, one for every output.
    """
    if how.mode == "float8":
        return (kernel, *bias, *_scales_with_history(how.history))
    if how.mode == "int8":
        integers = Weight("kernel", kernel.shape, trainable=False, dtype="int8")
        return (integers, *bias, Weight("kernel_scale", scale, trainable=False))
    groups = how.groups(rows)
    index = Weight("g_idx", (rows,), trainable=False, dtype="float32")
    if how.mode == "int4":
        packed = Weight("kernel", (rows, ceil_div(columns, 2)), trainable=False, dtype="int8")
        return (packed, *bias, *scales_of_groups("kernel", how, (columns,), (groups, columns), index))
    stored = ceil_div(columns, 2) if how.bits == 4 else columns
    return (
        *bias,
        Weight("kernel", (stored, rows), trainable=False, dtype="uint8"),
        Weight("kernel_scale", (columns, groups), trainable=False),
        Weight("kernel_zero", (columns, groups), trainable=False, dtype="uint8"),
        *((Weight("awq_scales", (rows,), trainable=False),) if how.mode == "awq" else ()),
        index,
    )


def scales_of_groups(
    name: str, how: Quantization, whole: Shape, grouped: Shape, index: Weight | None, zero: str | None = "int8"
) -> tuple[Weight, ...]:
    """The scales of int4: one for every output (`whole`), or with a zero point for every group (`grouped`)."""
    if how.group < 1:
        return (Weight(f"{name}_scale", whole, trainable=False),)
    return (
        Weight(f"{name}_scale", grouped, trainable=False),
        Weight(f"{name}_zero", grouped, trainable=False, dtype=zero),
        *((index,) if index is not None else ()),
    )


def _scales_with_history(history: int) -> tuple[Weight, ...]:
    return tuple(
        Weight(f"{name}_{kind}", shape, dtype="float32")
        for name in GRADIENT_SCALES
        for kind, shape in (("scale", ()), ("amax_history", (history,)))
    )
