"""Pooling: one FLOP for each element that enters a window, never a MAC."""

from __future__ import annotations

from typing import ClassVar, Literal

from convcost.cost import Cost
from convcost.layers.arithmetic import DataFormat, conv_extent, join, prod, split
from convcost.layers.base import Extent, Kind, each, expect_rank
from convcost.model import Shape


class BasePooling(Kind, kw_only=True):
    formula = "0 (pooling: prod(pool_size) FLOPs per output element)"
    absorbs_padding = True
    rank: ClassVar[int]

    pool_size: Extent
    strides: Extent | None = None
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], self.rank + 2)
        layout = self.data_format or "channels_last"
        batch, spatial, channels = split(inputs[0], layout)
        pool = each(self.pool_size, self.rank, "pool_size")
        strides = pool if self.strides is None else each(self.strides, self.rank, "strides")
        extents = tuple(
            conv_extent(size, window, stride, 1, self.padding)
            for size, window, stride in zip(spatial, pool, strides, strict=True)
        )
        return join(batch, extents, channels, layout)

    def cost(self, *inputs: Shape) -> Cost:
        window = prod(each(self.pool_size, self.rank, "pool_size"))
        return Cost(0, {"pooling": window * prod(self.output_shape(*inputs))})


class BaseMaxPooling(BasePooling):
    pool_size: Extent = 2


class MaxPooling1D(BaseMaxPooling):
    rank = 1


class MaxPooling2D(BaseMaxPooling):
    rank = 2


class MaxPooling3D(BaseMaxPooling):
    rank = 3


class AveragePooling1D(BasePooling):
    rank = 1


class AveragePooling2D(BasePooling):
    rank = 2


class AveragePooling3D(BasePooling):
    rank = 3


class BaseGlobalPooling(Kind):
    formula = "0 (pooling: 1 FLOP per input element)"
    rank: ClassVar[int]

    data_format: DataFormat | None = "channels_last"
    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], self.rank + 2)
        layout = self.data_format or "channels_last"
        batch, _, channels = split(inputs[0], layout)
        return join(batch, (1,) * self.rank if self.keepdims else (), channels, layout)

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"pooling": prod(inputs[0])})


class GlobalMaxPooling1D(BaseGlobalPooling):
    rank = 1


class GlobalMaxPooling2D(BaseGlobalPooling):
    rank = 2


class GlobalMaxPooling3D(BaseGlobalPooling):
    rank = 3


class GlobalAveragePooling1D(BaseGlobalPooling):
    rank = 1


class GlobalAveragePooling2D(BaseGlobalPooling):
    rank = 2


class GlobalAveragePooling3D(BaseGlobalPooling):
    rank = 3


class BaseAdaptivePooling(Kind):
    """Pools to a given output size; every input element enters about one window."""

    formula = "0 (pooling: 1 FLOP per input element)"
    rank: ClassVar[int]

    output_size: Extent
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        expect_rank(inputs[0], self.rank + 2)
        layout = self.data_format or "channels_last"
        batch, _, channels = split(inputs[0], layout)
        return join(batch, each(self.output_size, self.rank, "output_size"), channels, layout)

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"pooling": prod(inputs[0])})


class AdaptiveMaxPooling1D(BaseAdaptivePooling):
    rank = 1


class AdaptiveMaxPooling2D(BaseAdaptivePooling):
    rank = 2


class AdaptiveMaxPooling3D(BaseAdaptivePooling):
    rank = 3


class AdaptiveAveragePooling1D(BaseAdaptivePooling):
    rank = 1


class AdaptiveAveragePooling2D(BaseAdaptivePooling):
    rank = 2


class AdaptiveAveragePooling3D(BaseAdaptivePooling):
    rank = 3
