"""Spectrograms of sound."""

from __future__ import annotations

from typing import Any, Literal

from convcost.cost import Cost
from convcost.layers.arithmetic import DataFormat, join, prod, split
from convcost.layers.base import Kind, Positive, expect_rank
from convcost.layers.convolution import Conv1D
from convcost.layers.dense import Dense
from convcost.model import Shape, Weight

SPECTRUM_FLOPS = {"real": 0, "imag": 0, "stft": 0, "angle": 1, "psd": 4, "magnitude": 5, "log": 7}
"""Per output element: squares, sum, maximum and root, maximum and logarithm."""


class STFTSpectrogram(Kind):
    """The discrete Fourier transform of every frame, as one or two convolutions with its cosines and sines."""

    formula = "frames · frame_length · frequencies · channels, for the real part and for the imaginary part"

    mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = "log"
    frame_length: Positive = 256
    frame_step: Positive | None = None
    fft_length: Positive | None = None
    window: Any = "hann"
    periodic: bool = False
    scaling: Literal["density", "spectrum"] | None = "density"
    padding: Literal["valid", "same"] = "valid"
    expand_dims: bool = False
    data_format: DataFormat | None = "channels_last"

    @property
    def frequencies(self) -> int:
        length = self.fft_length or 1 << (self.frame_length - 1).bit_length()
        return length // 2 + 1

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the transform that are computed."""
        return {"real": ("real",), "imag": ("imag",)}.get(self.mode, ("real", "imag"))

    @property
    def transform(self) -> Conv1D:
        """The convolution that gives one part of one channel's transform."""
        return Conv1D(
            filters=self.frequencies,
            kernel_size=self.frame_length,
            strides=self.frame_step or self.frame_length // 2,
            padding=self.padding,
            use_bias=False,
        )

    def signals(self, shape: Shape) -> Shape:
        """Every channel as a signal of its own."""
        expect_rank(shape, 3)
        batch, spatial, channels = split(shape, self.data_format or "channels_last")
        return (batch * channels, *spatial, 1)

    def output_shape(self, *inputs: Shape) -> Shape:
        layout = self.data_format or "channels_last"
        batch, _, channels = split(inputs[0], layout)
        _, frames, frequencies = self.transform.output_shape(self.signals(inputs[0]))
        frequencies *= 2 if self.mode == "stft" else 1
        if self.expand_dims:
            return join(batch, (frames, frequencies), channels, layout)
        return join(batch, (frames,), frequencies * channels, layout)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        (kernel,) = self.transform.weights(self.signals(inputs[0]))
        return tuple(Weight(f"{part}_kernel", kernel.shape) for part in self.parts)

    def cost(self, *inputs: Shape) -> Cost:
        transforms = self.transform.cost(self.signals(inputs[0])) * len(self.parts)
        flops = SPECTRUM_FLOPS[self.mode] * prod(self.output_shape(*inputs))
        return transforms + Cost(0, {"elementwise": flops} if flops else {})


class MelSpectrogram(Kind):
    """A fast Fourier transform of every frame (5·N·log₂N FLOPs), and a product of its power with a matrix of mels."""

    formula = "frames · (fft_length // 2 + 1) · num_mel_bins"

    fft_length: Positive = 2048
    sequence_stride: Positive = 512
    sequence_length: Positive | None = None
    window: Any = "hann"
    sampling_rate: int = 16000
    num_mel_bins: Positive = 128
    min_freq: float = 20.0
    max_freq: float | None = None
    power_to_db: bool = True
    top_db: float = 80.0
    mag_exp: float = 2.0
    min_power: float = 1e-10
    ref_power: float = 1.0

    @property
    def mels(self) -> Dense:
        return Dense(units=self.num_mel_bins, use_bias=False)

    def spectrum(self, shape: Shape) -> Shape:
        """Batch, frames and frequencies. The first frame is centred on the first sample.

        Where the length is one short of a multiple of the stride, Keras's own record has one frame too many.
        """
        frames = shape[-1] // self.sequence_stride + 1
        return (*shape[:-1], frames, self.fft_length // 2 + 1)

    def output_shape(self, *inputs: Shape) -> Shape:
        *batch, frames, mels = self.mels.output_shape(self.spectrum(inputs[0]))
        return (*batch, mels, frames)

    def cost(self, *inputs: Shape) -> Cost:
        spectrum = self.spectrum(inputs[0])
        transform = 5 * self.fft_length * (self.fft_length - 1).bit_length() * prod(spectrum[:-1])
        decibels = 5 * prod(self.output_shape(*inputs)) * self.power_to_db
        power = 5 * prod(spectrum)  # two squares, sum, root, power
        return self.mels.cost(spectrum) + Cost(0, {"elementwise": transform + power + decibels})
