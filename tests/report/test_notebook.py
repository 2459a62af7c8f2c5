"""A report in a notebook, and as a data frame."""

from __future__ import annotations

import sys
from html.parser import HTMLParser

import pandas
import pytest

from convcost import api, units
from convcost.errors import MeasureError
from tests.report.networks import HOSTILE, long, nested

REPORT = api.analyze(nested())


class _Read(HTMLParser):
    """The tags of a text, and what is written between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_it_shows_itself_and_names_are_text() -> None:
    read = _Read(REPORT._repr_html_())
    assert {"script", "img"}.isdisjoint(read.tags)
    assert HOSTILE in read.texts
    assert read.tags.count("tr") == 1 + 6 + 1 + len(REPORT.rows)  # the totals, the layers, a heading each
    assert "separable" in read.texts


def test_it_is_light_where_the_model_is_large() -> None:
    text = api.analyze(long(1000), what_if=False)._repr_html_()
    assert "400 of 1000 layers" in text
    assert len(text) < 300_000


def test_a_data_frame_has_a_row_for_each_layer() -> None:
    frame = REPORT.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["path"]) == [row.path for row in REPORT.rows]
    assert frame["macs"].sum() == REPORT.totals.macs
    assert frame["params"].sum() == REPORT.totals.params
    assert frame["flops"].sum() == REPORT.totals.flops


def test_times_are_shown_where_there_is_a_device() -> None:
    report = api.analyze(nested(), device="raspberry-pi-4")
    assert report.estimate is not None
    frame = report.to_dataframe()
    assert frame["estimated_seconds"].sum() == pytest.approx(report.estimate.seconds)
    read = _Read(report._repr_html_())
    assert {"est. time", "estimated time", units.duration(report.estimate.seconds)} <= set(read.texts)
    assert "estimated_seconds" not in REPORT.to_dataframe()


def test_without_pandas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MeasureError, match="pip install pandas"):
        REPORT.to_dataframe()
