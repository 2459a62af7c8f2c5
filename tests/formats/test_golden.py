"""Results of every kind through the formats of text, against files that people have looked at.

`UPDATE_GOLDEN=1 pytest tests/formats` rewrites the files, and fails, so that a changed file is looked at again.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from convcost import api, formats
from convcost.device import ByKind, Device, Figure, Law
from convcost.kernels.kernel_scores import KernelScores, Score, Separability
from convcost.layers.convolution import Conv2D, DepthwiseConv2D
from convcost.layers.dense import Dense
from convcost.layers.normalization import BatchNormalization
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.measuring.bench import Bench, Candidate, Machine
from convcost.measuring.calibration import Calibration, Error
from convcost.measuring.timing import Outcome, Pace
from convcost.memory.footprint import footprint
from convcost.model import Model, Unknown, Weight
from convcost.planning.planner import Offer, Planning, front, plan
from convcost.report import Report, WhatIf
from convcost.sweeping.axes import Axis
from convcost.sweeping.front import Objective
from convcost.sweeping.sweep import Configuration, Sweep
from convcost.table import View
from convcost.variants.low_rank import LowRank
from convcost.variants.separable import Separable
from convcost.widening import Widening
from tests.building import chain, graph
from tests.conftest import DRAWN

GOLDEN = Path(__file__).parent / "golden"
VIEWS = {"wide": View(), "narrow": View(width=80), "raw": View(raw=True, flops=True), "tree": View(depth=1)}


def example() -> Model:
    """A net with a nested model, a shared layer, an unknown layer, and a name that no format may obey."""
    block = chain(DepthwiseConv2D(kernel_size=3), BatchNormalization(), shape=(None, None, 16), name="block")
    nodes = {
        "stem": (Conv2D(filters=16, kernel_size=3, strides=2, padding="same", use_bias=False), [["image"]]),
        "block": (block, [["stem"], ["stem"]]),
        "[/red]|<b>=a%b::c": (Conv2D(filters=1, kernel_size=3, padding="same"), [["block:1"]]),
        "mystery": (Unknown("no rule for Mystery of elsewhere", (Weight("kernel", (3, 5)),)), [["block"]]),
        "pool": (GlobalAveragePooling2D(), [["[/red]|<b>=a%b::c"]]),
        "head": (Dense(units=1000), [["pool"]]),
    }
    model = graph(nodes, ["head", "mystery"], {"image": (32, 32, 3)})
    return msgspec.structs.replace(model, name="example", source="example.keras", format="keras")


MODEL = example()
REPORT = api.analyze(MODEL)
WHAT_IFS = [REPORT.what_if, msgspec.structs.replace(REPORT.what_if, variant="ghost(s=4)", refused={"stem": "a|b"})]
HOSTILE = "[/red]|<b>=a%b::c"


def scores() -> Separability:
    """Three kernels: entangled, close at m = 2, and of zeros."""
    entangled = (Score("separable", 0.15, 0.4, 0.25, 0.55), Score("separable(m=9)", 1.2, 1.0, 1.0, 0.0))
    mixed = (Score("separable", 0.2, 0.8, 0.7, 0.2), Score("separable(m=2)", 0.4, 0.96, 0.9, 0.01))
    zero = (Score("separable", 0.2, 1.0, 1.0, None),)
    layers = (
        KernelScores("stem", (3, 3, 3, 16), entangled),
        KernelScores(HOSTILE, (3, 3, 16, 8), mixed),
        KernelScores("dead", (5, 2, 4), zero, zero=True),
    )
    return Separability(REPORT, layers, {"up|": "transposed: no variant stands in for it"}, samples=32)


def planned() -> Planning:
    """Two replacements, and a front of three points."""
    offers = {"stem": [Offer(Separable(), 0.25, "keeps 0.500 of the energy")], HOSTILE: [Offer(LowRank(r=1), 0.125)]}
    limits = {"macs": 150_000, "peak_activation_bytes": 50_000}
    return Planning(REPORT, limits, "what is told", plan(MODEL, REPORT, offers, limits), front(REPORT, offers, {}, 2))


def swept() -> Sweep:
    """A grid of two by three, with a front, a total that is a lower bound, and two that are not valid."""
    axes = (Axis("parameter", "alpha", (0.25, 1.0)), Axis("input", "", ((8, 8, 3), 96, (224, 224, 3))))
    shapes = ((8, 8, 3), 96, (224, 224, 3))
    rows = (
        Configuration((0.25, shapes[0]), *[None] * 6, reason=f"spec.yaml:3: layer {HOSTILE!r}: no | window"),
        Configuration(
            (0.25, shapes[1]), 13_600_000, 28_800_000, 476_000, 1_904_000, 393_216, 12_900_000, on_front=True
        ),
        Configuration(
            (0.25, shapes[2]), 41_000_000, 87_100_000, 476_000, 1_904_000, 1_204_224, 39_000_000, on_front=True
        ),
        Configuration((1.0, shapes[0]), *[None] * 6, reason="=formula"),
        Configuration((1.0, shapes[1]), 186_000_000, 379_000_000, 4_253_864, 17_015_456, 1_572_864, 183_000_000),
        Configuration(
            (1.0, shapes[2]), 569_000_000, 1_160_000_000, 4_253_864, 17_015_456, 4_816_896, 559_000_000, False
        ),
    )
    return Sweep(HOSTILE, axes, rows, 6, 1, 3, (Objective("macs"), Objective("peak_activation_bytes", "max")))


def board() -> Device:
    """Figures of every origin, one of a kind of its own, and weights that lie elsewhere."""
    vendor, measured = Figure(2e9, "vendor", "data sheet, p. 3"), Figure(4e9, "measured", HOSTILE)
    return Device(
        name="board",
        title="A board|of tests",
        date="2026-11-24",
        macs_per_second={
            "float32": ByKind(all=vendor, depthwise=Figure(5e8, "derived", "clock · lanes")),
            "int8": ByKind(all=measured),
        },
        bytes_per_second=ByKind(all=Figure(1e9, "published", "a paper")),
        weight_bytes_per_second=ByKind(all=Figure(2.5e8, "derived", "bus · clock")),
        seconds_per_call=ByKind(all=Figure(1e-5, "measured", "empty layers")),
        notes="not a board",
    )


def estimated() -> tuple[Report, list[WhatIf]]:
    """A model on a device as it is, and under variants."""
    return api.under_variants(MODEL, variants=["separable", "low_rank(r=1)"], device=board())


def benched() -> Bench:
    """Two dtypes, one with an estimate; what could not be measured says why."""
    report, (separable, _) = estimated()
    candidates = (
        Candidate("", "float32", report, Outcome((0.0021, 0.0019, 0.002))),
        Candidate("separable", "float32", separable.report, Outcome((0.001, 0.0012, 0.0011))),
        Candidate("", "int8", REPORT, Outcome((0.0005,) * 3)),
        Candidate("separable", "int8", WHAT_IFS[0].report, Outcome(problem=f"no kernel for {HOSTILE}")),
    )
    return Bench("example", MACHINE, Pace(3, 1.5), candidates)


def calibrated() -> Calibration:
    """A kind with a law of all terms, one that no MACs decide, and one of which nothing was unseen."""
    source = "convcost calibrate: fitted by 9 layers"
    rates = {
        name: Figure(value, "measured", source)
        for name, value in (("macs_per_second", 3.2e10), ("seconds_per_call", 1.5e-6))
    }
    moved = Law(
        bytes_read_per_second=Figure(4e9, "measured", source), bytes_written_per_second=Figure(2e9, "measured", source)
    )
    laws = {"float32": {"convolution": Law(**rates), "large_depthwise": Law(**rates), "all": moved}}
    errors = (
        Error("float32", "convolution", 9, 4, 0.041, 0.125),
        Error("float32", "large_depthwise", 5, 0, 0.0, 0.0),
        Error("float32", "all", 12, 3, 0.3, 0.75),
        Error("float32", "", 26, 7, 0.08, 0.5),
    )
    profile = msgspec.structs.replace(board(), name="this-machine", title=str(MACHINE), laws=laws)
    return Calibration(profile, MACHINE, errors, (f"pooling_3: {HOSTILE}",), interrupted=True)


MACHINE = Machine("A processor|of tests", 2, "LiteRT 2.1")
SHOWN: dict[str, tuple[object, ...]] = {
    "report": (REPORT,),
    "reports": ([REPORT, REPORT],),
    "variants": (REPORT, WHAT_IFS),
    "comparison": (api.compare(3, 128, 3, 5),),
    "separability": (scores(),),
    "planning": (planned(),),
    "widening": (Widening(REPORT, "separable", REPORT, REPORT, "macs", "", 1.25),),
    "sweep": (swept(),),
    "footprint": (footprint(MODEL, dtype="int8", reorder=True, ram=9 * 2**10, flash=2000),),
    "bench": (benched(),),
    "calibration": (calibrated(),),
    "devices": ([board(), calibrated().device],),
    "device": (board(),),
}
CASES = {
    **{what: (what, results, View()) for what, results in SHOWN.items()},
    "report-device": ("report", (api.analyze(MODEL, device=board()),), View(device=True)),
    "variants-device": ("variants", estimated(), View(device=True)),
}
"""By the name of its files: what is shown, of what, and how."""


GOLDEN_FILES = [
    (case, name) for case, (what, *_) in CASES.items() for name in formats.showing(what) if name not in DRAWN
]


def check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
        pytest.fail(f"{name} is rewritten: look at the difference")
    assert text == path.read_text()


def suffix(name: str) -> str:
    return str(formats.named(name).SUFFIX)


def test_every_format_has_its_golden_files() -> None:
    expected = {f"{case}{suffix(name)}" for case, name in GOLDEN_FILES}
    expected |= {f"report-{view}.txt" for view in VIEWS if view != "wide"}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize(("case", "name"), GOLDEN_FILES)
def test_golden(case: str, name: str) -> None:
    what, results, view = CASES[case]
    text = formats.render(formats.named(name, what), what, *results, view)
    check(f"{case}{suffix(name)}", text.replace(f'"version": "{_version()}"', '"version": "X"'))


@pytest.mark.parametrize("view", [name for name in VIEWS if name != "wide"])
def test_golden_views_of_the_table(view: str) -> None:
    check(f"report-{view}.txt", formats.render(formats.named("table"), "report", REPORT, VIEWS[view]))


def test_a_terminal_gets_the_same_cells_in_a_rich_table() -> None:
    terminal = View(width=140, terminal=True, color=True)
    shown = formats.render(formats.named("table"), "report", REPORT, terminal)
    assert "\x1b[" in shown
    bare = formats.render(formats.named("table"), "report", REPORT, msgspec.structs.replace(terminal, color=False))
    assert "\x1b" not in bare
    plain = formats.render(formats.named("table"), "report", REPORT, View(width=140))
    words = [word for word in bare.split() if set(word) != {"─"}]
    assert words == plain.split()
    narrow = formats.render(
        formats.named("table"), "report", REPORT, msgspec.structs.replace(terminal, width=80, color=False)
    )
    tables = [line for line in narrow.splitlines() if not line.startswith("  mystery")]
    assert max(map(len, tables)) <= 80


def _version() -> str:
    from convcost import __version__

    return __version__


@pytest.mark.parametrize("what", ["reports", "variants"])
def test_a_narrow_terminal_shows_fewer_columns_and_whole_figures(what: str) -> None:
    table = formats.named("table", "report")
    wide = formats.render(table, what, *SHOWN[what], View(terminal=True, width=200))
    narrow = formats.render(table, what, *SHOWN[what], View(terminal=True, width=60))
    assert max(map(len, narrow.splitlines())) <= 60
    rows = [line.split() for line in narrow.splitlines() if "≥" in line or "196 k" in line or "separable" in line]
    assert rows
    for row in rows:
        assert all(cell in wide for cell in row)
    assert "MACs" in narrow


def test_text_on_a_terminal_goes_on_below_at_blanks() -> None:
    from convcost.formats._plain import folded

    told = "  a sentence that is longer than its terminal, by far\nshort\n"
    assert folded(told, 24) == "  a sentence that is\n  longer than its\n  terminal, by far\nshort\n"
    assert folded("x" * 30 + "\n", 24) == "x" * 30 + "\n"
