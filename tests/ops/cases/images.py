"""Operations on images."""

import numpy as np
from keras import ops

from .case import Case

FIRST = {"data_format": "channels_first"}
image = ops.image


CASES = [
    Case(image.rgb_to_grayscale, (6, 5, 3), macs=3 * 6 * 5),
    Case(lambda x: image.rgb_to_grayscale(x, **FIRST), (3, 6, 5), macs=3 * 6 * 5),
    Case(lambda x: image.rgb_to_grayscale(x[0]), (6, 5, 3), macs=3 * 6 * 5),
    Case(image.rgb_to_grayscale, (6, 5, 1)),
    Case(image.rgb_to_hsv, (6, 5, 3)),
    Case(image.hsv_to_rgb, (6, 5, 3)),
    Case(lambda x: image.resize(x, (12, 7)), (6, 5, 3)),
    Case(lambda x: image.resize(x, (12, 7), interpolation="nearest", **FIRST), (3, 6, 5)),
    Case(lambda x: image.resize(x[0], (3, 4), interpolation="bicubic"), (6, 5, 3)),
    Case(lambda x: image.affine_transform(x, np.ones((1, 8), "float32")), (6, 5, 3)),
    Case(image.affine_transform, (6, 5, 3), (8,)),
    Case(
        lambda x, s: image.perspective_transform(x, s, s + 1.0),
        (6, 5, 3),
        (4, 2),
        data=lambda shape: np.arange(np.prod(shape)).reshape(shape) ** 2,
    ),
    Case(lambda x, c: image.map_coordinates(x, c[0], order=1), (6, 5), (3, 7, 2)),
    Case(lambda x: image.map_coordinates(x[0], np.ones((2, 7, 4), "float32"), order=0), (6, 5)),
    Case(lambda x: image.extract_patches(x, 2), (6, 5, 3), trace=12 * 12 * 3 * 2),
    Case(
        lambda x: image.extract_patches(x, (3, 2), strides=(1, 2), padding="same"),
        (6, 5, 3),
        trace=18 * 18 * 6 * 3,
    ),
    Case(
        lambda x: image.extract_patches(x[0], (3, 2), dilation_rate=2, strides=1),
        (6, 5, 3),
        trace=18 * 18 * 2 * 3,
    ),
    Case(lambda x: image.pad_images(x, 1, 2, 3, 4), (6, 5, 3)),
    Case(lambda x: image.pad_images(x, 1, 2, target_height=9, target_width=9), (6, 5, 3)),
    Case(lambda x: image.crop_images(x, 1, 2, 2, 1), (6, 5, 3)),
    Case(lambda x: image.crop_images(x, 1, 2, target_height=3, target_width=2, **FIRST), (3, 6, 5)),
    Case(
        lambda x: image.gaussian_blur(x, kernel_size=(3, 5)),
        (6, 7, 3),
        macs=3 * 5 * 3 * 6 * 7,
        trace=3 * 5 * 3 * 6 * 7 + 3 * 5,
    ),
    Case(
        lambda x: image.gaussian_blur(x[0]),
        (6, 7, 3),
        macs=3 * 3 * 3 * 6 * 7,
        trace=3 * 3 * 3 * 6 * 7 + 3 * 3,
    ),
    Case(
        lambda x: image.elastic_transform(x, sigma=1.0),
        (6, 7, 3),
        macs=2 * 7 * 7 * 6 * 7,
        trace=2 * (7 * 7 * 6 * 7 + 7 * 7),
    ),
    Case(
        lambda x: image.scale_and_translate(
            x, (1, 4, 3, 3), np.ones(2, "float32"), np.zeros(2, "float32"), (1, 2), "linear"
        ),
        (6, 7, 3),
        trace=3 * 7 * (6 * 4) + 3 * 4 * (7 * 3),
    ),
    Case(image.sobel_edges, (6, 7, 3), macs=2 * 9 * 6 * 7 * 3),
    Case(lambda x, y: image.ssim(x, y, max_val=1.0, filter_size=5), (9, 8, 3), (9, 8, 3), macs=5 * 25 * 5 * 4 * 3),
]
