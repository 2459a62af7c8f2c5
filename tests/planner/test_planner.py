"""Plans: what they promise holds for the converted model, to the unit, and no other choice loses less."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from convcost import api, variants
from convcost.errors import ConvcostError
from convcost.layers.convolution import Conv2D
from convcost.layers.merging import Concatenate
from convcost.layers.normalization import BatchNormalization
from convcost.model import Model
from convcost.planning import planner
from convcost.planning.planner import METRICS, ImpossibleError, Offer
from convcost.profile import profile
from tests.building import chain, graph
from tests.conftest import Result

Run = Callable[..., Result]


def conv(filters: int = 16, **others: object) -> Conv2D:
    return Conv2D(**{"filters": filters, "kernel_size": 3, "padding": "same"} | others)


def branched() -> Model:
    """Two branches, a shared layer, a stride and a normalization."""
    nodes = {
        "a": (conv(12), [["input"]]),
        "norm": (BatchNormalization(), [["a"]]),
        "b": (conv(16, strides=2), [["norm"]]),
        "c": (conv(16, strides=2, kernel_size=5), [["norm"]]),
        "shared": (conv(16, use_bias=False), [["b"], ["c"]]),
        "cat": (Concatenate(), [["shared", "shared:1"]]),
        "d": (conv(8), [["cat"]]),
    }
    return graph(nodes, ["d"], {"input": (16, 16, 6)})


def every(names: list[str]) -> list[Offer]:
    return [Offer(variants.variant_of(name), 0.1 * (place + 1)) for place, name in enumerate(names)]


SOME = ["separable(m=2)", "separable", "mobilenet", "bsconv_u", "low_rank(r=3)", "inverted_residual"]


@given(st.data())
@settings(max_examples=40)
def test_what_is_predicted_is_what_the_converted_model_costs(data: st.DataObject) -> None:
    model = branched()
    report = profile(model)
    names = data.draw(st.lists(st.sampled_from(SOME), min_size=1, unique=True))
    offers = {path: every(names) for path in data.draw(st.sets(st.sampled_from(["a", "b", "c", "shared", "d"])))}
    metric = data.draw(st.sampled_from(METRICS))
    limit = data.draw(st.integers(1, getattr(report.totals, metric)))
    try:
        plan = planner.plan(model, report, offers, {metric: limit})
    except ImpossibleError:
        return
    assert getattr(plan.totals, metric) <= limit
    by_path = {one.path: variants.variant_of(one.variant) for one in plan.replacements}
    then = profile(variants.assigned(model, report, by_path).model)
    assert then.totals == plan.totals
    changed = sum(one.macs_after - one.macs_before for one in plan.replacements)
    assert plan.totals.macs == report.totals.macs + changed
    assert plan.loss == pytest.approx(sum(one.loss for one in plan.replacements))


@pytest.mark.parametrize("metrics", [("macs",), ("peak_activation_bytes",), ("params", "peak_activation_bytes")])
def test_no_other_choice_that_meets_the_limits_loses_less(metrics: tuple[str, ...]) -> None:
    """All choices of three layers, each profiled as a whole model, against the plan."""
    model = chain(conv(24), conv(24), conv(8), shape=(16, 16, 8))
    report = profile(model)
    names = ["low_rank(r=4)", "separable", "bsconv_u"]
    losses = {"conv2d_1": [0.3, 0.2, 0.5], "conv2d_2": [0.1, 0.4, 0.25], "conv2d_3": [0.6, 0.15, 0.2]}
    kinds = [variants.variant_of(name) for name in names]
    offers = {
        path: [Offer(kind, loss) for kind, loss in zip(kinds, lost, strict=True)] for path, lost in losses.items()
    }
    found = []
    for choice in itertools.product([None, 0, 1, 2], repeat=3):
        taken = {path: place for path, place in zip(losses, choice, strict=True) if place is not None}
        by_path = {path: kinds[place] for path, place in taken.items()}
        totals = profile(variants.assigned(model, report, by_path).model).totals
        found.append((sum(losses[path][place] for path, place in taken.items()), totals))
    seen = {metric: sorted({getattr(totals, metric) for _, totals in found}) for metric in metrics}
    for share in (0.0, 0.2, 0.5, 0.8):
        limits = {metric: values[int(share * len(values))] for metric, values in seen.items()}
        losses_within = [loss for loss, totals in found if all(getattr(totals, m) <= x for m, x in limits.items())]
        if losses_within:
            assert planner.plan(model, report, offers, limits).loss == pytest.approx(min(losses_within))
        else:
            with pytest.raises(ImpossibleError):
                planner.plan(model, report, offers, limits)


def test_a_peak_that_replacements_lower() -> None:
    """24 channels in and out; through 4 in the middle, both are never alive at once."""
    model = chain(conv(24), conv(24), shape=(16, 16, 4))
    report = profile(model)
    assert report.peak.bytes == 4 * 16 * 16 * (24 + 24)
    offers = {"conv2d_2": [Offer(variants.variant_of("low_rank(r=4)"), 0.1)]}
    plan = planner.plan(model, report, offers, {"peak_activation_bytes": 4 * 16 * 16 * (24 + 4)})
    assert [one.path for one in plan.replacements] == ["conv2d_2"]
    assert plan.totals.peak_activation_bytes == 4 * 16 * 16 * (24 + 4)
    with pytest.raises(ImpossibleError, match="peak_activation_bytes below 28,672"):
        planner.plan(model, report, offers, {"peak_activation_bytes": 4 * 16 * 16 * (24 + 4) - 1})


def saved(path: Path) -> Path:
    """Two convolutions, the first of which is separable, and the second not."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 8)),
            layers.Conv2D(24, 3, padding="same", use_bias=False, name="easy"),
            layers.Conv2D(24, 3, padding="same", use_bias=False, name="hard"),
        ],
        name="net",
    )
    generator = np.random.default_rng(0)
    apart = np.einsum("ijc,cn->ijcn", generator.standard_normal((3, 3, 8)), generator.standard_normal((8, 24)))
    model.get_layer("easy").set_weights([apart])
    model.save(path)
    return path


def test_the_layer_that_loses_nothing_goes_first(tmp_path: Path, run: Run) -> None:
    path = saved(tmp_path / "net.keras")
    before = api.analyze(path).totals.macs
    result = api.plan(path, {"macs": before - 1})
    assert result.plan is not None
    assert [(one.path, one.variant) for one in result.plan.replacements] == [("easy", "separable")]
    assert result.plan.loss == pytest.approx(0, abs=1e-9)
    kept = api.plan(path, {"macs": before - 1}, keep=["eas*"])
    assert kept.plan is not None
    assert [one.path for one in kept.plan.replacements] == ["hard"]


def test_min_energy(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.keras")
    lowest = api.plan(path, {}, front=True).front[-1].macs
    with pytest.raises(ImpossibleError, match=f"macs down to .* \\(the limit is {lowest:,}\\)"):
        api.plan(path, {"macs": lowest}, min_energy=0.8)
    limit = api.plan(path, {}, front=True, min_energy=0.8).front[-1].macs
    assert limit > lowest
    plan = api.plan(path, {"macs": limit}, min_energy=0.8).plan
    assert plan is not None
    scores = {
        layer.path: {s.variant: s for s in layer.scores}
        for layer in api.separability(path, fits=["pointwise_first", "spatial", "channel"]).layers
    }
    for one in plan.replacements:
        found = scores[one.path].get(one.variant)
        assert found is None or found.energy >= 0.8
        assert float(one.reason.split()[1]) >= 0.8


def test_variants_that_are_named_take_part_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.keras")
    limit = {"macs": api.analyze(path).totals.macs * 7 // 10}
    ranks = api.plan(path, limit, variants=["separable:hard"]).plan
    assert ranks is not None
    assert [one.path for one in ranks.replacements] == ["hard"]
    assert (
        ranks.replacements[0].variant == "separable(m=3)"
    )  # 1/4 + 3/4·m·(1/24 + 1/9) of the MACs: 0.594, m = 4: 0.708
    one_rank = api.plan(path, limit, variants=["separable(m=2):hard"]).plan
    assert one_rank is not None
    assert one_rank.replacements[0].variant == "separable(m=2)"
    without_fit = api.plan(path, limit, variants=["grouped(g=2):hard"]).plan
    assert without_fit is not None
    assert without_fit.replacements[0].reason == "initialised: keeps nothing of the kernel, 0.500 of the MACs"
    assert without_fit.loss == pytest.approx(24 / (24 + 8))


def test_without_weights_the_fewest_changes(configs: Path, run: Run) -> None:
    """VGG16 at 10 G of 15.5 G: no three layers of 1.85 G save as much, four do."""
    result = api.plan(configs / "vgg16.yaml", {"macs": 10_000_000_000})
    assert result.plan is not None
    assert len(result.plan.replacements) == 4
    assert "there are no weights to judge by" in result.losses
    assert run("plan", configs / "vgg16.yaml", "--max", "macs=10G", "--min-energy", "0.5").code == 2


def test_samples_measure_the_losses(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.keras")
    images = np.random.default_rng(0).standard_normal((20, 16, 16, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", images)
    limit = {"macs": api.analyze(path).totals.macs * 6 // 10}
    plan = api.plan(path, limit, samples=tmp_path / "x.npy", variants=["separable"]).plan
    assert plan is not None
    errors = {
        (layer.path, score.variant): score.error
        for layer in api.separability(path, samples=tmp_path / "x.npy").layers
        for score in layer.scores
    }
    for one in plan.replacements:
        assert one.loss == pytest.approx(errors[one.path, one.variant])


def test_the_front_is_that_of_all_limits(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.keras")
    result = api.plan(path, {}, front=True)
    assert result.plan is None
    macs = [point.macs for point in result.front]
    losses = [point.loss for point in result.front]
    assert macs == sorted(macs, reverse=True)
    assert losses == sorted(losses)
    for point in result.front:
        plan = api.plan(path, {"macs": point.macs}).plan
        assert plan is not None
        assert (plan.totals.macs, plan.loss) == (point.macs, pytest.approx(point.loss))


def test_a_plan_changed_by_hand_that_breaks_its_limits_is_told(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "plan.yaml"
    assert run("plan", "docs/digits.keras", "--max", "macs=600k", "-o", path).code == 0
    kept = run("rewrite", "docs/digits.keras", "--plan", path, "-o", tmp_path / "kept.keras")
    assert (kept.code, "the plan's limit" in kept.err) == (0, False)
    path.write_text(path.read_text().replace("macs: 600000", "macs: 500000"))
    told = run("rewrite", "docs/digits.keras", "--plan", path, "-o", tmp_path / "broken.keras")
    assert told.code == 0
    assert "the plan's limit is 500,000" in told.err


def test_the_plan_file_names_what_was_planned(tmp_path: Path, run: Run) -> None:
    from convcost.planning.plan_file import read

    path, file = saved(tmp_path / "net.keras"), tmp_path / "plan.yaml"
    other = tmp_path / "other.txt"
    result = run("plan", path, "--max", "macs=1M", "--format", "json", "-o", file, "-o", f"plan:{other}")
    assert result.code == 0, result.err
    data = json.loads(result.out)["planning"]
    assert data["limits"] == {"macs": 1_000_000}
    assert data["plan"]["totals"]["macs"] <= 1_000_000
    named = {one["path"]: variants.variant_of(one["variant"]) for one in data["plan"]["replacements"]}
    assert read(file) == read(other) == named
    assert "limits: {macs: 1000000}" in file.read_text()
    report = tmp_path / "plan.md"
    assert run("plan", path, "--max", "macs=1M", "-o", report).code == 0
    assert "| easy | separable |" in report.read_text().replace("\\", "")


@pytest.mark.parametrize(
    ("limits", "code", "said"),
    [
        (["--max", "macs=1"], 1, "error: no plan meets the limits; replacements get macs down to "),
        (
            ["--max", "macs=1M", "--max", "params=10"],
            1,
            "no plan meets the limits together; replacements get macs down",
        ),
        (["--max", "peak_activation_bytes=1KiB"], 1, "no choice gets peak_activation_bytes below"),
        (["--max", "mac=1M"], 2, "did you mean 'macs'?; allowed: METRIC=LIMIT"),
        (["--max", "macs=5MiB"], 2, "--max macs: is '5MiB', allowed: "),
        (["--max", "weight_bytes=5M"], 2, "--max weight_bytes: is '5M', allowed: bytes with their unit"),
        (["--max", "macs=1M", "--keep", "nothing"], 2, "'nothing' names no layer of net"),
        (["--max", "macs=1M", "--variants", "separable:nothing"], 2, "'nothing' names no layer of net"),
        ([], 2, "--max is missing"),
    ],
)
def test_refusals(limits: list[str], code: int, said: str, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "plan.yaml"
    result = run("plan", saved(tmp_path / "net.keras"), *limits, "-o", file)
    assert (result.code, result.out, file.exists()) == (code, "", False)
    assert said in result.err


def test_json_stays_json_in_a_pipe_with_the_solver_in_use(tmp_path: Path) -> None:
    """HiGHS writes to C's own stdout, whose buffer a pipe empties when the program ends."""
    path = saved(tmp_path / "net.keras")
    command = [
        sys.executable,
        "-m",
        "convcost",
        "plan",
        str(path),
        "--format",
        "json",
        "--max",
        "macs=1M",
        "--max",
        "params=5k",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    plan = json.loads(done.stdout)["planning"]["plan"]
    assert plan["totals"]["macs"] <= 1_000_000
    assert plan["totals"]["params"] <= 5_000


def test_a_plan_that_is_none_is_refused(tmp_path: Path) -> None:
    from convcost.planning.plan_file import read

    for text, said in [
        ("layers: {}", "missing required field `convcost_plan`"),
        ("convcost_plan: 2\nlayers: {}", "convcost_plan is 2, allowed: 1"),
        ("convcost_plan: 1\nlayers: {a: {variant: seperable}}", "layer 'a': no variant 'seperable'; did you mean"),
        ("convcost_plan: 1\nlayers: {a: {variant: 'separable:b'}}", "without a glob"),
    ]:
        (tmp_path / "plan.yaml").write_text(text)
        with pytest.raises(ConvcostError) as refused:
            read(tmp_path / "plan.yaml")
        assert said in str(refused.value)


def test_the_rewritten_file_costs_what_the_plan_predicts(tmp_path: Path, run: Run) -> None:
    """From the plan's file by way of rewrite to an archive that is analyzed, and counted by Keras."""
    path, file, out = saved(tmp_path / "net.keras"), tmp_path / "plan.yaml", tmp_path / "out.keras"
    planned = json.loads(run("plan", path, "--max", "macs=900k", "--format", "json", "-o", file).out)["planning"][
        "plan"
    ]
    assert run("rewrite", path, "--plan", file, "-o", out).code == 0
    totals = json.loads(run("analyze", out, "--format", "json").out)["totals"]
    assert totals == planned["totals"]
    assert keras.models.load_model(out).count_params() == planned["totals"]["params"]
