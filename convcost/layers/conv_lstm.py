"""LSTMs whose products are convolutions (arXiv 1506.04214), in one to three dimensions."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from convcost.cost import Cost
from convcost.layers.activations import Function
from convcost.layers.arithmetic import DataFormat
from convcost.layers.base import Extent, Kind, Positive
from convcost.layers.convolution import BaseConv, Conv1D, Conv2D, Conv3D
from convcost.layers.recurrent import BaseWithCell, lstm_gate_cost
from convcost.model import Shape, Weight


class BaseConvLSTMCell(Kind):
    """One step: the input's convolution carries strides, padding, dilation and bias; the state's keeps its size."""

    conv_kind: ClassVar[type[BaseConv]]

    filters: Positive
    kernel_size: Extent
    strides: Extent = 1
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat | None = "channels_last"
    dilation_rate: Extent = 1
    activation: Function = "tanh"
    recurrent_activation: Function = "sigmoid"
    use_bias: bool = True

    def conv(self, filters: int, **settings: Any) -> BaseConv:
        return self.conv_kind(filters=filters, kernel_size=self.kernel_size, data_format=self.data_format, **settings)

    def projection(self, filters: int) -> BaseConv:
        return self.conv(
            filters,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            use_bias=self.use_bias,
        )

    @property
    def recurrence(self) -> BaseConv:
        return self.conv(4 * self.filters, padding="same", use_bias=False)

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [self.projection(self.filters).output_shape(inputs[0])] * 3

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel, *bias = self.projection(4 * self.filters).weights(inputs[0])
        (recurrent,) = self.recurrence.weights(self.output_shape(*inputs)[0])
        return (kernel, Weight("recurrent_kernel", recurrent.shape), *bias)

    def cost(self, *inputs: Shape) -> Cost:
        state = self.output_shape(*inputs)[0]
        products = self.projection(4 * self.filters).cost(inputs[0]) + self.recurrence.cost(state)
        return products + lstm_gate_cost(self.activation, self.recurrent_activation, state)


class BaseConvLSTM(BaseWithCell, kw_only=True):
    formula = "steps · (convolution of the input + convolution of the state), each with 4·filters"

    filters: Positive
    kernel_size: Extent
    strides: Extent = 1
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat | None = "channels_last"
    dilation_rate: Extent = 1
    activation: Function = "tanh"
    recurrent_activation: Function = "sigmoid"
    use_bias: bool = True
    unit_forget_bias: bool = True
    dropout: float = 0.0
    recurrent_dropout: float = 0.0


class BaseConvLSTMCell1D(BaseConvLSTMCell):
    conv_kind = Conv1D


class BaseConvLSTMCell2D(BaseConvLSTMCell):
    conv_kind = Conv2D


class BaseConvLSTMCell3D(BaseConvLSTMCell):
    conv_kind = Conv3D


class ConvLSTM1D(BaseConvLSTM):
    cell_kind = BaseConvLSTMCell1D


class ConvLSTM2D(BaseConvLSTM):
    cell_kind = BaseConvLSTMCell2D


class ConvLSTM3D(BaseConvLSTM):
    cell_kind = BaseConvLSTMCell3D
