"""Keras models as `.tflite` files, by TensorFlow's converter. It is imported only where it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def converted(model: Any, path: Path, *, float16: bool = False, int8: bool = False, sparse: bool = False) -> Path:
    """A Keras model as a `.tflite` file of batch 1, float32 unless told."""
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as frozen

    shapes = [(1, *one.shape[1:]) for one in model.inputs]
    call = tf.function(lambda *inputs: model(inputs if len(inputs) > 1 else inputs[0], training=False))
    traced = frozen(call.get_concrete_function(*[tf.TensorSpec(shape, tf.float32) for shape in shapes]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    if sparse:
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        draw = np.random.default_rng(0)
        converter.representative_dataset = lambda: (
            [draw.random(shape, dtype=np.float32) for shape in shapes] for _ in range(4)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())
    return path


def block(keras: Any) -> Any:
    """Most of what a small network has: strides, groups, a branch, padding, squeeze and excitation, a dense head."""
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    stem = layers.Conv2D(8, 3, strides=2, use_bias=False)(layers.ZeroPadding2D(((0, 1), (0, 1)))(image))
    stem = layers.ReLU(max_value=6)(layers.BatchNormalization()(stem))
    deep = layers.DepthwiseConv2D((3, 5), padding="same", depth_multiplier=2)(stem)
    deep = layers.Conv2D(16, 3, groups=4, padding="same", activation="silu")(deep)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(deep)
    gate = layers.Conv2D(16, 1, activation="sigmoid")(gate)
    deep = layers.Add()([layers.Conv2D(16, 1, dilation_rate=1)(stem), layers.Multiply()([deep, gate])])
    deep = layers.MaxPooling2D()(layers.Conv2D(8, 3, dilation_rate=2, padding="same")(deep))
    deep = layers.Concatenate()([deep, layers.AveragePooling2D(3, 1, padding="same")(deep)])
    deep = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(deep)
    out = layers.Dense(10, activation="softmax")(layers.Flatten()(deep))
    return keras.Model(image, out)
