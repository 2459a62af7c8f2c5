"""Layers that turn categories, numbers and text into indices or counts: look-ups and hashes, no MACs, no weights."""

from __future__ import annotations

from typing import Any, Literal

from convcost.errors import ShapeError, UncountedError
from convcost.layers.base import Kind, Positive
from convcost.model import Shape

OutputMode = Literal["int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf"]
"""The last two are what Keras 2 calls multi_hot and tf_idf."""


def encoded(shape: Shape, mode: str, depth: int) -> Shape:
    """Indices as they are; each one-hot (along the last axis where that is 1); or the last axis counted up."""
    if mode == "int":
        return shape
    if mode == "one_hot" and not (len(shape) > 1 and shape[-1] == 1):
        return (*shape, depth)
    return (*shape[:-1], depth)


class CategoryEncoding(Kind):
    formula = "0 (look-up)"

    num_tokens: Positive
    output_mode: OutputMode = "multi_hot"

    def output_shape(self, *inputs: Shape) -> Shape:
        return encoded(inputs[0], self.output_mode, self.num_tokens)


class Discretization(Kind):
    formula = "0 (look-up)"

    bin_boundaries: tuple[float, ...] | None = None
    num_bins: Positive | None = None
    output_mode: OutputMode = "int"

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = inputs[0]
        if self.output_mode in ("int", "one_hot"):
            return encoded(shape, self.output_mode, self.bins)
        return (shape[0], *shape[2:], self.bins)  # it counts along axis 1

    @property
    def bins(self) -> int:
        if self.bin_boundaries is not None:
            return len(self.bin_boundaries) + 1
        if self.num_bins is None:
            raise ShapeError("neither bin_boundaries nor num_bins is given, allowed: one of them")
        return self.num_bins


class Hashing(Kind):
    formula = "0 (look-up)"

    num_bins: Positive
    mask_value: Any = None
    salt: Any = None
    output_mode: OutputMode = "int"

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0] if self.output_mode == "int" else (*inputs[0][:-1], self.num_bins)


class HashedCrossing(Kind):
    formula = "0 (look-up)"

    num_bins: Positive
    output_mode: OutputMode = "int"

    def output_shape(self, *inputs: Shape) -> Shape:
        return encoded(inputs[0], self.output_mode, self.num_bins)


class BaseLookup(Kind):
    """A vocabulary; `vocabulary_size` counts the tokens for masks and unknown words too."""

    formula = "0 (look-up)"

    max_tokens: Positive | None = None
    num_oov_indices: int = 1
    mask_token: Any = None
    oov_token: Any = None
    vocabulary: Any = None
    vocabulary_size: int | None = None
    vocabulary_dtype: str | None = None
    idf_weights: Any = None
    invert: bool = False
    output_mode: OutputMode = "int"
    pad_to_max_tokens: bool = False
    oov_method: str = "floormod"
    salt: Any = None

    @property
    def depth(self) -> int:
        """How many tokens there are. Raises UncountedError where they are still to be learned."""
        if self.pad_to_max_tokens and self.max_tokens:
            return self.max_tokens
        if self.vocabulary_size is not None:
            return self.vocabulary_size
        if isinstance(self.vocabulary, list | tuple):
            return len(self.vocabulary) + self.num_oov_indices
        raise UncountedError("its vocabulary, and so the size of what it puts out, is not in the file")

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0] if self.output_mode == "int" else encoded(inputs[0], self.output_mode, self.depth)


class StringLookup(BaseLookup):
    oov_token: Any = "[UNK]"  # noqa: S105
    encoding: str = "utf-8"


class IntegerLookup(BaseLookup):
    oov_token: Any = -1
    vocabulary_dtype: str | None = "int64"


class TextVectorization(Kind):
    """Splits text into tokens and looks them up."""

    formula = "0 (look-up)"

    max_tokens: Positive | None = None
    standardize: Any = "lower_and_strip_punctuation"
    split: Any = "whitespace"
    ngrams: int | tuple[int, ...] | None = None
    output_mode: OutputMode = "int"
    output_sequence_length: Positive | None = None
    pad_to_max_tokens: bool = False
    vocabulary: Any = None
    vocabulary_size: int | None = None
    idf_weights: Any = None
    encoding: str = "utf-8"

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.output_mode == "int":
            if self.output_sequence_length is None:
                raise UncountedError(
                    "output_sequence_length is not set: as long as the longest text is what it puts out"
                )
            return (inputs[0][0], self.output_sequence_length)
        if self.output_mode == "one_hot":
            raise UncountedError("as long as the text is what it puts out under output_mode one_hot")
        lookup = StringLookup(
            max_tokens=self.max_tokens,
            vocabulary=self.vocabulary,
            vocabulary_size=self.vocabulary_size,
            output_mode=self.output_mode,
            pad_to_max_tokens=self.pad_to_max_tokens,
        )
        return (*inputs[0], lookup.depth) if self.split is not None else lookup.output_shape(*inputs)
