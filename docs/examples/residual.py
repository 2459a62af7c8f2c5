"""A network of one's own: a subclassed model with a block that no rule knows. docs/verify.md counts it."""

import keras


class Residual(keras.layers.Layer):
    """Two convolutions around a sum, and a gate that weighs the channels by a product of its own."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.first = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name="first")
        self.second = keras.layers.Conv2D(filters, 3, padding="same", name="second")
        self.gate = self.add_weight(shape=(filters, filters), name="gate")

    def call(self, values):
        result = self.second(self.first(values))
        weights = keras.ops.sigmoid(keras.ops.matmul(keras.ops.mean(result, (1, 2), keepdims=True), self.gate))
        return values + result * weights


class Network(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stem = keras.layers.Conv2D(32, 3, strides=2, padding="same", name="stem")
        self.blocks = [Residual(32, name=f"block{number}") for number in (1, 2)]
        self.pool = keras.layers.GlobalAveragePooling2D(name="pool")
        self.head = keras.layers.Dense(10, name="head")

    def call(self, values):
        values = self.stem(values)
        for block in self.blocks:
            values = block(values)
        return self.head(self.pool(values))


def build_model():
    return Network(name="residual")
