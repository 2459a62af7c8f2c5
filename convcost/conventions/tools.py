"""How other tools count: the same rows, reprinted as each of them would print this network.

A tool's convention is data: for each kind of part (`parts`) what it adds up, read from its source. To add a
tool, add a `Convention` to `CONVENTIONS`. docs/conventions.md has them as a table, with measured figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from convcost.conventions.parts import CONTRACTIONS, CONVOLUTIONS, MEASURES, Measures, Part, parts_of_row
from convcost.cost import Cost
from convcost.errors import ConvcostError
from convcost.report import CountedAs, Report, Row
from convcost.suggestions import did_you_mean


class Count(Measures, frozen=True):
    """What a part counts: so many times each of its measures."""

    def of(self, part: Part) -> int:
        return sum(getattr(self, measure) * getattr(part, measure) for measure in MEASURES)

    def __str__(self) -> str:
        """In words: "2 an element"; "not counted"."""
        said = [f"{getattr(self, measure)} {WORDS[measure]}" for measure in MEASURES if getattr(self, measure)]
        return ", ".join(said) or "not counted"


WORDS = {
    "macs": "a MAC",
    "flops": "an operation",
    "read": "an element",
    "put_out": "an output element",
    "rows": "a row",
    "channels": "a channel",
    "weights": "a weight",
    "at_output": "a weight and output position",
    "as_gradient": "an operation of a convolution's gradient",
}

NOT_COUNTED = Count()
Counts = Mapping[str, Count]


class Figure(msgspec.Struct, frozen=True):
    """A number that a tool prints: what it calls it, and what each kind of part adds; a kind that is missing adds 0.

    With `first_step` it sees the first time step alone.
    """

    name: str
    counts: Counts
    first_step: bool = False

    def rule(self, part: Part) -> Count:
        return self.counts.get(part.kind, NOT_COUNTED)

    def of(self, part: Part) -> int:
        counted = self.rule(part).of(part)
        return counted // part.steps if self.first_step else counted


class Convention(msgspec.Struct, frozen=True):
    """How a tool counts. A second figure, where it prints two, is its FLOPs.

    `source` is the version whose source was read; `notes` say in words what is peculiar.
    """

    name: str
    source: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def cost(self, row: Row) -> Cost | None:
        """The row's figure in the place of its MACs, so that a second figure comes out as its FLOPs."""
        if row.cost is None:
            return None
        parts = parts_of_row(row)
        first, *second = (sum(map(figure.of, parts)) for figure in self.figures)
        return Cost(first, {"other": second[0] - 2 * first} if second else {})


def each(kinds: Iterable[str], count: Count) -> dict[str, Count]:
    """The same for all these kinds."""
    return dict.fromkeys(kinds, count)


def of_ranks(kind: str, count: Count, ranks: Iterable[int] = (1, 2, 3)) -> dict[str, Count]:
    """A kind of pooling along one to three axes."""
    return {f"{rank}-D {kind}": count for rank in ranks}


ONCE, TWICE = Count(macs=1), Count(macs=2)
LAYERS = (*CONVOLUTIONS, "dense")
RECURRENT = ("lstm", "gru", "simple rnn")
BIASES = ("bias", "dense bias", "recurrent bias")
AFFINE_BATCH = ("batch normalization", "batch normalization, not scaled")
PLAIN_BATCH = ("batch normalization, not affine",)
AFFINE = ("layer normalization", "group normalization")
PLAIN = ("layer normalization, not affine", "group normalization, not affine")
POOLINGS = ("max pooling", "average pooling")
UPSAMPLINGS = ("nearest upsampling", "bilinear upsampling", "bicubic upsampling")
GLOBAL_AND_ADAPTIVE = tuple(f"{where} {what}" for where in ("global", "adaptive") for what in POOLINGS)


def any_pooling(count: Count) -> dict[str, Count]:
    return {kind: value for name in (*POOLINGS, *GLOBAL_AND_ADAPTIVE) for kind, value in of_ranks(name, count).items()}


PAPER = Convention(
    "paper",
    "arXiv 1704.04861, section 3.1",
    (Figure("mult-adds", each(CONTRACTIONS, ONCE)),),
    ("What convcost calls MACs: the multiply-adds of papers, and what torchvision's tables call GFLOPS.",),
)

FVCORE = Convention(
    "fvcore",
    "fvcore 0.1.5.post20221221",
    (
        Figure(
            "flops",
            each((*LAYERS, "matrix product"), ONCE)
            | each(AFFINE_BATCH, Count(read=2))
            | each(PLAIN_BATCH, Count(read=1))
            | each(AFFINE, Count(read=5))
            | each(PLAIN, Count(read=4))
            | each(("2-D global average pooling", "2-D adaptive average pooling"), Count(read=1))
            | {"nearest upsampling": Count(put_out=1), "bilinear upsampling": Count(put_out=4)},
        ),
    ),
    (
        "A multiply-add is one flop.",
        "Bias, activations, other pooling, sums of branches, recurrent layers and fused attention are free.",
    ),
)

PTFLOPS = Convention(
    "ptflops",
    "ptflops 0.7.5, its default backend",
    (
        Figure(
            "MACs",
            each((*LAYERS, "matrix product", *RECURRENT), ONCE)
            | {
                "lstm": Count(macs=1, put_out=10),
                "gru": Count(macs=1, put_out=7),
                "simple rnn": Count(macs=1, put_out=1),
            }
            | {"bias": Count(put_out=1), "dense bias": Count(put_out=1), "recurrent bias": Count(put_out=2)}
            | each((*AFFINE_BATCH, "group normalization", "group normalization, not affine"), Count(read=2))
            | each((*PLAIN_BATCH, "layer normalization", "layer normalization, not affine"), Count(read=1))
            | each(("relu", "prelu", "elu", "gelu"), Count(read=2))
            | each(("relu6", "leaky_relu", "silu", "softmax"), Count(read=1))
            | any_pooling(Count(read=2))
            | each(UPSAMPLINGS, Count(put_out=2)),
        ),
    ),
    (
        "Modules whose function it watches too count twice: ReLU, GELU, ELU, PReLU, pooling, upsampling.",
        "Sums and products of branches, sigmoid, tanh, hard_silu and fused attention are free.",
    ),
)

THOP = Convention(
    "thop",
    "thop 0.1.1.post2209072238",
    (
        Figure(
            "MACs",
            each(("convolution", "grouped convolution", "depthwise convolution", "dense"), ONCE)
            | each(("transposed convolution", "3-D transposed convolution"), Count(at_output=1))
            | {
                "lstm": Count(macs=1, put_out=8),
                "gru": Count(macs=1, put_out=7),
                "simple rnn": Count(macs=1, put_out=1),
            }
            | {"recurrent bias": Count(put_out=2)}
            | each((*AFFINE_BATCH, "layer normalization"), Count(read=4))
            | each((*PLAIN_BATCH, "layer normalization, not affine"), Count(read=2))
            | {"prelu": Count(read=1), "softmax": Count(read=3, rows=-1)}
            | of_ranks("average pooling", Count(put_out=1))
            | of_ranks("global average pooling", Count(read=1, put_out=1))
            | of_ranks("adaptive average pooling", Count(read=1, put_out=1))
            | {"nearest upsampling": Count(put_out=1), "bilinear upsampling": Count(put_out=11)}
            | {"bicubic upsampling": Count(put_out=224 + 35)},
        ),
    ),
    (
        "Batch normalization is doubled twice: two operations an element, and two again because it is affine.",
        "A transposed convolution counts its kernel at every output position: strides² too many.",
        "It sees modules alone: matrix products, sums, and pooling that a network calls as a function are free.",
    ),
)

TORCHINFO = Convention(
    "torchinfo",
    "torchinfo 1.8.0",
    (
        Figure(
            "mult-adds",
            each(("convolution", "grouped convolution", "depthwise convolution", *RECURRENT), ONCE)
            | each(("transposed convolution", "3-D transposed convolution"), Count(at_output=1))
            | {"bias": Count(put_out=1), "recurrent bias": Count(put_out=2)}
            | each(("dense", "dense bias", "embedding", "prelu", "rms normalization"), Count(weights=1))
            | each((*AFFINE_BATCH, *AFFINE), Count(weights=1)),
        ),
    ),
    (
        "Every weight counts: a convolution's at each output position, any other once a sample.",
        "So a dense layer on a sequence or an image is counted at one of its positions, and an embedding in full.",
    ),
)

CALFLOPS_MACS = each((*LAYERS, "matrix product"), ONCE)
CALFLOPS = Convention(
    "calflops",
    "calflops 0.3.2",
    (
        Figure("MACs", CALFLOPS_MACS),
        Figure(
            "FLOPs",
            each(CALFLOPS_MACS, TWICE)
            | {"bias": Count(put_out=1), "recurrent bias": Count(put_out=2)}
            | {
                "lstm": Count(macs=2, put_out=2),
                "gru": Count(macs=2, put_out=1),
                "simple rnn": Count(macs=2, put_out=-1),
            }
            | each(AFFINE_BATCH, Count(read=2))
            | each(PLAIN_BATCH, Count(read=1))
            | each(AFFINE, Count(read=5))
            | each(PLAIN, Count(read=4))
            | each(("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "softmax"), Count(read=1))
            | any_pooling(Count(read=1))
            | each(UPSAMPLINGS, Count(read=1)),
        ),
    ),
    (
        "MACs are those of convolutions and dense layers; recurrent layers have FLOPs and no MACs.",
        "ReLU6, sigmoid, tanh, hard_silu, the bias of dense layers and sums of branches are free.",
    ),
)

FLOP_COUNTER = Convention(
    "flop-counter",
    "torch 2.14.1, torch.utils.flop_counter",
    (Figure("FLOPs", each((*LAYERS, "matrix product", "gru", "simple rnn"), TWICE)),),
    ("Two FLOPs a multiply-add, and nothing else.", "On a CPU an LSTM and fused attention are free."),
)

TF_PROFILER = Convention(
    "tf-profiler",
    "TensorFlow 2.21.0, tf.compat.v1.profiler on the graph of a concrete function",
    (
        Figure(
            "float_ops",
            each(("convolution", "depthwise convolution", "dense", "matrix product"), TWICE)
            | {"transposed convolution": Count(as_gradient=1)}
            | each(RECURRENT, Count(macs=2, flops=1))
            | {"attention": Count(read=1)}
            | each((*BIASES, "merge", "elementwise"), Count(flops=1))
            | each(("batch normalization", "batch normalization, not affine"), Count(read=2, channels=6))
            | {"batch normalization, not scaled": Count(read=2, channels=5)}
            | {"layer normalization": Count(read=9, rows=4), "layer normalization, not affine": Count(read=6, rows=5)}
            | {"group normalization": Count(read=6, rows=4, channels=3), "rms normalization": Count(read=4, rows=3)}
            | {"unit normalization": Count(read=3, rows=2), "input normalization": Count(read=2, channels=1)}
            | {"softmax": Count(read=5), "gelu": Count(read=4), "prelu": Count(read=4), "hard_silu": Count(read=3)}
            | {"silu": Count(read=2), "hard_sigmoid": Count(read=2), "mish": Count(read=1)}
            | of_ranks("max pooling", Count(flops=1), ranks=(1, 2))
            | of_ranks("average pooling", Count(flops=1), ranks=(1, 2))
            | of_ranks("global average pooling", Count(flops=1)),
            first_step=True,
        ),
    ),
    (
        "Two FLOPs a multiply-add.",
        "Grouped convolutions, 3-D transposed convolutions, 3-D pooling, the products with the scores of multi-head"
        " attention, and all but the first step of recurrent layers count 0, without a warning; so does every layer"
        " whose sizes are open.",
        "relu, relu6, sigmoid, tanh, elu and selu are free.",
    ),
)

CONVENTIONS = {
    convention.name: convention
    for convention in (PAPER, FVCORE, PTFLOPS, THOP, TORCHINFO, CALFLOPS, FLOP_COUNTER, TF_PROFILER)
}


def named(name: str) -> Convention:
    """The convention of that name. Raises ConvcostError where there is none."""
    if name not in CONVENTIONS:
        raise ConvcostError(
            f"convention {name!r} is not known{did_you_mean(name, CONVENTIONS)}, allowed: {', '.join(CONVENTIONS)}"
        )
    return CONVENTIONS[name]


def under(report: Report, convention: Convention) -> Report:
    """The same rows with the tool's figures in the place of MACs and FLOPs; without a what-if, which is in MACs."""
    rows = tuple(msgspec.structs.replace(row, cost=convention.cost(row), separable=None) for row in report.rows)
    names = tuple(figure.name for figure in convention.figures)
    counted_as = CountedAs(convention.name, convention.source, names, convention.notes)
    return msgspec.structs.replace(report, rows=rows, what_if=None, convention=counted_as)
