"""Fourier transforms. They run as fast transforms, n · log₂ n, so they contract nothing and have no MACs.

FLOPs by the convention of FFTW (fftw.org/speed): 5 · n · log₂ n for a complex transform, half of it for a real one.
(A layer that writes the transform as a convolution, as STFTSpectrogram does, has MACs.)
"""

from __future__ import annotations

from typing import Any, ClassVar

from convcost.cost import Cost
from convcost.layers.arithmetic import conv_extent, prod
from convcost.layers.ops.base import BaseOp, define, elementwise
from convcost.layers.ops.sorting import levels
from convcost.model import Shape


def transforms(times: int, size: int, halves: int = 2) -> Cost:
    """So many transforms of `size`; `halves`: 2 for complex ones, 1 for real ones."""
    return Cost(0, {"fft": 5 * halves * times * size * levels(size) // 2})


class BaseTransform(BaseOp):
    """Of a complex tensor, given and put out as its real and its imaginary part, along the last axes."""

    formula = "0 (fft: 5·n·log₂ n FLOPs)"
    arguments = ("x",)
    axes: ClassVar[int]

    x: Any = None

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return self.operands(inputs)

    def cost(self, *inputs: Shape) -> Cost:
        shape = self.operands(inputs)[0]
        along = shape[-self.axes :]
        return transforms(prod(shape) // max(prod(along), 1), prod(along))


define(BaseTransform, axes={1: "FFT", 2: "FFT2 IFFT2"})


class RFFT(BaseOp):
    """Of a real tensor; half of the result, which is symmetric."""

    formula = "0 (fft: 2.5·n·log₂ n FLOPs)"

    fft_length: int | None = None

    def length(self, shape: Shape) -> int:
        return shape[-1] if self.fft_length is None else self.fft_length

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [(*inputs[0][:-1], self.length(inputs[0]) // 2 + 1)] * 2

    def cost(self, *inputs: Shape) -> Cost:
        return transforms(prod(inputs[0][:-1]), self.length(inputs[0]), halves=1)


class IRFFT(BaseOp):
    """The inverse, which is real."""

    formula = "0 (fft: 2.5·n·log₂ n FLOPs)"

    fft_length: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        length = 2 * (inputs[0][-1] - 1) if self.fft_length is None else self.fft_length
        return (*inputs[0][:-1], length)

    def cost(self, *inputs: Shape) -> Cost:
        *leading, length = self.output_shape(*inputs)
        return transforms(prod(leading), length, halves=1)


class BaseFramed(BaseOp):
    """Transforms of frames that overlap, each weighted by a window."""

    formula = "0 (fft: 2.5·n·log₂ n FLOPs a frame; elementwise: the window)"

    sequence_length: int
    sequence_stride: int
    fft_length: int
    center: bool = True

    @property
    def border(self) -> int:
        """What centring pads on each side."""
        return self.fft_length // 2 if self.center else 0

    def framed(self, times: int) -> Cost:
        return transforms(times, self.fft_length, halves=1) + elementwise(1, (times, self.fft_length))


class STFT(BaseFramed):
    def output_shape(self, *inputs: Shape) -> list[Shape]:
        *leading, size = inputs[0]
        frames = conv_extent(size + 2 * self.border, self.fft_length, self.sequence_stride, 1, "valid")
        return [(*leading, frames, self.fft_length // 2 + 1)] * 2

    def cost(self, *inputs: Shape) -> Cost:
        return self.framed(prod(self.output_shape(*inputs)[0][:-1]))


class ISTFT(BaseFramed):
    length: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        *leading, frames, _ = inputs[0]
        whole = (frames - 1) * self.sequence_stride + self.fft_length - 2 * self.border
        return (*leading, whole if self.length is None else self.length)

    def cost(self, *inputs: Shape) -> Cost:
        return self.framed(prod(inputs[0][:-1]))
