"""Networks of KerasHub from their constructors, with sizes of a toy: no weights are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras_hub import models

SIDE = (32, 32, 3)
LENGTH = 8
SIZES = {"vocabulary_size": 50, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


def resnet(block_type: str, stem: tuple[int, ...] = (8,), **settings: Any) -> Any:
    return models.ResNetBackbone(
        input_conv_filters=list(stem),
        input_conv_kernel_sizes=[3] * len(stem),
        stackwise_num_filters=[64, 16],
        stackwise_num_blocks=[2, 1],
        stackwise_num_strides=[1, 2],
        block_type=block_type,
        image_shape=SIDE,
        **settings,
    )


def cspnet(block_type: str, stage_type: str, **settings: Any) -> Any:
    return models.CSPNetBackbone(
        stem_filters=8,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_depth=[1, 2],
        stackwise_strides=[1, 2],
        stackwise_num_filters=[8, 16],
        block_type=block_type,
        stage_type=stage_type,
        image_shape=SIDE,
        **settings,
    )


def densenet() -> Any:
    return models.DenseNetBackbone(stackwise_num_repeats=[2, 2], growth_rate=4, image_shape=SIDE)


def vgg() -> Any:
    return models.VGGBackbone(stackwise_num_repeats=[1, 2], stackwise_num_filters=[4, 8], image_shape=SIDE)


def xception() -> Any:
    return models.XceptionBackbone(
        stackwise_conv_filters=[[4, 8], [8, 8]], stackwise_pooling=[True, False], image_shape=SIDE
    )


def mobilenet() -> Any:
    return models.MobileNetBackbone(
        stackwise_expansion=[[16, 24], [32, 32]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[8, 8], [16, 16]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=24,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        last_layer_filter=24,
        squeeze_and_excite=0.5,
        image_shape=SIDE,
    )


def efficientnet() -> Any:
    return models.EfficientNetBackbone(
        stackwise_kernel_sizes=[3, 3],
        stackwise_num_repeats=[1, 2],
        stackwise_input_filters=[8, 8],
        stackwise_output_filters=[8, 16],
        stackwise_expansion_ratios=[1, 4],
        stackwise_squeeze_and_excite_ratios=[0.0, 0.25],
        stackwise_strides=[1, 2],
        stackwise_block_types=["fused", "unfused"],
        stackwise_width_coefficients=[1.0, 1.0],
        stackwise_depth_coefficients=[1.0, 1.0],
        stackwise_force_input_filters=[0, 0],
        stackwise_nores_option=[False, False],
        input_shape=SIDE,
    )


def mit() -> Any:
    return models.MiTBackbone(
        layerwise_depths=[1, 1],
        num_layers=2,
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[2, 1],
        max_drop_path_rate=0.1,
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
        hidden_dims=[8, 16],
        image_shape=SIDE,
    )


def segformer() -> Any:
    return models.SegFormerBackbone(image_encoder=mit(), projection_filters=8)


def deeplab() -> Any:
    return models.DeepLabV3Backbone(
        image_encoder=resnet("basic_block", stem=(64,)),
        spatial_pyramid_pooling_key="P3",
        upsampling_size=2,
        dilation_rates=[2, 3],
        low_level_feature_key="P2",
        projection_filters=8,
        image_shape=SIDE,
    )


def retinanet() -> Any:
    return models.RetinaNetBackbone(
        image_encoder=resnet("basic_block", stem=(64,)), min_level=2, max_level=3, use_p5=False
    )


def vit() -> Any:
    return models.ViTBackbone(image_shape=SIDE, patch_size=8, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16)


def bert() -> Any:
    return models.BertBackbone(**SIZES)


def gpt2() -> Any:
    return models.GPT2Backbone(**SIZES)


def distilbert() -> Any:
    return models.DistilBertBackbone(**SIZES)


def albert() -> Any:
    return models.AlbertBackbone(**SIZES, embedding_dim=4)


PLAIN: dict[str, Callable[[], Any]] = {
    "resnet_basic": lambda: resnet("basic_block", stem=(64,)),
    "resnet_bottleneck": lambda: resnet("bottleneck_block"),
    "resnet_v2": lambda: resnet("basic_block", stem=(64,), use_pre_activation=True),
    "resnet_vd": lambda: resnet("bottleneck_block_vd", stem=(8, 8, 64)),
    "cspnet_dark": lambda: cspnet("dark_block", "dark"),
    "cspnet": lambda: cspnet("bottleneck_block", "csp", expand_ratio=[2.0], bottle_ratio=[0.5]),
    "cspnet_cs3": lambda: cspnet("bottleneck_block", "cs3", block_ratio=[0.5]),
    "densenet": densenet,
    "vgg": vgg,
    "xception": xception,
}
"""Networks of Keras's own layers alone."""

ATTENTION = 2 * 64 * 16 * 8 + 2 * 16 * 16 * 16
"""QKᵀ and AV of the two layers of `mit`: 8·8 positions see 4·4, and 4·4 each other."""

BLOCKS: dict[str, tuple[Callable[[], Any], int]] = {
    "mobilenet": (mobilenet, 0),
    "efficientnet": (efficientnet, 0),
    "deeplab": (deeplab, 0),
    "retinanet": (retinanet, 0),
    "mit": (mit, ATTENTION),
    "segformer": (segformer, ATTENTION),
}
"""Networks with blocks of KerasHub's own, and the MACs in these outside of Keras's layers."""

TEXTS = ("token_ids", "padding_mask", "segment_ids")
SHAPES = {"retinanet": {"inputs": SIDE}, **dict.fromkeys(("gpt2", "distilbert"), dict.fromkeys(TEXTS[:2], (LENGTH,)))}
SHAPES |= dict.fromkeys(("bert", "albert"), dict.fromkeys(TEXTS, (LENGTH,)))
"""Shapes that a network does not tell."""


def encoder(length: int, width: int = 8, inner: int = 16) -> int:
    """MACs of a layer of a transformer: four projections, QKᵀ and AV, and two dense layers."""
    return length * 4 * width * width + 2 * length * length * width + length * 2 * width * inner


TRANSFORMERS: dict[str, tuple[Callable[[], Any], int]] = {
    "bert": (bert, 2 * encoder(LENGTH) + 8 * 8),  # and the dense layer on the first token
    "gpt2": (gpt2, 2 * encoder(LENGTH)),
    "distilbert": (distilbert, 2 * encoder(LENGTH)),
    "albert": (albert, 2 * encoder(LENGTH) + LENGTH * 4 * 8 + 8 * 8),  # and the embedding's projection
    "vit": (vit, 2 * encoder(17) + 8 * 8 * 3 * 8 * 4 * 4),  # 4·4 patches of 8·8·3, and the class token
}
"""How to build each, and its MACs."""
