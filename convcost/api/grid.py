"""A model over a grid of parameters and input shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.api.loading import load
from convcost.errors import ConvcostError
from convcost.model import Model
from convcost.telling import Tell

if TYPE_CHECKING:
    from convcost.sweeping.axes import Axis
    from convcost.sweeping.front import Objective
    from convcost.sweeping.sweep import Sweep


def sweep(
    sources: Any,
    axes: Sequence[Axis],
    *,
    batch: int = 1,
    objectives: Sequence[Objective] = (),
    limits: Mapping[str, int] | None = None,
    separable: bool = True,
    tell: Tell | None = None,
) -> Sweep:
    """What a model, or each of several, costs over a grid of parameters and input shapes.

    Args:
        sources: as of `analyze`, one or a list.
        axes: what varies (`sweeping.axes.parameters({"alpha": "0.25:1:0.25"})`, `input_shapes({"": "128:224:32"})`).
        objectives: two metrics, whose Pareto front is marked.
        limits: by metric, the most that a configuration may have; others are left out.
        separable: whether to count the separable what-if as well, which takes as long again.
        tell: is told how many of how many configurations are done.

    Raises:
        ConvcostError: the configurations are too many, or none of a model is valid; else as `analyze` does.
    """
    from convcost.sweeping.sweep import sweep as swept

    given = list(sources) if isinstance(sources, list | tuple) else [sources]
    readers = {str(one): _reader(one) for one in given}
    if len(readers) < len(given):
        raise ConvcostError("a model is given twice")
    name = ", ".join(dict.fromkeys(Path(one).stem for one in readers))
    return swept(name, readers, axes, batch, objectives, limits, separable, tell)


def _reader(source: Any) -> Callable[[Mapping[str, Any]], Model]:
    """The model of a source under given parameters; without any it is read once."""
    as_it_is = cache(lambda: load(source))
    return lambda parameters: load(source, parameters) if parameters else as_it_is()
