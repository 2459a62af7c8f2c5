"""convcost from Python: `analyze` a model, `compare` a layer. The command line prints what these return."""

from convcost.api.analysis import ENGINES, analyze, explain, under_variants, verify
from convcost.api.grid import sweep
from convcost.api.layer import compare
from convcost.api.loading import load
from convcost.api.making import build, export
from convcost.api.replacing import plan, rewrite, separability, widen
from convcost.api.timing import bench, bench_layer, calibrate

__all__ = [
    "ENGINES",
    "analyze",
    "bench",
    "bench_layer",
    "build",
    "calibrate",
    "compare",
    "explain",
    "export",
    "load",
    "plan",
    "rewrite",
    "separability",
    "sweep",
    "under_variants",
    "verify",
    "widen",
]
