"""A sweep says of every configuration what `analyze` says of it alone: figures, structure, and why it is not valid."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from convcost import ConvcostError
from convcost.api import sweep
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.merging import Add
from convcost.layers.passing import Dropout
from convcost.sweeping import evaluation
from convcost.sweeping.axes import Axis, input_shapes, parameters
from convcost.sweeping.evaluation import Figures
from convcost.sweeping.grid import Numbers
from convcost.sweeping.sweep import Configuration, Sweep
from tests.building import chain, graph
from tests.sweeping.comparing import alone, together

CONFIGS = Path(__file__).parent.parent.parent / "configs"
ALPHAS = st.floats(1 / 64, 2) | st.sampled_from([0.25, 0.5, 1.0, 1])
RESOLUTIONS = st.integers(1, 300)
GRIDS: dict[str, dict[str, Any]] = {
    "mobilenet_v1": {"alpha": ALPHAS, "resolution": RESOLUTIONS, "depth": st.integers(0, 3), "classes": RESOLUTIONS},
    "mobilenet_v2": {"alpha": ALPHAS, "resolution": RESOLUTIONS},
    "conv_mobilenet": {"alpha": ALPHAS, "resolution": RESOLUTIONS, "depth": st.integers(0, 2)},
    "vgg16": {"resolution": RESOLUTIONS, "classes": st.integers(-1, 5)},
    "resnet50": {"resolution": RESOLUTIONS},
    "standard_convolution": {
        "size": st.integers(0, 9),
        "filters": st.integers(-1, 300) | st.floats(-2, 9),
        "kernel_size": st.integers(0, 9),
        "use_bias": st.booleans(),
    },
}


def equals_one_by_one(source: Any, found: Sweep) -> None:
    for one in found.configurations:
        assert together(one) == alone(source, found, one), one


@pytest.mark.parametrize("config", GRIDS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_grid_of_a_spec(config: str, data: st.DataObject) -> None:
    axes = [
        Axis("parameter", name, tuple(data.draw(st.lists(values, min_size=1, max_size=4, unique_by=repr))))
        for name, values in GRIDS[config].items()
    ]
    source = str(CONFIGS / f"{config}.yaml")
    try:
        found = sweep(source, axes)
    except ConvcostError as error:
        none_is_valid(source, axes, str(error))
    else:
        equals_one_by_one(source, found)


def none_is_valid(source: str, axes: list[Axis], message: str) -> None:
    nothing = Sweep("", tuple(axes), (), 0, 0, 0)
    rows = [Configuration(values, *[None] * 6) for values in product(*(axis.values for axis in axes))]
    told = {alone(source, nothing, one)[-1] for one in rows}
    assert message in told
    assert "" not in told


def test_structures_are_told_apart() -> None:
    """Rounds of a repeat are counted, so that each count is a structure; the width is none."""
    found = sweep(CONFIGS / "mobilenet_v1.yaml", parameters({"depth": "0,1,4", "alpha": "0.5,1.0"}))
    assert (found.count, found.structures) == (6, 3)
    equals_one_by_one(CONFIGS / "mobilenet_v1.yaml", found)


def test_what_needs_no_parting_takes_one_pass() -> None:
    """Hundreds of widths and resolutions of MobileNetV1 are one pass through the rules."""
    found = sweep(CONFIGS / "mobilenet_v1.yaml", parameters({"alpha": "0.25:1:0.01", "resolution": "32:224:4"}))
    assert (found.count, found.structures, found.passes) == (76 * 49, 1, 1)


def test_passes_of_few_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = parameters({"depth": "0:2:1", "resolution": "20:50:3"})
    whole = sweep(CONFIGS / "conv_mobilenet.yaml", axes)
    monkeypatch.setattr(evaluation, "AT_A_TIME", 4)
    parts = sweep(CONFIGS / "conv_mobilenet.yaml", axes)
    assert parts.configurations == whole.configurations
    assert parts.passes > whole.passes


SPEC = """convcost: 1
parameters: {filters: 8, kernel: 3, act: relu, groups: 1, widths: [4, 6], size: 32, rate: 0.5}
input: [size, size, 4]
blocks:
  twice:
    parameters: {wide: null}
    layers:
      - Conv2D: {filters: wide, kernel_size: [kernel, 1], padding: same}
layers:
  - Conv2D: {filters: filters, kernel_size: kernel, activation: act, groups: groups}
  - {block: twice, with: {wide: filters}}
  - {block: twice, with: {wide: filters}}
  - {block: twice, with: {wide: filters * 2}}
  - {block: twice, with: {wide: filters * 2 ** groups}}
  - Dropout: {rate: rate}
  - MaxPooling2D: {pool_size: [kernel, 2]}
"""


@pytest.mark.parametrize(
    "given",
    [
        {"filters": "4,6,8", "groups": "1,2,3,4"},
        {"kernel": "1,3,31,32", "act": "relu,gelu,linear"},
        {"filters": "8,8.0,8.5,0,-1"},
        {"size": "1:40:3", "rate": "0.1,0.5"},
        {"act": "relu,no such", "size": "9,12"},
        {"kernel": "[1, 3],[3, 3],2"},
    ],
    ids=str,
)
def test_every_way_to_part(given: dict[str, str], tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    equals_one_by_one(spec, sweep(spec, parameters(given)))


def test_costs_beyond_64_bits(tmp_path: Path) -> None:
    """A kernel of 10^15 elements at 10^10 positions: 10^25 MACs, exact."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "convcost: 1\nparameters: {size: 1, filters: 1}\ninput: [size, size, 1000]\n"
        "layers:\n  - Conv2D: {filters: filters, kernel_size: 1000, padding: same, use_bias: false}\n"
    )
    found = sweep(spec, parameters({"size": "1,1000,100000", "filters": "7,100000,1000001"}))
    assert found.configurations[-1].macs == 10**6 * 1000 * 1000001 * 10**10 > 2**63
    equals_one_by_one(spec, found)


def test_models_by_their_input_shapes() -> None:
    model = graph(
        {
            "a": (Conv2D(filters=4, kernel_size=3, padding="same"), [["left"]]),
            "b": (Conv2D(filters=4, kernel_size=3, padding="same", strides=2), [["right"]]),
            "sum": (Add(), [["a", "b"]]),
        },
        ["sum"],
        {"left": (None, None, 3), "right": (None, None, 1)},
    )
    axes = [
        Axis("input", "left", tuple((size, size, 3) for size in (1, 4, 5, 8))),
        Axis("input", "right", tuple((size, size, 1) for size in (1, 8, 9, 16, 17))),
    ]
    found = sweep(model, axes)
    assert {one.valid for one in found.configurations} == {True, False}
    equals_one_by_one(model, found)


def test_images_of_a_size_have_the_models_layout_and_channels() -> None:
    first = chain(Conv2D(filters=2, kernel_size=3, data_format="channels_first"), shape=(3, None, None))
    last = chain(DepthwiseConv2D(kernel_size=3), shape=(None, None, 5))
    line = chain(Dropout(rate=0.1), shape=(None,))
    for model, wanted in ((first, 3 * 9 * 2 * 14 * 14), (last, 5 * 9 * 14 * 14), (line, 0)):
        found = sweep(model, input_shapes({"": "8:16:8"}))
        assert [one.values for one in found.configurations] == [(8,), (16,)]
        assert found.configurations[1].macs == wanted


def test_several_models(tmp_path: Path) -> None:
    specs = []
    for name, filters in (("small", 4), ("large", 8)):
        specs.append(tmp_path / f"{name}.yaml")
        specs[-1].write_text(
            f"convcost: 1\nparameters: {{size: 8}}\ninput: [size, size, 3]\n"
            f"layers:\n  - Conv2D: {{filters: {filters}, kernel_size: 3}}\n"
        )
    found = sweep(specs, parameters({"size": "2,8"}))
    assert [one.macs for one in found.configurations] == [None, 36 * 27 * 4, None, 36 * 27 * 8]
    assert [one.values for one in found.configurations][2:] == [(str(specs[1]), 2), (str(specs[1]), 8)]


def test_what_a_rule_cannot_take_for_many_it_takes_for_each() -> None:
    """Arithmetic that fails on many at once says nothing of them; what a rule refuses in words is refused."""

    def figures(numbers: Numbers) -> Figures:
        if 2 in numbers and len(numbers) == 1:
            raise ConvcostError("no")
        if len(numbers) > 1:
            raise ConvcostError("it cannot take these inputs") from TypeError("unhashable type: 'Grid'")
        return Figures({"macs": 10 * int(numbers[0])}, True, "net")

    found = evaluation.evaluated(4, figures)
    assert found.columns["macs"] == [0, 10, None, 30]
    assert found.reasons == ["", "", "no", ""]
    assert found.passes == 5


def test_none_is_valid() -> None:
    with pytest.raises(ConvcostError, match="no parameter is named 'alhpa'; did you mean 'alpha'"):
        sweep(CONFIGS / "mobilenet_v1.yaml", parameters({"alhpa": "0.5,1"}))


def test_too_many() -> None:
    axes = parameters({"alpha": "0.001:1:0.001", "resolution": "1:2000:1"})
    with pytest.raises(ConvcostError, match=r"2,000,000 configurations \(1,000 of alpha × 2,000 of resolution\)"):
        sweep(CONFIGS / "mobilenet_v1.yaml", axes)


@example(["macs"])
@given(st.lists(st.sampled_from(["macs", "params", "peak_activation_bytes"]), min_size=1, max_size=2, unique=True))
@settings(max_examples=4)
def test_limits_leave_the_others_out(metrics: list[str]) -> None:
    axes = parameters({"alpha": "0.25,0.5,1", "resolution": "32,96,160"})
    everything = sweep(CONFIGS / "mobilenet_v1.yaml", axes)
    limits = {metric: sorted(getattr(one, metric) for one in everything.configurations)[4] for metric in metrics}
    kept = sweep(CONFIGS / "mobilenet_v1.yaml", axes, limits=limits)
    assert kept.configurations == tuple(
        one for one in everything.configurations if all(getattr(one, name) <= most for name, most in limits.items())
    )
