"""Blocks that names of layers tell: those of Keras applications as their papers have them, and laws for any names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convcost import api
from convcost.charts import icicle
from convcost.charts.blocks import BRIDGED, LEVELS, MANY, Block, blocks, rest
from convcost.charts.nodes import METRICS, is_unnamed, nodes_of
from convcost.layers.convolution import Conv2D
from convcost.model import Model, Unknown
from convcost.units import printable
from tests.building import graph

NAMES = Path(__file__).parent / "layer_names"


def application(name: str) -> tuple[list[str], set[int]]:
    """The names of the layers of a Keras application, and which of them Keras made up."""
    layers = [line.split() for line in (NAMES / f"{name}.txt").read_text().splitlines()]
    return [layer for layer, _ in layers], {at for at, layer in enumerate(layers) if is_unnamed(*layer)}


def outline(items: Sequence[int | Block]) -> list[str]:
    return [f"{one.beginning} {len(list(one.places()))}" for one in items if isinstance(one, Block)]


MOBILENET_V2 = [
    "expanded_conv 5",
    *(f"block_{number} {8 if number in (10, 16) else 9}" for number in range(1, 17)),  # these end without an Add
    "Conv_1 2",
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MobileNetV2", MOBILENET_V2),
        ("ResNet50", ["conv1 4", "pool1 2", "conv2 32", "conv3 42", "conv4 62", "conv5 32"]),
        (
            "EfficientNetB0",
            [
                *("stem 4", "block1a 10", "block2 29", "block3 29", "block4 44", "block5 43", "block6 59"),
                *("block7a 13", "top 3"),
            ],
        ),
        (
            "DenseNet121",
            ["conv1 3", "conv2 42", "pool2 4", "conv3 84", "pool3 4", "conv4 168", "pool4 4", "conv5 112"],
        ),
        (
            "ConvNeXtTiny",  # its own name before all others is none
            [f"convnext_tiny_stage_{stage} {8 * count - 1}" for stage, count in enumerate((3, 3, 9, 3))]
            + ["convnext_tiny_head 3"],
        ),
    ],
)
def test_blocks_of_applications(name: str, expected: list[str]) -> None:
    assert outline(blocks(*application(name))) == expected


@pytest.mark.parametrize(
    ("name", "around", "expected"),
    [
        ("ResNet50", "conv4", ["conv4_block1 12", *(f"conv4_block{number} 10" for number in range(2, 7))]),
        ("DenseNet121", "conv5", [f"conv5_block{number} 7" for number in range(1, 17)]),
        ("EfficientNetB0", "block6", ["block6a 14", "block6b 15", "block6c 15", "block6d 15"]),
        ("ConvNeXtTiny", "convnext_tiny_stage_0", [f"convnext_tiny_stage_0_block_{number} 7" for number in range(3)]),
    ],
)
def test_blocks_in_blocks(name: str, around: str, expected: list[str]) -> None:
    (found,) = [one for one in blocks(*application(name)) if isinstance(one, Block) and one.beginning == around]
    assert outline(found.items) == expected


def test_layers_that_nobody_named_are_in_the_block_around_them() -> None:
    found = outline(blocks(*application("MobileNetV3Large")))
    sizes = [6, 9, 9, 17, 17, 17, 9, 9, 9, 9, 16, 17, 17, 17, 17]  # of 17: squeeze and excite; 1 less: no Add
    numbered = ["expanded_conv", *(f"expanded_conv_{number}" for number in range(1, 15))]
    assert found == ["conv 2", *map("{} {}".format, numbered, sizes), "conv_1 2"]


def test_beginnings_that_come_back_tell_kinds_of_layers() -> None:
    assert [one for one in outline(blocks(*application("NASNetMobile"))) if one.startswith("separable")] == []


def test_names_that_keras_made_up_tell_no_blocks() -> None:
    names, unnamed = application("InceptionResNetV2")
    assert Counter(name.partition("_")[0] for name in names)["conv2d"] > 200
    assert not [one for one in outline(blocks(names, unnamed)) if one.startswith(("conv2d", "batch", "activation"))]


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("block_1_expand", "block_1", "expand"),
        ("block_1", "block_1", "block_1"),
        ("block2a_bn", "block2", "block2a_bn"),
        ("re_lu_3", "block_1", "re_lu_3"),
        ("stage.0.conv", "stage.0", "conv"),
        ("_x", "", "_x"),
    ],
)
def test_what_a_name_adds(name: str, beginning: str, expected: str) -> None:
    assert rest(name, beginning) == expected


def test_what_all_names_begin_with_is_no_block() -> None:
    assert outline(blocks([f"layer_{number}_{number}" for number in range(MANY + 1)])) == []
    assert outline(blocks([f"net_{'ab'[number % 2]}" for number in range(MANY + 1)])) == []


WORDS = st.sampled_from(["block", "conv", "1", "2", "10", "a", "BN", "é", "\ud800", "\x1b[", "<b>", " "])
SEPARATORS = st.sampled_from(["_", "-", ".", "", "__", "/"])


@st.composite
def some_name(draw: st.DrawFn) -> str:
    words = draw(st.lists(WORDS, min_size=1, max_size=8))
    return "".join(word + draw(SEPARATORS) for word in words)


few = st.builds("{}_{}_{}".format, st.sampled_from("ab"), st.sampled_from("123"), st.sampled_from("xyz"))
lists = st.lists(some_name(), max_size=80) | st.lists(few, min_size=MANY, max_size=80)


def levels(items: Sequence[int | Block], size: int, depth: int = 1) -> Iterator[tuple[Block, int, int]]:
    """Every block, how many layers are in what is around it, and how deep it is."""
    for one in items:
        if isinstance(one, Block):
            yield one, size, depth
            yield from levels(one.items, len(list(one.places())), depth + 1)


@settings(max_examples=200, deadline=None)
@given(names=lists, data=st.data())
def test_laws(names: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    unnamed = {place for place, one in enumerate(chosen) if not one}
    found = blocks(names, unnamed)
    assert list(Block("", found).places()) == list(range(len(names)))  # all, in order
    assert len(names) > MANY or not outline(found)
    for items in [found, *(block.items for block, *_ in levels(found, len(names)))]:
        beginnings = [one.beginning for one in items if isinstance(one, Block)]
        assert len(set(beginnings)) == len(beginnings)
    for block, around, depth in levels(found, len(names)):
        places = list(block.places())
        assert 2 <= len(places) < around
        assert depth <= LEVELS
        assert not {places[0], places[-1]} & unnamed
        assert all(names[at].startswith(block.beginning) for at in places if at not in unnamed)
        held = [at for at in places if at not in unnamed]
        assert max(after - before for before, after in pairwise(held)) <= BRIDGED + 1


@given(count=st.integers(MANY + 1, 400))
@settings(max_examples=5)
def test_names_that_go_on_and_on_nest_no_deeper(count: int) -> None:
    found = blocks(["_".join("a" * length) for length in range(1, count + 1)])
    assert max(depth for *_, depth in levels(found, count)) <= LEVELS


def named(names: Sequence[str]) -> Model:
    """A chain of convolutions of these names; of every seventh nothing is known."""
    rules = [
        Unknown("no rule") if place % 7 == 6 else Conv2D(filters=3, kernel_size=1 + place % 3, padding="same")
        for place in range(len(names))
    ]
    reads = ["input", *(name for name, rule in zip(names, rules, strict=True) if not isinstance(rule, Unknown))]
    seen, nodes = 0, {}
    for name, rule in zip(names, rules, strict=True):
        nodes[name] = (rule, [[reads[seen]]])
        seen += not isinstance(rule, Unknown)
    return graph(nodes, [reads[-1]])


def children(nodes: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for node in nodes:
        if not node["leaf"]:
            yield node, [one for one in nodes if one["parent"] == node["id"]]


@settings(max_examples=25, deadline=None)
@given(names=st.lists(some_name().map("x".__add__), min_size=1, max_size=50, unique=True))
def test_what_is_shown_of_a_block_is_the_sum_of_what_it_holds(names: list[str]) -> None:
    report = api.analyze(named(names))
    nodes = nodes_of(report)
    assert [node["path"] for node in nodes if node["leaf"]] == [printable(row.path) for row in report.rows]
    assert [node["id"] for node in nodes] == list(range(len(nodes)))
    for node, held in children(nodes):
        assert held
        for one in held:
            assert one["depth"] == node["depth"] + 1
        for metric in METRICS if node["parent"] is not None else ():
            assert node[metric] == sum(one[metric] for one in held)


def test_the_text_tells_blocks() -> None:
    names = [f"block_{number}_{layer}" for number in range(1, 9) for layer in ("expand", "depthwise", "project")]
    shown = icicle.chart(api.analyze(named(names)))
    assert shown is not None
    assert shown.text.startswith("Largest in MACs: block_")
    assert "…" in shown.text.partition("By kind")[0]
