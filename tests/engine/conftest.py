"""What the tests of the engine share: a folder that modules are imported from, and the layers that lie in it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import keras
import pytest

BLOCKS = '''
"""Layers and models that no rule knows."""

import keras


@keras.saving.register_keras_serializable("mine")
class Scale(keras.layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), name="factor")

    def call(self, values):
        return values * self.factor


@keras.saving.register_keras_serializable("mine")
class Block(keras.layers.Layer):
    """Two convolutions and a scale, and a product of its own with a weight that is not trained."""

    def __init__(self, filters=4, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.first = keras.layers.Conv2D(filters, 3, padding="same", name="first")
        self.second = keras.layers.Conv2D(filters, 1, name="second")
        self.scale = Scale(name="scale")

    def build(self, shape):
        inner = (*shape[:-1], self.filters)
        self.mixer = self.add_weight(shape=(self.filters, self.filters), name="mixer", trainable=False)
        self.first.build(shape)
        self.second.build(inner)
        self.scale.build(inner)

    def call(self, values):
        values = self.scale(self.second(self.first(values)))
        return keras.ops.matmul(values, self.mixer) + values

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable("mine")
class Net(keras.Model):
    """A block, the mean of its positions, and a dense layer; a second dense layer is never called."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.block = Block(name="block")
        self.head = keras.layers.Dense(3, name="head")
        self.spare = keras.layers.Dense(9, name="spare")

    def build(self, shape):
        self.block.build(shape)
        self.head.build((shape[0], 4))
        self.spare.build((None, 2))
        self.built = True

    def call(self, values):
        print("a model that talks")
        return self.head(keras.ops.mean(self.block(values), (1, 2)))


def build_model():
    return Net(name="net")


def build_functional():
    values = keras.Input((8, 8, 3), name="image")
    return keras.Model(values, keras.layers.Flatten(name="flat")(Block(name="block")(values)), name="functional")


def broken():
    raise RuntimeError("out of neurons\\nand of lines")


not_a_model = dict
'''

FIRST, SECOND = 8 * 8 * 3 * 3 * 3 * 4, 8 * 8 * 4 * 4
MIXER, HEAD = 8 * 8 * 4 * 4, 4 * 3
"""MACs of what `Block` and `Net` multiply on 8×8×3."""

BLOCK_PARAMS = (3 * 3 * 3 * 4 + 4) + (4 * 4 + 4) + 4 + 4 * 4
SPARE_PARAMS = 2 * 9 + 9


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, with a module `my_blocks` in it that is not yet imported.

    Python started with -m looks into the current directory by itself; the program `convcost` does not.
    """
    (tmp_path / "my_blocks.py").write_text(BLOCKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder])
    yield tmp_path
    _forget()


@pytest.fixture
def saved(here: Path) -> Path:
    """The same with `net.keras` and `functional.keras` in it, whose classes are unknown again."""
    sys.path.insert(0, str(here))
    import my_blocks

    net = my_blocks.build_model()
    with redirect_stdout(io.StringIO()):
        net(keras.ops.ones((1, 8, 8, 3)))
    net.save(here / "net.keras")
    my_blocks.build_functional().save(here / "functional.keras")
    sys.path.remove(str(here))
    _forget()
    return here


def _forget() -> None:
    """Undo the import of `my_blocks`, and what it registered."""
    sys.modules.pop("my_blocks", None)
    custom = keras.saving.get_custom_objects()
    for name in [name for name in custom if name.startswith("mine>")]:
        del custom[name]
