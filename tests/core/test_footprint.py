"""What a device must hold: published peaks, laws of the timeline, types and limits."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from convcost.api import load
from convcost.errors import ConvcostError
from convcost.layers.activations import ReLU
from convcost.layers.convolution import Conv2D
from convcost.layers.dense import Dense
from convcost.layers.embedding import Embedding
from convcost.layers.merging import Add
from convcost.layers.wrapping import TimeDistributed
from convcost.memory.footprint import footprint, with_dtype
from convcost.memory.live_set import Step, fused, peak_of, timeline
from convcost.model import Call, Layer, Policy, Unknown
from convcost.profile import profile
from tests.building import chain, graph
from tests.core.test_memory import walks

KIB = 2**10


@pytest.mark.parametrize(("spec", "kib"), [("mobilenet_v1", 1176), ("mobilenet_v2", 1470)])
def test_int8_peaks_are_the_published_ones(configs: Path, spec: str, kib: int) -> None:
    """As TFLM plans and as Vela reports by default, for the networks at 224."""
    assert footprint(load(configs / f"{spec}.yaml"), dtype="int8").peak_bytes == kib * KIB


@given(walks())
def test_the_timeline_is_the_walk_of_the_peak(random_walk: tuple[list[Step], list[int]]) -> None:
    whole = fused(*random_walk)
    moments = timeline(whole)
    assert [moment.layer for moment in moments] == [node.layer for node in whole.nodes]
    for moment in moments:
        assert moment.bytes == sum(live.bytes for live in moment.live)
        assert min(moment.written, moment.read, moment.waiting) >= 0
    if moments:
        highest = max(moments, key=lambda moment: moment.bytes)
        assert (highest.bytes, highest.layer, highest.live) == (
            peak_of(whole).bytes,
            peak_of(whole).layer,
            peak_of(whole).live,
        )


def test_each_step_tells_what_it_writes_reads_and_leaves() -> None:
    nodes = {
        "a": (Conv2D(filters=5, kernel_size=1), [["input"]]),
        "b": (Conv2D(filters=5, kernel_size=1, activation="relu"), [["a"]]),
        "relu": (ReLU(), [["b"]]),
        "sum": (Add(), [["a", "relu"]]),
    }
    pixels = 8 * 8
    moments = footprint(graph(nodes, ["sum"]), dtype="int8").moments
    told = [(one.layer, one.written, one.read, one.waiting) for one in moments]
    assert told == [
        ("a", pixels * 5, pixels * 3, 0),
        ("b", pixels * 5, pixels * 5, 0),
        ("sum", pixels * 5, pixels * 10, 0),
    ]
    wide = {**nodes, "c": (Conv2D(filters=1, kernel_size=1), [["a"]]), "end": (Add(), [["c", "sum"]])}
    moments = footprint(graph(wide, ["end"]), dtype="int8").moments
    assert [one.waiting for one in moments if one.layer == "c"] == [pixels * 5]  # the sum


def test_dtype_turns_floats_alone_and_goes_into_what_a_layer_holds() -> None:
    model = chain(Embedding(input_dim=10, output_dim=4), shape=(6,))
    indices = msgspec.structs.replace(model.layers[0], policy=Policy("int32", "int32"))
    model = msgspec.structs.replace(model, layers=(indices, model.layers[1]))
    assert footprint(model, dtype="int8").peak_bytes == 6 * 4 + 6 * 4 * 1
    assert footprint(model, dtype="int8").weight_bytes == 10 * 4

    held = Layer("dense", "Dense", Dense(units=2), (Call(),))
    wrapped = chain(TimeDistributed(layer=held), shape=(5, 3))
    assert profile(with_dtype(wrapped, "float16")).totals.weight_bytes == 2 * (3 * 2 + 2)

    nested = chain(chain(Dense(units=2), shape=(3,)), shape=(3,))
    assert profile(with_dtype(nested, "int4")).totals.weight_bytes == (3 * 2) // 2 + 2 // 2


def test_a_type_that_is_none_is_refused() -> None:
    with pytest.raises(ConvcostError, match="got 'int7', allowed: bool, int4"):
        footprint(chain(Dense(units=1)), dtype="int7")


def test_limits_tell_by_how_much() -> None:
    model = chain(Conv2D(filters=4, kernel_size=1, use_bias=False), shape=(8, 8, 3))
    needed, weights = 8 * 8 * (3 + 4), 3 * 4
    ram, flash = footprint(model, dtype="int8", ram=needed, flash=weights - 1).limits
    assert (ram.what, ram.fits, ram.over_by) == ("RAM", True, 0)
    assert (flash.what, flash.fits, flash.over_by) == ("flash", False, 1)
    assert footprint(model).limits == ()


def test_what_is_not_known_may_not_fit_but_never_fits() -> None:
    mystery = chain(Conv2D(filters=4, kernel_size=1), Unknown("unheard of", params_known=False), shape=(8, 8, 3))
    needed = 8 * 8 * (3 + 4)
    assert [one.fits for one in footprint(mystery, dtype="int8", ram=10**9, flash=10**9).limits] == [None, None]
    assert [one.fits for one in footprint(mystery, dtype="int8", ram=needed - 1, flash=1).limits] == [False, False]


def test_batch_multiplies_activations_alone(configs: Path) -> None:
    one, three = (footprint(load(configs / "mobilenet_v1.yaml"), batch=batch) for batch in (1, 3))
    assert three.peak_bytes == 3 * one.peak_bytes
    assert three.weight_bytes == one.weight_bytes
