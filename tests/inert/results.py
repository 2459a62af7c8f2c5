"""One result of every kind that formats show, with a name wherever a file may put one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import msgspec

from convcost import api
from convcost.budget.difference import difference, grew_most
from convcost.budget.figures import Figures, figures_of
from convcost.budget.judge import Absent, Conditions, Locked, judge
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.budget.rules import Allowed, Ceiling, Growth, Match, Place, Subject
from convcost.budget.verdicts import Checked, Growing, Largest, ModelCheck, Over, Problem
from convcost.conventions.explanation import explained
from convcost.device import ByKind, Device, Figure, Law
from convcost.kernels.kernel_scores import KernelScores, Score, Separability
from convcost.layers.activations import Activation
from convcost.layers.convolution import Conv2D
from convcost.layers.dense import Dense
from convcost.layers.passing import InputLayer
from convcost.layers.pooling import GlobalAveragePooling2D
from convcost.measuring.bench import Bench, Candidate, Machine
from convcost.measuring.calibration import Calibration, Error
from convcost.measuring.timing import Outcome, Pace
from convcost.memory.footprint import footprint
from convcost.model import Call, Layer, Model, Ref, Rule, Unknown, Weight
from convcost.planning.planner import Plan as Planned
from convcost.planning.planner import Planning, Point, Replacement
from convcost.profile import profile
from convcost.report import Report
from convcost.sweeping.axes import Axis
from convcost.sweeping.front import Objective
from convcost.sweeping.sweep import Configuration, Sweep
from convcost.verification import Disagreement, Explained, Verification
from convcost.widening import Widening

PLAIN, PLAIN_FILE = "Quux", "Corge"
"""Names that nothing obeys: what is shown of hostile ones is what is shown of these, with those in their place."""


def file_of(name: str) -> str:
    """A name that a file may have."""
    return PLAIN_FILE if name == PLAIN else name.replace("/", "∕")


def model(name: str, filters: int = 16) -> Model:
    """Convolutions, one of them in a nested model, and a layer of a class that no rule knows."""
    inner = Model(
        f"{name}m",
        (
            _layer(f"{name}i", InputLayer(batch_shape=(None, 16, 16, 16))),
            _layer(f"{name}c", _conv(filters), f"{name}i"),
        ),
        (Ref(f"{name}i"),),
        (Ref(f"{name}c"),),
    )
    layers = (
        _layer(f"{name}0", InputLayer(batch_shape=(None, 16, 16, 16))),
        _layer(f"{name}1", _conv(16), f"{name}0"),
        _layer(f"{name}2", inner, f"{name}1"),
        _layer(f"{name}3", Activation(activation="relu"), f"{name}2"),
        _layer(f"{name}4", Unknown(f"no rule for {name}", (Weight(f"{name}w", (3, 5)),)), f"{name}2", kind=f"{name}K"),
        _layer(f"{name}5", GlobalAveragePooling2D(), f"{name}3"),
        _layer(f"{name}6", Dense(units=10), f"{name}5"),
    )
    outputs = (Ref(f"{name}6"), Ref(f"{name}4"))
    return Model(f"{name}net", layers, (Ref(f"{name}0"),), outputs, source=f"{file_of(name)}.keras", format="keras")


def _conv(filters: int) -> Conv2D:
    return Conv2D(filters=filters, kernel_size=3, padding="same", activation="relu")


def _layer(name: str, rule: Rule | Model | Unknown, reads: str = "", kind: str = "") -> Layer:
    return Layer(name, kind or type(rule).__name__, rule, (Call((Ref(reads),) if reads else ()),))


def report(name: str) -> Report:
    return msgspec.structs.replace(api.analyze(model(name)), warnings=(f"layer {name}: odd",))


def scores(name: str) -> Separability:
    mixed = (Score("separable", 0.2, 0.8, 0.7, 0.2), Score("separable(m=2)", 0.4, 0.96, 0.9, 0.01))
    layers = (KernelScores(f"{name}1", (3, 3, 16, 16), mixed), KernelScores(f"{name}2", (5, 2, 4), mixed, zero=True))
    return Separability(report(name), layers, {f"{name}3": f"it reads {name}"}, samples=32)


def planned(name: str) -> Planning:
    told = report(name)
    replaced = (Replacement(f"{name}1", f"separable:{name}", 900, 300, 0.25, f"keeps {name}"),)
    points = (Point(1000, 0.0, 0), Point(500, 0.25, 1))
    return Planning(told, {"macs": 150_000}, f"what {name} is", Planned(replaced, told.totals, 0.25), points)


def widened(name: str) -> Widening:
    told = report(name)
    return Widening(told, f"separable:{name}", told, told, "macs", f"{name}p", 1.25)


def verification(name: str) -> Verification:
    told = report(name)
    return Verification(
        told,
        told,
        f"Keras {name}",
        (
            Disagreement(f"{name}1", f"{name}K", "layer", "there", f"not {name}"),
            Disagreement(f"{name}2", f"{name}K", "outputs", ((1, 2, 3),), ((1, 2, 4),)),
        ),
        (Explained(f"{name}3", f"{name}K", 3, 4, f"as {name} does"),),
        tuple(row for row in told.rows if row.cost is None),
    )


def checked(name: str) -> Checked:
    """Verdicts of every outcome, what grew, what is largest, and a model that could not be read."""
    now, before = _figures(name, 20), _figures(name, 16)
    subject = Subject(
        f"{name}net",
        f"zoo/{file_of(name)}.yaml",
        _at(name, 4),
        rules=(
            Ceiling(OF_MODEL["macs"], _at(name, 7), 400_000, 350_000),
            Growth(OF_MODEL["macs"], _at(name, 7), Fraction(1, 50)),
            Ceiling(OF_MODEL["params"], _at(name, 8), 10**9, 1_400),
            Ceiling(OF_LAYER["macs"], _at(name, 11), 200_000, match=Match("**")),
            Ceiling(OF_LAYER["params"], _at(name, 12), 10**9, match=Match("Dense", "kind"), together=True),
        ),
        message=f"Limits of {name}",
        allowed=(Allowed("**", _at(name, 13)),),
    )
    changes = difference(before, now).changes
    grown = tuple(Growing(key, "count", f"main {name}", grew_most(changes, key)) for key in ("macs", "params"))
    locked = Locked(f"{file_of(name)}.lock.json", {"macs": 60_000, "params": 1_100}, {"macs": 5, "params": 6})
    verdicts = judge(subject, now, before, locked, Conditions())
    renamed = [msgspec.structs.replace(one, match=f"{name}*") for one in verdicts if one.match == "**"]
    measured = ModelCheck(
        subject.name,
        subject.source,
        subject.place,
        (*verdicts, *renamed),
        {f"{name}0": (16, 16, 16)},
        subject.message,
        now,
        f"main {name}",
        grown,
        (Largest("macs", "count", (Over(f"{name}1", 12, 3),)),),
        (f"a note on {name}",),
    )
    strict = msgspec.structs.replace(subject, name=f"{name}new", allowed=())
    new = msgspec.structs.replace(
        measured, name=strict.name, verdicts=judge(strict, now, Absent(f"new {name}", new=True), None, Conditions())
    )
    gone = ModelCheck(
        f"{name}gone", f"zoo/{file_of(name)}.keras", _at(name, 20), problem=Problem(f"zoo/{name}.keras: no {name}", 2)
    )
    return Checked((measured, new, gone), base=f"main {name}", policy=f"{file_of(name)}.yaml", folder="there")


def _at(name: str, line: int) -> Place:
    return Place(f"policies/{file_of(name)}.yaml", line)


def _figures(name: str, filters: int) -> Figures:
    told = profile(model(name, filters))
    return figures_of(told, {row.path: number for number, row in enumerate(told.rows, start=10)})


def what_ifs(name: str) -> tuple[Report, list[object]]:
    told = report(name)
    assert told.what_if is not None
    other = msgspec.structs.replace(told.what_if, variant=f"ghost:{name}", refused={f"{name}1": f"of {name}"})
    return told, [told.what_if, other]


def device(name: str) -> Device:
    """A profile, as a file may hold it."""
    figure = Figure(1e9, "vendor", f"{name}s")
    rates = {"float32": ByKind(all=figure, dense=figure)}
    return Device(name=f"{name}d", title=f"{name}t", date="2026-11-24", macs_per_second=rates, notes=f"{name}n")


def swept(name: str) -> Sweep:
    """Along a parameter, words and the input; one configuration is not valid, two of the others are on the front."""
    axes = (
        Axis("parameter", f"{name}p", (0.25, 1.0)),
        Axis("parameter", f"{name}a", (f"{name}relu",)),
        Axis("input", f"{name}i", ((8, 8, 3),)),
    )
    values = [(alpha, f"{name}relu", (8, 8, 3)) for alpha in (0.25, 0.5, 0.75, 1.0)]
    rows = (
        Configuration(values[0], 10, 20, 3, 12, 5, 8, on_front=True),
        Configuration(values[1], 30, 60, 3, 12, 5, 8, complete=False),
        Configuration(values[2], *[None] * 6, reason=f"{name}.yaml:3: layer {name}: no"),
        Configuration(values[3], 20, 40, 3, 12, 7, 8, on_front=True),
    )
    return Sweep(f"{name}net", axes, rows, 4, 1, 2, (Objective("macs"), Objective(f"{name}p", "max")))


def machine(name: str) -> Machine:
    return Machine(f"{name} CPU", 2, f"LiteRT {name}")


def benched(name: str) -> Bench:
    """Two dtypes; of a variant one could be timed."""
    told = report(name)
    candidates = [
        Candidate("", "float32", told, Outcome((0.2, 0.4, 0.3))),
        Candidate(f"separable:{name}", "float32", told, Outcome((0.1, 0.1, 0.3))),
        Candidate("", "int8", told, Outcome((0.1,))),
        Candidate(f"separable:{name}", "int8", told, Outcome(problem=f"it ended: {name}")),
    ]
    return Bench(f"{name}net", machine(name), Pace(3, 1.0), tuple(candidates), interrupted=True)


def calibrated(name: str) -> Calibration:
    law = Law(macs_per_second=Figure(2e9, "measured", f"of {name}"))
    profile = msgspec.structs.replace(device(name), laws={"float32": {"convolution": law}})
    errors = (Error("float32", "convolution", 9, 3, 0.05, 0.2), Error("float32", "", 9, 0, 0.0, 0.0))
    return Calibration(profile, machine(name), errors, (f"{name}1: it ended",), interrupted=True)


RESULTS: dict[str, Callable[[str], tuple[object, ...]]] = {
    "report": lambda name: (report(name),),
    "reports": lambda name: ([report(name), report(name)],),
    "variants": what_ifs,
    "comparison": lambda _: (api.compare(3, 128, 3, 5),),
    "separability": lambda name: (scores(name),),
    "planning": lambda name: (planned(name),),
    "widening": lambda name: (widened(name),),
    "sweep": lambda name: (swept(name),),
    "footprint": lambda name: (footprint(model(name), dtype="int8", ram=9 * 2**10, flash=2000),),
    "explanation": lambda name: (explained(api.analyze(model(name), what_if=False)),),
    "check": lambda name: (checked(name),),
    "difference": lambda name: (difference(_figures(name, 16), _figures(f"{name}n", 20)),),
    "bench": lambda name: (benched(name),),
    "calibration": lambda name: (calibrated(name),),
    "verification": lambda name: (verification(name),),
    "devices": lambda name: ([device(name)],),
    "device": lambda name: (device(name),),
}
"""By the function that shows it, a result with this name in it."""
