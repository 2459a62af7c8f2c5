"""Charts drawn: by Vega, which vl-convert brings with a JavaScript engine. No browser, no network."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from convcost.errors import ConvcostError, MeasureError

if TYPE_CHECKING:
    from convcost.charts import Chart

PIXELS = 2.0
"""Of a PNG for each unit of the drawing: sharp on paper and on dense screens."""


def chosen(what: str, results: tuple[object, ...], name: str | None) -> Chart:
    """The chart of a result that is asked for, the first where none is. Raises ConvcostError where there is none."""
    from convcost.charts import charts_of

    charts = charts_of(what, *results)
    if not charts:
        raise ConvcostError("there is nothing here that a chart could show; -o html: writes the tables")
    if name is None:
        return charts[0]
    for chart in charts:
        if chart.name == name:
            return chart
    there = ", ".join(chart.name for chart in charts)
    raise ConvcostError(f"the chart {name} has nothing to show here; those that have: {there}")


def svg(chart: Chart) -> str:
    """A drawing that stands alone, in the colours of the light theme, on white."""
    from convcost.charts.base import painted

    return _svg(painted(chart.spec) | {"background": "white", "padding": 12})


def svg_in_page(chart: Chart) -> str:
    """A drawing in the colours of the page that it is in."""
    return _svg(chart.spec)


def png(chart: Chart) -> bytes:
    """As `svg`, in pixels."""
    from convcost.charts.base import painted

    spec = painted(chart.spec) | {"background": "white", "padding": 12}
    vega = prepare()
    draw = vega.vega_to_png if "/vega/" in spec["$schema"] else vega.vegalite_to_png
    drawn: bytes = draw(json.dumps(spec), scale=PIXELS)
    return drawn


@cache
def scripts() -> str:
    """Vega, Vega-Lite and Vega-Embed, for a page that reads nothing else. 0.9 MB."""
    bundle: str = prepare().javascript_bundle()
    return bundle


def _svg(spec: Any) -> str:
    vega = prepare()
    draw = vega.vega_to_svg if "/vega/" in spec["$schema"] else vega.vegalite_to_svg
    drawn: str = draw(json.dumps(spec))
    return drawn


def prepare() -> Any:
    """The module that draws. Raises MeasureError where it is not installed."""
    try:
        import vl_convert
    except ImportError:
        raise MeasureError("charts need Vega (vl-convert-python): pip install 'convcost[charts]'") from None
    return vl_convert
