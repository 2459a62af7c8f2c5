"""Peak activation bytes: hand-computed walks, and laws over random graphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.layers.activations import ReLU
from convcost.layers.convolution import Conv2D
from convcost.layers.merging import Add, Concatenate
from convcost.layers.normalization import BatchNormalization
from convcost.layers.passing import Dropout
from convcost.layers.pooling import MaxPooling2D
from convcost.layers.reshaping import Flatten, ZeroPadding2D
from convcost.memory.live_set import Step, fuse, fused, peak, peak_of, tensor_of, timeline
from convcost.profile import profile
from tests.building import chain, graph


def conv(filters: int, **settings: object) -> Conv2D:
    return Conv2D(filters=filters, kernel_size=3, padding="same", **settings)


def test_a_chain_keeps_input_and_output_of_a_step() -> None:
    report = profile(chain(conv(16), conv(4), shape=(8, 8, 3)))
    assert report.peak.bytes == 4 * (8 * 8 * 16 + 8 * 8 * 4)
    assert report.peak.layer == "conv2d_2"


def test_an_input_is_freed_after_its_last_use() -> None:
    report = profile(chain(conv(4), conv(4), shape=(8, 8, 100)))
    assert report.peak.bytes == 4 * 8 * 8 * (100 + 4)
    assert [live.layer for live in report.peak.live] == ["input", "conv2d_1"]


def test_batch_normalization_and_activation_fold_into_their_sole_producer() -> None:
    plain = profile(chain(conv(16), conv(16)))
    folded = profile(chain(conv(16), BatchNormalization(), ReLU(), conv(16), BatchNormalization(), ReLU()))
    assert folded.peak.bytes == plain.peak.bytes == 4 * 8 * 8 * (16 + 16)


def test_an_activation_does_not_fold_where_the_producer_is_read_again() -> None:
    report = profile(
        graph(
            {
                "conv": (conv(16), [["input"]]),
                "relu": (ReLU(), [["conv"]]),
                "add": (Add(), [["conv", "relu"]]),
            },
            ["add"],
        )
    )
    assert report.peak.bytes == 4 * 8 * 8 * 16 * 3  # conv, relu and their sum


def test_an_activation_does_not_fold_into_a_model_input() -> None:
    report = profile(chain(ReLU(), shape=(8, 8, 3)))
    assert report.peak.bytes == 4 * 8 * 8 * (3 + 3)


def test_an_output_of_the_model_stays_alive() -> None:
    nodes = {"a": (conv(16), [["input"]]), "b": (conv(1), [["a"]]), "c": (conv(1), [["b"]])}
    assert profile(graph(nodes, ["c"])).peak.bytes == 4 * 8 * 8 * (3 + 16)
    assert profile(graph(nodes, ["a", "c"])).peak.bytes == 4 * 8 * 8 * (3 + 16)
    nodes["d"] = (conv(18), [["c"]])
    assert profile(graph(nodes, ["d"])).peak.bytes == 4 * 8 * 8 * (3 + 16)
    assert profile(graph(nodes, ["a", "d"])).peak.bytes == 4 * 8 * 8 * (16 + 1 + 18)


def test_padding_folds_into_the_convolution_that_alone_reads_it() -> None:
    padded = chain(ZeroPadding2D(padding=4), Conv2D(filters=2, kernel_size=3), shape=(8, 8, 3))
    assert profile(padded).peak.bytes == 4 * (8 * 8 * 3 + 14 * 14 * 2)
    pooled = chain(ZeroPadding2D(padding=4), MaxPooling2D(), shape=(8, 8, 3))
    assert profile(pooled).peak.bytes == 4 * (8 * 8 * 3 + 8 * 8 * 3)
    twice = graph(
        {
            "pad": (ZeroPadding2D(padding=4), [["input"]]),
            "a": (Conv2D(filters=2, kernel_size=3), [["pad"]]),
            "b": (Conv2D(filters=2, kernel_size=3), [["pad"]]),
            "sum": (Add(), [["a", "b"]]),
        },
        ["sum"],
    )
    assert profile(twice).peak.bytes == 4 * (16 * 16 * 3 + 14 * 14 * 2 * 2)


def test_another_name_takes_no_bytes() -> None:
    report = profile(chain(conv(16), Dropout(rate=0.5), Flatten(), shape=(8, 8, 3)))
    assert report.peak.bytes == 4 * 8 * 8 * (3 + 16)
    assert report.peak.layer == "conv2d_1"


def test_a_name_shared_with_a_tensor_that_is_read_later_keeps_it() -> None:
    nodes = {
        "conv": (conv(4), [["input"]]),
        "drop": (Dropout(rate=0.5), [["conv"]]),
        "relu": (ReLU(), [["drop"]]),
        "cat": (Concatenate(), [["relu", "conv"]]),
    }
    assert profile(graph(nodes, ["cat"])).peak.bytes == 4 * 8 * 8 * (4 + 4 + 8)


@st.composite
def walks(draw: st.DrawFn, most: int = 12) -> tuple[list[Step], list[int]]:
    """Random graphs of steps; each reads what exists already."""
    sizes = st.integers(1, 50)
    steps = [Step("input", (), (tensor_of(0, (draw(sizes),)),))]
    for number in range(1, draw(st.integers(1, most)) + 1):
        readable = [tensor for step in steps for tensor in step.outputs]
        reads = draw(st.lists(st.sampled_from(readable), min_size=1, max_size=3, unique_by=lambda one: one.number))
        fusion = draw(st.sampled_from([None, None, "producer", "consumer", "alias"]))
        size = (draw(sizes),)
        if fusion is not None and reads[0].shape is not None:
            added = draw(sizes) if fusion == "consumer" else 0  # a padding puts out more than it reads
            size = (reads[0].shape[0] + added,)
        absorbs = fusion is None and draw(st.booleans())
        steps.append(Step(f"step{number}", tuple(reads), (tensor_of(number, size),), fusion, absorbs))
    outputs = draw(st.lists(st.integers(1, len(steps) - 1), min_size=1, max_size=2, unique=True))
    return steps, outputs


@given(walks())
def test_peak_is_between_any_step_and_the_sum_of_all(walk: tuple[list[Step], list[int]]) -> None:
    steps, outputs = walk
    found = peak(steps, outputs)
    tensors = [tensor for step in steps for tensor in step.outputs]
    assert found.bytes <= sum(tensor.bytes for tensor in tensors)
    assert found.bytes == sum(live.bytes for live in found.live)
    folded, buffers = fuse(steps, outputs)
    for index in (index for index, step in enumerate(steps) if step.inputs and index not in folded):
        touched = {buffers.of(tensor.number) for tensor in (*steps[index].inputs, *steps[index].outputs)}
        assert found.bytes >= sum(buffers.bytes[buffer] for buffer in touched)


@given(walks())
def test_folding_never_raises_the_peak(walk: tuple[list[Step], list[int]]) -> None:
    steps, outputs = walk
    unfolded = [Step(step.layer, step.inputs, step.outputs) for step in steps]
    assert peak(steps, outputs).bytes <= peak(unfolded, outputs).bytes


def test_a_timeline_that_would_fill_the_memory_is_refused() -> None:
    steps = [Step("input", (), (tensor_of(0, (1,)),))]
    steps += [Step(f"s{n}", (steps[0].outputs[0],), (tensor_of(n, (1,)),)) for n in range(1, 2500)]
    whole = fused(steps, list(range(1, 2500)))
    assert peak_of(whole).bytes == 4 * 2500
    with pytest.raises(ConvcostError, match="than can be told, allowed: 2,000,000"):
        timeline(whole)
