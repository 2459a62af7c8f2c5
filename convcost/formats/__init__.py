"""Report -> str, or bytes. To add a format, add a module here, named as the user types it, with `SUFFIX` (None where no
suffix is its own) and, for what it shows,

- `report(report, view)`: one model,
- `reports(reports, view)`: several models, a summary row each,
- `variants(report, what_ifs, view)`: a model under several variants,
- `comparison(comparison, view)`: one layer, explained,
- `separability(result, view)`: how well trained kernels bear each variant,
- `widening(widening, view)`: a model, under a variant, and as wide as costs the same,
- `planning(planning, view)`: which replacements meet the limits, and what other limits would take,
- `sweep(sweep, view)`: a grid of configurations, and its front,
- `footprint(footprint, view)`: what a device must hold, step by step,
- `explanation(explanation, view)`: what other tools print, and why,
- `check(checked, view)`: the verdicts on a budget,
- `difference(difference, view)`: two models side by side,
- `bench(bench, view)`: models timed on this machine,
- `calibration(calibration, view)`: the errors of a profile of this machine,
- `devices(profiles, view)`: the profiles of devices,
- `device(device, view)`: one profile, figure by figure,
- `verification(verification, view)`: our counts beside those of the framework.

A format that needs an extra has `prepare()` too, which raises where that is not installed.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

from convcost.errors import ConvcostError


@cache
def names() -> tuple[str, ...]:
    """The formats, by name."""
    return tuple(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))


def showing(what: str) -> tuple[str, ...]:
    """The formats that can show a thing: those whose module has a function of its name."""
    return tuple(name for name in names() if hasattr(_module(name), what))


def named(name: str, what: str = "report") -> ModuleType:
    """The format of that name. Raises ConvcostError where there is none, or it cannot show `what`."""
    if name not in names():
        raise ConvcostError(f"format {name!r} is not known, allowed: {', '.join(showing(what))}")
    module = _module(name)
    if not hasattr(module, what):
        raise ConvcostError(f"format {name!r} cannot show {_said(what)}, allowed: {', '.join(showing(what))}")
    return module


def for_path(path: str, what: str = "report") -> ModuleType:
    """The format that a file's suffix asks for. Raises ConvcostError where no format has it."""
    suffix = path[path.rfind(".") :] if "." in path else ""
    formats = {name: _module(name) for name in showing(what)}
    for module in formats.values():
        if suffix == module.SUFFIX:
            return module
    known = ", ".join(f"{module.SUFFIX} ({name})" for name, module in formats.items() if module.SUFFIX)
    raise ConvcostError(f"{path}: no format has this suffix, allowed: {known}, or FORMAT:PATH")


def check_chart(name: str, what: str, chart: str) -> None:
    """Raise ConvcostError where a format shows no single charts, or there is none of that name of such a result."""
    from convcost.charts import NAMES

    module = named(name, what)
    if not getattr(module, "SHOWS_A_CHART", False):
        raise ConvcostError(f"{name}.{chart}: format {name!r} is no chart, allowed: svg.{chart}, png.{chart}")
    if chart not in NAMES[what]:
        raise ConvcostError(f"{name}.{chart}: there is no such chart, allowed: {', '.join(NAMES[what])}")


def _said(what: str) -> str:
    """The name of such a function as a message has it."""
    if what.endswith("s"):
        return f"several {what}"
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def prepare(module: ModuleType) -> None:
    """Raise MeasureError where a format needs an extra that is not installed: before the work, not after it."""
    if hasattr(module, "prepare"):
        module.prepare()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def render(module: ModuleType, what: str, *arguments: object) -> str | bytes:
    """What a format makes of a report, several, or a comparison. Raises ConvcostError where it cannot show that."""
    show = getattr(module, what, None)
    if show is None:
        raise ConvcostError(f"format {module.__name__.rpartition('.')[2]!r} cannot show {_said(what)}")
    content: str | bytes = show(*arguments)
    return content
