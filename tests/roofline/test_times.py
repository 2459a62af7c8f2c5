"""The time of a layer: numbers as products and quotients, and what holds whatever the numbers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.api import analyze, under_variants
from convcost.device import KINDS, Device
from convcost.errors import ConvcostError
from convcost.estimate import Timing
from convcost.layers.activations import ReLU
from convcost.layers.attention import MultiHeadAttention
from convcost.layers.convolution import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    SeparableConv2D,
)
from convcost.layers.dense import Dense
from convcost.layers.embedding import Embedding
from convcost.layers.merging import Add
from convcost.layers.normalization import BatchNormalization
from convcost.layers.passing import Dropout
from convcost.layers.pooling import MaxPooling2D
from convcost.layers.recurrent import LSTM
from convcost.layers.reshaping import ZeroPadding2D
from convcost.model import Model, Rule, Unknown
from convcost.report import Report
from convcost.speedups import PARTING, parting, speedup
from tests.building import chain, graph
from tests.roofline.devices import device

CONV = Conv2D(filters=16, kernel_size=3, padding="same")
"""On 8×8×3: 3·3·3·16·8·8 MACs, 8·8·3 elements in, 3·3·3·16 + 16 weights, 8·8·16 out."""
CONV_MACS, CONV_IN, CONV_WEIGHTS, CONV_OUT = 3 * 3 * 3 * 16 * 8 * 8, 8 * 8 * 3, 3 * 3 * 3 * 16 + 16, 8 * 8 * 16
CONV_BYTES = 4 * (CONV_IN + CONV_WEIGHTS + CONV_OUT)


def on(model: Model, profile: Device, **options: object) -> Report:
    return analyze(model, device=profile, what_if=False, **options)


def timing(model: Model, path: str, profile: Device | None = None) -> Timing:
    estimate = on(model, profile or device()).estimate
    assert estimate is not None
    return estimate.by_path[path]


def test_a_convolution_takes_the_longer_of_its_macs_and_its_bytes() -> None:
    by_compute = timing(chain(CONV), "conv2d_1", device(macs=1e6, memory=1e9))
    assert by_compute.seconds == pytest.approx(CONV_MACS / 1e6)
    assert by_compute.limited_by == "compute"
    by_memory = timing(chain(CONV), "conv2d_1", device(macs=1e9, memory=1e6))
    assert by_memory.bytes == CONV_BYTES
    assert by_memory.seconds == pytest.approx(CONV_BYTES / 1e6)
    assert by_memory.limited_by == "memory"
    assert by_memory.intensity == pytest.approx(2 * CONV_MACS / CONV_BYTES)


def test_a_call_costs_what_it_costs_on_top() -> None:
    found = timing(chain(CONV), "conv2d_1", device(macs=1e9, memory=1e9, call=0.5))
    assert found.seconds == pytest.approx(0.5 + CONV_MACS / 1e9)
    assert found.limited_by == "overhead"


def test_weights_in_a_memory_of_their_own_come_at_the_same_time() -> None:
    slow_weights = timing(chain(CONV), "conv2d_1", device(macs=1e12, memory=1e6, weights=1e3))
    assert slow_weights.seconds == pytest.approx(4 * CONV_WEIGHTS / 1e3)
    quick_weights = timing(chain(CONV), "conv2d_1", device(macs=1e12, memory=1e6, weights=1e9))
    assert quick_weights.seconds == pytest.approx(4 * (CONV_IN + CONV_OUT) / 1e6)


def test_without_a_bandwidth_only_macs_take_time() -> None:
    found = timing(chain(CONV, MaxPooling2D()), "conv2d_1", device(macs=1e6, memory=None))
    assert found.seconds == pytest.approx(CONV_MACS / 1e6)
    assert timing(chain(CONV, MaxPooling2D()), "maxpooling2d_2", device(memory=None)).seconds == 0


@pytest.mark.parametrize(
    ("rule", "shape", "kind"),
    [
        (CONV, (8, 8, 3), "convolution"),
        (Conv1D(filters=4, kernel_size=3), (8, 3), "convolution"),
        (Conv2D(filters=4, kernel_size=1), (8, 8, 4), "pointwise"),
        (Conv2D(filters=4, kernel_size=3, groups=2), (8, 8, 4), "convolution"),
        (Conv2D(filters=4, kernel_size=3, groups=4), (8, 8, 4), "depthwise"),
        (Conv2DTranspose(filters=4, kernel_size=3), (8, 8, 4), "convolution"),
        (DepthwiseConv2D(kernel_size=3), (8, 8, 4), "depthwise"),
        (Dense(units=4), (8,), "dense"),
        (LSTM(units=4), (8, 3), "dense"),
        (MaxPooling2D(), (8, 8, 4), "all"),
    ],
)
def test_every_kind_has_its_own_ceiling(rule: Rule, shape: tuple[int, ...], kind: str) -> None:
    name = f"{type(rule).__name__.lower()}_1"
    rates = {one: 1e3 * (place + 2) for place, one in enumerate(KINDS)}
    (operation,) = timing(chain(rule, shape=shape), name, device(macs=1e3, memory=None, **rates)).operations
    assert operation.kind == kind
    if operation.macs:
        assert operation.seconds == pytest.approx(operation.macs / rates[kind])


def test_a_layer_of_several_kinds_is_of_the_one_that_multiplies_most() -> None:
    attention = MultiHeadAttention(num_heads=2, key_dim=4)
    model = graph({"attention": (attention, [["input", "input"]])}, ["attention"], {"input": (4, 8)})
    projections, products = 4 * 4 * 8 * 8, 2 * 2 * 4 * 4 * 4
    (operation,) = timing(model, "attention").operations
    assert (operation.kind, operation.macs) == ("dense", projections + products)


def test_a_separable_layer_is_a_depthwise_and_a_pointwise_one() -> None:
    rule = SeparableConv2D(filters=16, kernel_size=3, padding="same", depth_multiplier=2)
    depthwise, pointwise = timing(chain(rule), "separableconv2d_1").operations
    assert (depthwise.kind, depthwise.macs) == ("depthwise", 3 * 3 * 3 * 2 * 8 * 8)
    assert (depthwise.read, depthwise.weights, depthwise.written) == (4 * 8 * 8 * 3, 4 * 9 * 3 * 2, 4 * 8 * 8 * 6)
    assert (pointwise.kind, pointwise.macs) == ("pointwise", 6 * 16 * 8 * 8)
    assert (pointwise.read, pointwise.weights, pointwise.written) == (4 * 8 * 8 * 6, 4 * (6 * 16 + 16), 4 * 8 * 8 * 16)


def test_what_folds_into_another_layer_takes_no_time() -> None:
    plain = chain(Conv2D(filters=16, kernel_size=3), shape=(10, 10, 3))
    model = chain(ZeroPadding2D(), Conv2D(filters=16, kernel_size=3), BatchNormalization(), ReLU(), Dropout(rate=0.5))
    estimate = on(model, device()).estimate
    assert estimate is not None
    into = {path: one.fused_into for path, one in estimate.by_path.items()}
    assert into == {
        "input": None,
        "zeropadding2d_1": "conv2d_2",
        "conv2d_2": None,
        "batchnormalization_3": "conv2d_2",
        "relu_4": "conv2d_2",
        "dropout_5": "",
    }
    assert estimate.seconds == estimate.by_path["conv2d_2"].seconds
    # The padded input is never written: what is read is the smaller one.
    saved = 4 * (10 * 10 - 8 * 8) * 3
    assert timing(plain, "conv2d_1").bytes - estimate.by_path["conv2d_2"].bytes == saved


def test_a_normalization_that_cannot_fold_moves_its_bytes() -> None:
    model = graph(
        {"norm": (BatchNormalization(), [["input"]]), "add": (Add(), [["input", "norm"]])},
        ["add"],
        {"input": (4, 4, 2)},
    )
    assert timing(model, "norm").bytes == 4 * (2 * 4 * 4 * 2 + 4 * 2)
    assert timing(model, "add").bytes == 4 * 3 * 4 * 4 * 2


def test_a_layer_that_is_called_twice_takes_its_time_twice_and_reads_its_weights_twice() -> None:
    shared = graph({"conv": (Conv2D(filters=3, kernel_size=1), [["input"], ["conv"]])}, ["conv:1"])
    once = graph({"conv": (Conv2D(filters=3, kernel_size=1), [["input"]])}, ["conv"])
    assert timing(shared, "conv").seconds == pytest.approx(2 * timing(once, "conv").seconds)
    assert timing(shared, "conv").bytes == 2 * timing(once, "conv").bytes


def test_of_a_table_only_the_rows_that_are_looked_up_are_read() -> None:
    found = timing(chain(Embedding(input_dim=10_000, output_dim=8), shape=(5,)), "embedding_1")
    assert found.bytes == 4 * 5 + 4 * 5 * 8 + 4 * 5 * 8


def test_a_layer_that_is_not_counted_has_no_time_and_the_total_says_so() -> None:
    model = chain(CONV, Unknown("no rule"), name="net")
    estimate = on(model, device()).estimate
    assert estimate is not None
    assert not estimate.complete
    assert not estimate.by_path["unknown_2"].known
    assert estimate.seconds == estimate.by_path["conv2d_1"].seconds


def test_the_dtype_decides_bytes_and_ceiling() -> None:
    estimate = on(chain(CONV), device(macs=1e6, memory=1e12), dtype="int8").estimate
    assert estimate is not None
    found = estimate.by_path["conv2d_1"]
    assert found.bytes == CONV_BYTES // 4
    assert found.seconds == pytest.approx(CONV_MACS / 4e6)


def test_a_dtype_without_a_ceiling_is_refused_by_name() -> None:
    with pytest.raises(ConvcostError) as refused:
        on(chain(CONV), device(), dtype="float16")
    for said in ("test-device", "no ceiling for float16", "--dtype float32 or int8", "'conv2d_1'"):
        assert said in str(refused.value)
    on(chain(MaxPooling2D()), device(), dtype="float16")  # it has no MACs, and needs none


def test_a_batch_moves_its_weights_once() -> None:
    estimate = on(chain(CONV), device(macs=1e12, memory=1e6), batch=5).estimate
    assert estimate is not None
    assert estimate.seconds == pytest.approx(4 * (5 * (CONV_IN + CONV_OUT) + CONV_WEIGHTS) / 1e6)


rates = st.floats(1e3, 1e12)
networks = st.lists(
    st.sampled_from(
        [
            CONV,
            Conv2D(filters=8, kernel_size=1, use_bias=False),
            DepthwiseConv2D(kernel_size=3, padding="same"),
            SeparableConv2D(filters=4, kernel_size=3, padding="same"),
            BatchNormalization(),
            ReLU(),
            MaxPooling2D(pool_size=1),
            Dense(units=5),
        ]
    ),
    min_size=1,
    max_size=6,
).map(lambda rules: chain(*rules))


@given(networks, rates, rates, st.floats(0, 1e-3))
def test_no_time_is_below_a_roof_and_the_model_takes_the_sum(
    model: Model, macs: float, memory: float, call: float
) -> None:
    estimate = on(model, device(macs, memory, call=call)).estimate
    assert estimate is not None
    for one in estimate.timings:
        calls = len(one.operations) * call
        assert one.seconds >= calls + one.macs / macs * (1 - 1e-9)
        assert one.seconds >= calls + one.bytes / memory * (1 - 1e-9)
        assert one.seconds <= calls + (one.macs / macs + one.bytes / memory) * (1 + 1e-9)
    assert estimate.seconds == pytest.approx(sum(one.seconds for one in estimate.timings))
    assert sum(map(estimate.share, estimate.timings)) == pytest.approx(1)


@given(networks, rates, rates)
def test_a_device_of_twice_the_rates_takes_half_the_time(model: Model, macs: float, memory: float) -> None:
    slow, quick = on(model, device(macs, memory)).estimate, on(model, device(2 * macs, 2 * memory)).estimate
    assert slow is not None and quick is not None
    assert quick.seconds == pytest.approx(slow.seconds / 2)


@given(networks, rates, rates)
def test_the_macs_of_operations_are_those_of_the_layers(model: Model, macs: float, memory: float) -> None:
    report = on(model, device(macs, memory))
    assert report.estimate is not None
    by_layer = {row.path: row.cost.macs for row in report.rows if row.cost}
    assert {one.path: one.macs for one in report.estimate.timings} == by_layer


def what_if(model: Model, profile: Device, variant: str = "separable") -> Report:
    return analyze(model, device=profile, variants=[variant])


def test_a_what_if_that_changes_nothing_gains_nothing() -> None:
    gained = speedup(what_if(chain(Dense(units=4)), device()))
    assert gained is not None
    assert (gained.speed_up, gained.reduction_factor, gained.changes, gained.parts) == (1, 1, (), False)
    assert parting(what_if(chain(Dense(units=4)), device())) is None


def test_where_macs_decide_the_speed_up_is_the_macs_reduction() -> None:
    gained = speedup(what_if(chain(CONV), device(macs=1e6, memory=1e12)))
    assert gained is not None
    standard, separable = 27 * 16 * 64, 27 * 64 + 3 * 16 * 64
    assert gained.reduction_factor == pytest.approx(standard / separable)
    assert gained.speed_up == pytest.approx(standard / separable)
    assert not gained.parts and not gained.no_faster


def test_where_bytes_decide_the_separable_layer_is_slower_and_the_warning_says_so() -> None:
    report = what_if(chain(CONV), device(macs=1e12, memory=1e6))
    gained = speedup(report)
    assert gained is not None
    depthwise = 4 * (8 * 8 * 3 + 9 * 3 + 8 * 8 * 3)
    pointwise = 4 * (8 * 8 * 3 + 3 * 16 + 16 + 8 * 8 * 16)
    assert gained.speed_up == pytest.approx(CONV_BYTES / (depthwise + pointwise))
    assert [change.path for change in gained.no_faster] == ["conv2d_1"]
    assert gained.parts
    said = parting(report)
    assert said is not None
    assert "separable: the estimated speed-up on test-device is" in said and "much less than" in said


def test_parting_starts_at_its_factor() -> None:
    """A reduction of 9 to 1 of which memory leaves a speed-up just above and just below 9 / PARTING."""
    for excess, parts in ((1.05, False), (0.95, True)):
        report = what_if(chain(CONV), device(macs=1e6, memory=1e12))
        gained = speedup(report)
        assert gained is not None and gained.reduction_factor is not None
        moved = type(gained)(
            before=gained.reduction_factor / PARTING * excess,
            after=1.0,
            reduction_factor=gained.reduction_factor,
            changes=(),
        )
        assert moved.parts is parts


def test_a_variant_of_several_layers_is_told_by_the_layer_that_it_replaces() -> None:
    report = what_if(chain(CONV), device(), "mobilenet")
    gained = speedup(report)
    assert gained is not None
    (change,) = gained.changes
    assert report.what_if is not None and report.what_if.report.estimate is not None
    assert change.path == "conv2d_1"
    assert change.after == pytest.approx(report.what_if.report.estimate.seconds)


def test_every_variant_has_an_estimate_of_its_own() -> None:
    report, what_ifs = under_variants(chain(CONV), variants=["separable", "low_rank"], device=device())
    assert report.estimate is not None
    assert all(one.report.estimate is not None for one in what_ifs)


def test_conventions_and_traced_models_have_no_estimate() -> None:
    with pytest.raises(ConvcostError, match="convention or device, not both"):
        analyze(chain(CONV), convention="fvcore", device=device())
    with pytest.raises(ConvcostError, match="takes no device"):
        analyze("model.keras", engine="keras", device=device())
