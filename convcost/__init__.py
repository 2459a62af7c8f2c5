"""convcost: what every layer of a convolutional network costs, as it is and as a separable convolution.

>>> import convcost
>>> report = convcost.analyze("model.keras")            # doctest: +SKIP
>>> report.totals.macs, report.totals.params            # doctest: +SKIP
(568740352, 4253864)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convcost._version import __version__

if TYPE_CHECKING:
    from convcost.api import analyze, compare, load, verify
    from convcost.errors import ConvcostError
    from convcost.report import Report

__all__ = ["ConvcostError", "Report", "__version__", "analyze", "compare", "load", "verify"]


def __getattr__(name: str) -> Any:
    """The API on first use: the command line's --help and --version do not wait for it."""
    if name in ("analyze", "compare", "load", "verify"):
        from convcost import api

        return getattr(api, name)
    if name == "ConvcostError":
        from convcost.errors import ConvcostError

        return ConvcostError
    if name == "Report":
        from convcost.report import Report

        return Report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
