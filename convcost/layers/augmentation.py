"""Layers that change images in training. At inference they pass their input on, but for the few that say otherwise."""

from __future__ import annotations

from typing import Any

from convcost.cost import Cost, total
from convcost.errors import ShapeError
from convcost.layers.arithmetic import DataFormat, prod
from convcost.layers.base import Kind, Positive
from convcost.layers.passing import BasePassing
from convcost.layers.reshaping import BaseResized
from convcost.layers.wrapping import rule_of, weights_of
from convcost.model import Layer, Shape, Weight

Factor = float | tuple[float, ...] | None
"""How strong the change is: a number, or a lower and an upper one."""


class BaseAugmentation(BasePassing):
    formula = "0 (training alone)"

    data_format: DataFormat | None = "channels_last"


class BaseRecoloring(BaseAugmentation):
    value_range: tuple[float, ...] = (0, 255)


class BaseWarping(BaseAugmentation):
    interpolation: str = "bilinear"
    fill_value: float = 0.0


class BaseMoving(BaseWarping):
    fill_mode: str = "reflect"


class RandomBrightness(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomContrast(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomHue(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomSaturation(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomSharpness(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomPosterization(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomColorDegeneration(BaseRecoloring, kw_only=True):
    factor: Factor


class RandomInvert(BaseRecoloring):
    factor: Factor = 1.0


class RandomGrayscale(BaseAugmentation):
    factor: Factor = 0.5


class RandomColorJitter(BaseRecoloring):
    brightness_factor: Factor = None
    contrast_factor: Factor = None
    saturation_factor: Factor = None
    hue_factor: Factor = None


class RandomErasing(BaseRecoloring):
    factor: Factor = 1.0
    scale: Factor = (0.02, 0.33)
    fill_value: float | None = None


class RandomGaussianBlur(BaseRecoloring):
    factor: Factor = 1.0
    kernel_size: int | tuple[int, ...] = 3
    sigma: Factor = 1.0


class Solarization(BaseRecoloring):
    addition_factor: Factor = 0.0
    threshold_factor: Factor = 0.0


class Equalization(BaseRecoloring):
    bins: Positive = 256


class RandomFlip(BaseAugmentation):
    mode: str = "horizontal_and_vertical"


class RandomRotation(BaseMoving, kw_only=True):
    factor: Factor


class RandomTranslation(BaseMoving, kw_only=True):
    height_factor: Factor
    width_factor: Factor


class RandomZoom(BaseMoving, kw_only=True):
    height_factor: Factor
    width_factor: Factor = None


class RandomShear(BaseMoving):
    x_factor: Factor = 0.0
    y_factor: Factor = 0.0


class RandomPerspective(BaseWarping):
    factor: Factor = 1.0
    scale: Factor = 1.0


class RandomElasticTransform(BaseMoving):
    factor: Factor = 1.0
    scale: Factor = 1.0
    value_range: tuple[float, ...] = (0, 255)


class CutMix(BaseAugmentation):
    factor: Factor = 1.0


class MixUp(BaseAugmentation):
    alpha: float = 0.2


class RandAugment(BaseRecoloring):
    num_ops: Positive = 2
    factor: Factor = 0.5
    interpolation: str = "bilinear"


class AugMix(BaseRecoloring):
    num_chains: Positive = 3
    chain_depth: Positive = 3
    factor: Factor = 0.3
    alpha: float = 1.0
    all_ops: bool = True
    interpolation: str = "bilinear"


class RandomCrop(BaseResized):
    """A place in the middle of the image at inference; it moves elements alone."""


class AutoContrast(Kind):
    """Each image stretched to the whole range, at inference too: minimum, maximum, x·a + b, and a clip."""

    formula = "0 (elementwise: 6 FLOPs an element)"

    value_range: tuple[float, ...] = (0, 255)
    data_format: DataFormat | None = "channels_last"

    def cost(self, *inputs: Shape) -> Cost:
        return Cost(0, {"elementwise": 6 * prod(inputs[0])})


class ContrastLimitedAdaptiveHistogramEqualization(Kind):
    """Each tile's histogram evened out, at inference too.

    Per element one count and seven FLOPs of interpolation between four tiles; per bin of a tile's histogram, of which
    there are 256, eight: clip, excess, sum, share, running sum, minimum, scale, clip.
    """

    formula = "0 (elementwise: 8 FLOPs an element and per bin of a tile)"

    value_range: tuple[float, ...] = (0, 255)
    clip_limit: float = 4.0
    tile_grid_size: tuple[Positive, Positive] = (8, 8)
    data_format: DataFormat | None = "channels_last"

    def cost(self, *inputs: Shape) -> Cost:
        batch, channels = inputs[0][0], inputs[0][1 if self.data_format == "channels_first" else -1]
        bins = 256 * prod(self.tile_grid_size) * batch * channels
        return Cost(0, {"elementwise": 8 * (prod(inputs[0]) + bins)})


class MaxNumBoundingBoxes(Kind):
    """Cuts or pads `bounding_boxes`, whose boxes and labels come first among the tensors of a batch by name."""

    max_number: Positive
    fill_value: int = -1
    data_format: DataFormat | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        if len(inputs) == 1:
            return inputs[0]
        boxes, labels, *rest = inputs
        if len(boxes) < 3 or len(labels) < 2:
            raise ShapeError(
                f"its boxes are {boxes[1:]} and their labels {labels[1:]}, allowed: (number, 4), (number,)"
            )
        return [(boxes[0], self.max_number, *boxes[2:]), (labels[0], self.max_number, *labels[2:]), *rest]


class Pipeline(Kind):
    """Layers one after another."""

    formula = "the sum of its layers'"
    inner = ("layers",)

    layers: tuple[Layer, ...]

    def _steps(self, shape: Shape) -> list[tuple[Layer, Shape]]:
        """Every layer with what goes in; last, none with what comes out."""
        steps: list[tuple[Any, Shape]] = []
        for layer in self.layers:
            put_out = rule_of(layer).output_shape(shape)
            if isinstance(put_out, list):
                raise ShapeError(f"its layer {layer.name!r} puts out {len(put_out)} tensors, allowed: one")
            steps.append((layer, shape))
            shape = put_out
        return [*steps, (None, shape)]

    def output_shape(self, *inputs: Shape) -> Shape:
        return self._steps(inputs[0])[-1][1]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return tuple(weight for layer, shape in self._steps(inputs[0])[:-1] for weight in weights_of(layer, shape))

    def cost(self, *inputs: Shape) -> Cost:
        return total(rule_of(layer).cost(shape) for layer, shape in self._steps(inputs[0])[:-1])
