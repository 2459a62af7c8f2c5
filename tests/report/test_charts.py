"""Every chart of every result draws a mark for each thing that it shows, and can be had alone as SVG and PNG."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from convcost import ConvcostError, api, charts, formats
from convcost.baseline.sides import Sides
from convcost.budget.difference import difference
from convcost.charts import grid
from convcost.memory.footprint import footprint
from convcost.planning.planner import Offer, Planning, front, plan
from convcost.report import Report, savings
from convcost.sweeping.axes import parameters
from convcost.sweeping.front import Objective
from convcost.sweeping.sweep import Sweep
from convcost.table import View
from convcost.units import printable
from convcost.variants.separable import Separable
from tests.conftest import ROOT, Result
from tests.report.conftest import Opened
from tests.report.networks import HOSTILE, nested
from tests.report.test_page import page_of

Open = Callable[..., Opened]
MODEL = nested()
REPORT = api.analyze(MODEL)
SPEC = ROOT / "configs" / "mobilenet_v2.yaml"


def planned(report: Report) -> Planning:
    offers = {one.path: [Offer(Separable(), 0.1 * place)] for place, one in enumerate(savings(report), start=1)}
    limits = {"macs": report.totals.macs // 2}
    return Planning(report, limits, "what is told", plan(MODEL, report, offers, limits), front(report, offers, {}, 4))


def test_a_plan_has_its_front_and_the_plan_on_it(opened: Open) -> None:
    planning = planned(REPORT)
    assert planning.plan is not None
    shown = opened(page_of("planning", planning))
    assert len(planning.front) > 2
    assert shown.marks("pareto", "symbol") == len(planning.front) + 1
    assert shown.marks("pareto", "rule") == 1  # the limit
    assert shown.marks("separable", "rect") == 2 * len(planning.plan.replacements)
    assert len(shown.column(0)) == len(planning.plan.replacements)
    assert (shown.problems, shown.requests) == ([], [])


def test_variants_have_a_bar_for_macs_params_and_peak(opened: Open) -> None:
    report, what_ifs = api.under_variants(MODEL, variants=["separable", "ghost", "low_rank"])
    shown = opened(page_of("variants", report, what_ifs))
    assert shown.marks("variants", "rect") == 3 * 3
    assert (shown.problems, shown.requests) == ([], [])


def test_a_device_has_a_point_for_each_layer_with_macs(opened: Open) -> None:
    report = api.analyze(str(SPEC), device="raspberry-pi-4")
    assert report.estimate is not None
    shown = opened(page_of("report", report, view=View(device=True)))
    working = sum(bool(one.macs and one.seconds) for one in report.estimate.timings)
    assert working > 40
    assert shown.marks("roofline", "symbol") == working
    assert (shown.problems, shown.requests) == ([], [])


def swept(*objectives: Objective, most: int = 224) -> Sweep:
    axes = parameters({"alpha": "0.25:1:0.25", "resolution": f"0,96:{most}:32"})
    return api.sweep(str(ROOT / "configs" / "mobilenet_v1.yaml"), axes, objectives=objectives)


def test_a_sweep_has_a_point_for_each_valid_configuration(opened: Open) -> None:
    found = swept(Objective("macs"), Objective("resolution", "max"))
    valid = [one for one in found.configurations if one.valid]
    assert (len(found.configurations), len(valid)) == (4 * 6, 4 * 5)  # no image is 0 pixels wide
    shown = opened(page_of("sweep", found))
    assert shown.marks("pareto", "symbol") == len(valid)
    assert shown.marks("pareto", "line") == 1
    labels = shown.page.eval_on_selector_all(
        "#live-pareto g.mark-symbol.role-mark > path", "found => found.map(one => one.getAttribute('aria-label'))"
    )
    assert sum(label.endswith(", on the front") for label in labels) == sum(one.on_front for one in valid) == 5
    caption = shown.page.locator("#pareto figcaption p").text_content()
    assert caption.startswith("5 of 20 configurations are on the front of fewer MACs and more resolution: ")
    assert shown.page.locator("#configurations tbody tr").count() == len(found.configurations)
    heading = shown.page.locator("#configurations thead th", has_text=re.compile("^MACs$"))
    heading.get_by_role("button").click()
    macs = shown.page.eval_on_selector_all(
        "#configurations tbody tr", "rows => rows.map(row => row.cells[2].dataset.value)"
    )
    assert [int(one) for one in macs if one] == sorted((one.macs or 0 for one in valid), reverse=True)
    assert (shown.problems, shown.requests) == ([], [])


def test_the_name_of_a_parameter_is_a_title_and_no_expression(opened: Open) -> None:
    name = f'{HOSTILE}\\"\'+warn(datum)+"{{}}[0]\x1b'
    found = swept(Objective("macs"), Objective("resolution", "max"), most=96)
    axes = (found.axes[0], msgspec.structs.replace(found.axes[1], name=name))
    shown = opened(
        page_of("sweep", msgspec.structs.replace(found, axes=axes, objectives=(Objective("macs"), Objective(name))))
    )
    assert printable(name) in shown.page.locator("#live-pareto g.role-axis-title").all_text_contents()
    assert shown.page.locator("#configurations thead th").nth(1).text_content() == printable(name)
    assert (shown.problems, shown.requests) == ([], [])
    assert shown.page.evaluate("window.fired") is None


def test_a_sweep_without_a_front_is_a_table() -> None:
    found = swept()
    assert charts.charts_of("sweep", found) == []
    assert page_of("sweep", found).count("<tr>") == 1 + 24 + 1 + 1  # and a reason
    svg = formats.named("svg", "sweep")
    with pytest.raises(ConvcostError, match="nothing here that a chart could show"):
        formats.render(svg, "sweep", found, View())


def test_of_many_configurations_some_are_drawn_and_the_whole_front(monkeypatch: pytest.MonkeyPatch) -> None:
    found = swept(Objective("peak_activation_bytes"), Objective("alpha", "max"))
    front = sum(one.on_front for one in found.configurations)
    monkeypatch.setattr(grid, "MOST_OTHERS", 5)
    shown = grid.chart(found)
    assert shown is not None
    assert front == 4
    assert len(shown.spec["layer"][1]["data"]["values"]) == 4 + front  # of 20 - 4, every fourth
    assert "The picture has 1 in 4" in shown.text
    peaks = [point["across"] * 2**20 for point in shown.spec["layer"][0]["data"]["values"]]
    assert peaks == [one.peak_activation_bytes for one in found.configurations if one.on_front]


def test_memory_has_its_steps_peak_and_limit(opened: Open) -> None:
    found = footprint(MODEL, ram=100 * 2**10)
    shown = opened(page_of("footprint", found))
    parts = [part for one in found.moments for part in (one.written, one.read, one.waiting)]
    assert shown.marks("timeline", "rect") == sum(part > 0 for part in parts)
    assert shown.marks("timeline", "rule") == 1
    assert (shown.problems, shown.requests) == ([], [])


def test_a_diff_has_a_bar_for_each_layer_whose_macs_differ(opened: Open, tmp_path: Path) -> None:
    narrow = Sides({}, {"alpha": 0.5}, 1, tmp_path).figures(str(SPEC))
    found = difference(Sides({}, {}, 1, tmp_path).figures(str(SPEC)), narrow)
    differing = sum(bool(change.delta("macs")) for change in found.changes)
    shown = opened(page_of("difference", found))
    assert shown.marks("changes", "rect") == min(differing, 40) == 40
    heading = shown.page.locator("#layers thead th").nth(5)  # the change of MACs
    heading.get_by_role("button").click()
    deltas = sorted((change.delta("macs") or 0 for change in found.changes if change.sign != "="), reverse=True)
    sorted_by = shown.page.eval_on_selector_all(
        "#layers tbody tr", "rows => rows.map(row => Number(row.cells[5].dataset.value))"
    )
    assert sorted_by == deltas


def test_a_check_has_a_bar_for_each_limit(
    opened: Open, run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "check.html"
    limits = ["--max", "macs=100M", "--max", "params=1G", "--warn", "weight_bytes=1MiB"]
    assert run("check", SPEC, *limits, "-o", page).code == 1
    shown = opened(page.read_text())
    assert shown.marks("budget", "rect") == 2  # what only warns has no limit that a share could be told of
    assert shown.page.locator(".outcome.fail").count() == 1
    assert shown.page.locator(".outcome.warn").count() == 1
    assert (shown.problems, shown.requests) == ([], [])


ALONE = [
    ("report", (REPORT,), "icicle"),
    ("report", (REPORT,), "separable"),
    ("report", (REPORT,), "timeline"),
    ("planning", (planned(REPORT),), "pareto"),
    ("sweep", (swept(Objective("macs"), Objective("resolution", "max")),), "pareto"),
    ("footprint", (footprint(MODEL),), "timeline"),
]


@pytest.mark.parametrize(("what", "results", "name"), ALONE, ids=[f"{what}-{name}" for what, _, name in ALONE])
def test_a_chart_alone(what: str, results: tuple[object, ...], name: str) -> None:
    svg = formats.render(formats.named("svg"), what, *results, View(chart=name))
    assert isinstance(svg, str)
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(--" not in svg  # it stands alone: no page tells it colours
    assert not [one for one in root.iter() if one.tag.endswith(("}script", "}image", "}a"))]
    png = formats.render(formats.named("png"), what, *results, View(chart=name))
    assert isinstance(png, bytes)
    assert png.startswith(b"\x89PNG\r\n")


def test_a_name_stays_a_name_in_a_chart_alone() -> None:
    svg = str(formats.render(formats.named("svg"), "report", REPORT, View()))
    labels = [one.get("aria-label", "") for one in ElementTree.fromstring(svg).iter()]
    assert any(label.startswith(HOSTILE) for label in labels)


def test_the_names_of_charts_are_those_that_there_are() -> None:
    timed = api.analyze(str(SPEC), device="raspberry-pi-4")
    assert tuple(chart.name for chart in charts.charts_of("report", timed)) == charts.NAMES["report"]
    assert tuple(chart.name for chart in charts.charts_of("planning", planned(REPORT))) == charts.NAMES["planning"]


def test_what_has_nothing_to_show_has_no_chart() -> None:
    bare = msgspec.structs.replace(REPORT, rows=(), run=None, what_if=None)
    assert charts.charts_of("report", bare) == []
    assert "<table" in page_of("report", bare)


def test_charts_by_command(run: Callable[..., Result], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("peak.svg", "where.png", "page.html")]
    targets = [f"svg.timeline:{files[0]}", str(files[1]), f"html:{files[2]}"]
    result = run("analyze", SPEC, *(part for target in targets for part in ("-o", target)))
    assert (result.code, result.err) == (0, "")
    assert "peak" in files[0].read_text()
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert files[2].read_text().startswith("<!DOCTYPE html>")
    several = run("analyze", SPEC, ROOT / "configs" / "vgg16.yaml", "-o", files[2])
    assert several.code == 0
    assert "2 models" in files[2].read_text()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("svg.pareto:x.svg", "svg.pareto: there is no such chart, allowed: icicle, separable, timeline, roofline"),
        ("html.icicle:x.html", "html.icicle: format 'html' is no chart, allowed: svg.icicle, png.icicle"),
        ("svg.roofline:x.svg", "the chart roofline has nothing to show here; those that have: icicle, "),
    ],
)
def test_charts_that_are_not_there(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("analyze", SPEC, "-o", target)
    assert result.code == 2
    assert result.err.startswith(f"error: {said}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["page.html", "chart.svg", "chart.png"])
def test_without_the_extra_it_says_what_to_install_before_the_work(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    result = run("analyze", tmp_path / "not-even-there.keras", "-o", tmp_path / target)
    assert result.code == 3
    assert result.err == "error: charts need Vega (vl-convert-python): pip install 'convcost[charts]'\n"


def test_nobody_waits_for_charts_who_wants_none(tmp_path: Path) -> None:
    script = (
        "import sys; from convcost.cli import main\n"
        f"sys.argv = ['convcost', 'analyze', {str(SPEC)!r}, '-o', {str(tmp_path / 'x.json')!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('vl_convert', 'convcost.charts', 'html', 'pandas') if name in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_a_page_tells_what_its_times_stand_on() -> None:
    timed = api.analyze(str(SPEC), device="raspberry-pi-4")
    page = page_of("report", timed, view=View(device=True))
    assert "Estimate, not a measurement, for raspberry-pi-4" in page
    report, what_ifs = api.under_variants(str(SPEC), variants=["separable"], device="raspberry-pi-4")
    assert "est. speed-up" in page_of("variants", report, what_ifs)
