"""A report in a browser: it draws what was counted, sorts, searches and zooms, and asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from convcost import api, formats
from convcost.charts.base import DARK, LIGHT, ON_COLOR
from convcost.memory.live_set import timeline
from convcost.report import Report, savings
from convcost.table import View
from tests.report.conftest import Opened
from tests.report.networks import HOSTILE, LONG, blocks_by_name, long, nested

REPORT = api.analyze(nested())
Open = Callable[..., Opened]


def page_of(what: str, *results: object, view: View = View()) -> str:  # noqa: B008 (it never changes)
    return str(formats.render(formats.named("html"), what, *results, view))


PAGE = page_of("report", REPORT)


def blocks(report: Report) -> set[str]:
    """The nested models, by path. (The hostile name is that of a layer at the top: no block is around it.)"""
    around = (row.path.removesuffix(row.name).rstrip("/") for row in report.rows)
    return {"/".join(path.split("/")[: depth + 1]) for path in around if path for depth in range(path.count("/") + 1)}


def macs_of(report: Report) -> dict[str, int]:
    return {row.path: row.cost.macs for row in report.rows if row.cost}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_an_error_a_request_or_a_script_of_a_name(opened: Open, scheme: str) -> None:
    shown = opened(PAGE, color_scheme=scheme)
    assert shown.problems == []
    assert shown.requests == []
    assert shown.page.evaluate("window.fired") is None
    assert shown.page.evaluate("document.querySelectorAll('img, iframe, link, script[src]').length") == 0
    assert shown.page.inner_text("h1") == HOSTILE
    assert HOSTILE in shown.column(1)


def test_every_chart_has_a_mark_for_what_was_counted(opened: Open) -> None:
    shown = opened(PAGE)
    working = [path for path, macs in macs_of(REPORT).items() if macs]
    assert len(blocks(REPORT)) == 6  # two stages, two blocks in each
    assert shown.marks("icicle", "rect") == 1 + 6 + len(working)
    saved = savings(REPORT)
    assert shown.marks("separable", "rect") == sum(1 + (one.macs > 0) for one in saved)
    assert REPORT.run is not None
    parts = [part for one in timeline(REPORT.run) for part in (one.written, one.read, one.waiting)]
    assert shown.marks("timeline", "rect") == sum(part > 0 for part in parts)
    assert shown.marks("timeline", "symbol") == 1  # the peak
    assert len(shown.column(1)) == len(REPORT.rows)


def test_every_chart_has_a_text_alternative(opened: Open) -> None:
    shown = opened(PAGE)
    labels = shown.page.eval_on_selector_all(".live", "found => found.map(one => one.getAttribute('aria-label'))")
    captions = shown.page.eval_on_selector_all("figcaption p", "found => found.map(one => one.textContent)")
    assert [label.replace("\xa0", " ") for label in labels] == [text.replace("\xa0", " ") for text in captions]
    assert all(len(label) > 40 for label in labels)
    described = shown.page.eval_on_selector_all(
        "#live-icicle g.mark-rect.role-mark > path", "found => found.map(one => one.getAttribute('aria-label'))"
    )
    assert any(label.startswith("stage1/block2/conv2d_1, Conv2D, ") for label in described)


def test_a_click_zooms_into_a_block_and_back(opened: Open) -> None:
    shown = opened(PAGE)
    before = shown.marks("icicle", "rect")
    inside = [path for path, macs in macs_of(REPORT).items() if macs and path.startswith("stage2/block1/")]

    def zoomed(path: str, marks: int) -> None:
        cell = shown.page.locator(f"#live-icicle path[aria-label^='{path}']").first
        cell.scroll_into_view_if_needed()
        box = cell.bounding_box()
        shown.page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.3)
        shown.page.wait_for_function(
            "(marks) => document.querySelectorAll('#live-icicle g.mark-rect.role-mark > path').length === marks",
            arg=marks,
        )

    zoomed("stage2/block1,", 1 + len(inside))
    look_into = shown.page.locator("#live-icicle select")
    assert look_into.evaluate("one => one.selectedOptions[0].textContent") == "stage2/block1"
    zoomed("stage2/block1,", 1 + 2 + 2 * len(inside))  # its strip leads up to stage2
    look_into.select_option(label="whole model")
    shown.page.wait_for_function(
        "(marks) => document.querySelectorAll('#live-icicle g.mark-rect.role-mark > path').length === marks", arg=before
    )
    assert shown.problems == []


def test_blocks_that_names_tell_are_looked_into(opened: Open) -> None:
    shown = opened(page_of("report", api.analyze(blocks_by_name(8))))
    assert shown.marks("icicle", "rect") == 1 + 8 + 8 * 3
    look_into = shown.page.locator("#live-icicle select")
    told = look_into.evaluate("one => Array.from(one.options, (option) => option.textContent)")
    assert told == ["whole model", *(f"block_{number}…" for number in range(1, 9))]
    assert "block_1… (" in shown.page.locator("#live-icicle").get_attribute("aria-label")
    labels = shown.page.locator("#live-icicle g.mark-text.role-mark text")
    assert {"block_1…", "depthwise"} <= set(labels.all_text_contents())
    shown.page.locator("#live-icicle path[aria-label^='block_3…, 3 layers, ']").click()
    shown.page.wait_for_function(
        "document.querySelectorAll('#live-icicle g.mark-rect.role-mark > path').length === 1 + 3"
    )
    assert look_into.evaluate("one => one.selectedOptions[0].textContent") == "block_3…"
    assert shown.page.locator("#live-icicle path[aria-label^='block_3_project, Conv2D, ']").count() == 1
    assert shown.problems == []


def test_heights_tell_params_when_asked_to(opened: Open) -> None:
    shown = opened(PAGE)
    shown.page.locator("#live-icicle").get_by_label("params").check()
    with_params = sum(row.params > 0 for row in REPORT.rows)
    shown.page.wait_for_function(
        "(marks) => document.querySelectorAll('#live-icicle g.mark-rect.role-mark > path').length === marks",
        arg=1 + 6 + with_params,
    )


def test_a_column_sorts_both_ways_by_number_and_by_keyboard(opened: Open) -> None:
    shown = opened(PAGE)
    heading = shown.page.locator("#layers thead th", has_text=re.compile("^MACs$"))
    by_macs = sorted(REPORT.rows, key=lambda row: -(row.cost.macs if row.cost else 0))
    heading.get_by_role("button").focus()
    shown.page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert shown.column(1) == [row.path for row in by_macs]  # both sorts keep the order of those that are equal
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    ascending = sorted(REPORT.rows, key=lambda row: row.cost.macs if row.cost else 0)
    macs = [row.cost.macs if row.cost else 0 for row in ascending]
    found = {row.path: row.cost.macs if row.cost else 0 for row in REPORT.rows}
    assert [found[path] for path in shown.column(1)] == macs
    shown.page.locator("#layers thead th").first.get_by_role("button").click()  # the order of execution again
    assert shown.column(1) == [row.path for row in REPORT.rows]
    assert heading.get_attribute("aria-sort") == "none"


def test_the_search_leaves_the_rows_that_have_all_words(opened: Open) -> None:
    shown = opened(PAGE)
    field = shown.page.get_by_label("Search layers", exact=True)
    field.fill("STAGE1 conv2d_1")
    expected = [row.path for row in REPORT.rows if "stage1" in row.path and "conv2d_1" in row.path]
    assert shown.column(1) == expected == ["stage1/block1/conv2d_1", "stage1/block2/conv2d_1"]
    assert shown.page.get_by_role("status").inner_text() == f"2 of {len(REPORT.rows)} rows"
    field.fill("nothing has this")
    assert shown.column(1) == []
    field.fill("")
    assert len(shown.column(1)) == len(REPORT.rows)


def test_without_scripts_it_shows_what_was_drawn(opened: Open) -> None:
    shown = opened(PAGE, java_script_enabled=False)
    assert shown.page.locator(".static svg").count() == 3
    assert all(one.is_visible() for one in shown.page.locator(".static svg").all())
    assert not shown.page.get_by_label("Search layers", exact=True).is_visible()
    assert shown.page.get_by_role("row").count() == 1 + len(REPORT.rows)


def test_on_paper_it_shows_what_was_drawn(opened: Open) -> None:
    shown = opened(PAGE, color_scheme="dark")
    assert not shown.page.locator(".static svg").first.is_visible()
    shown.page.emulate_media(media="print", color_scheme="dark")
    assert all(one.is_visible() for one in shown.page.locator(".static svg").all())
    assert not any(one.is_visible() for one in shown.page.locator(".live svg").all())
    assert shown.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')") == LIGHT["ink"]


@pytest.mark.parametrize("width", [390, 1280])
def test_long_names_do_not_widen_the_page(opened: Open, width: int) -> None:
    shown = opened(page_of("report", msgspec.structs.replace(REPORT, name=LONG)), width=width)
    assert LONG in shown.column(1)
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width
    right = shown.page.eval_on_selector_all(".live svg", "all => all.map(one => one.getBoundingClientRect().right)")
    assert max(right) <= width


def test_a_thousand_layers_stay_responsive(opened: Open, record_property: Callable[[str, object], None]) -> None:
    shown = opened(page_of("report", api.analyze(long(1000))))
    assert len(shown.column(1)) == 1000
    times = shown.page.evaluate(
        """() => {
          const timed = (act) => {
            const start = performance.now();
            act();
            document.body.offsetHeight;  // the layout too
            return performance.now() - start;
          };
          const buttons = document.querySelectorAll("#layers thead button");
          const field = document.querySelector("input[data-table]");
          const search = (text) => { field.value = text; field.dispatchEvent(new Event("input")); };
          return {
            sort: timed(() => buttons[4].click()),
            back: timed(() => buttons[0].click()),
            search: timed(() => search("conv2d_1")),
            clear: timed(() => search("")),
          };
        }"""
    )
    print("milliseconds:", {act: round(time) for act, time in times.items()})
    for act, time in times.items():
        record_property(act, time)
        assert time < 3000, act  # a loaded machine; alone it takes a twentieth
    assert shown.problems == []


def test_scripts_are_those_of_the_policy_and_data_cannot_end_theirs() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', PAGE)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    data = re.search(r'<script type="application/json" id="charts">(.*?)</script>', PAGE, re.DOTALL)
    assert data is not None
    assert "<" not in data[1]
    assert "window.fired" in data[1]  # the names are there, as data


def test_texts_can_be_told_from_what_is_behind_them() -> None:
    """WCAG 2.2: 4.5:1 for text."""
    for colors in (LIGHT, DARK):
        assert contrast(colors["ink"], colors["surface"]) > 7
        assert contrast(colors["ink"], colors["group"]) > 7
        assert contrast(colors["muted"], colors["surface"]) > 4.5
        assert contrast(colors["red"], colors["surface"]) > 4.5
        for hue in ("orange", "blue", "green", "purple", "yellow", "grey"):
            assert contrast(ON_COLOR, colors[hue]) > 4.5


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts: list[Any] = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
