"""What a what-if is estimated to gain on a device, beside the MACs that it saves. The two need not go together."""

from __future__ import annotations

import msgspec

from convcost.report import Report, converted_rows
from convcost.units import factor

PARTING = 1.5
"""From this factor on, either way, an estimated speed-up and a MAC reduction are said to part."""


class Change(msgspec.Struct, frozen=True):
    """The estimated seconds of a converted layer, before and after."""

    path: str
    before: float
    after: float

    @property
    def speed_up(self) -> float | None:
        return self.before / self.after if self.after else None


class Speedup(msgspec.Struct, frozen=True):
    """The estimated seconds of a model, before and after a what-if; `reduction_factor` is that of its MACs.

    `known` False: some layer has no estimate, and neither number is whole.
    """

    before: float
    after: float
    reduction_factor: float | None
    changes: tuple[Change, ...]
    known: bool = True

    @property
    def speed_up(self) -> float | None:
        """How many times as fast."""
        return self.before / self.after if self.after else None

    @property
    def parts(self) -> bool:
        """Whether the speed-up is far from what the MACs promise."""
        if self.speed_up is None or self.reduction_factor is None:
            return False
        ratio = self.reduction_factor / self.speed_up
        return ratio > PARTING or ratio < 1 / PARTING

    @property
    def no_faster(self) -> tuple[Change, ...]:
        """The converted layers that are estimated to take as long as before, or longer."""
        return tuple(change for change in self.changes if change.after >= change.before)


def speedup(report: Report) -> Speedup | None:
    """What the what-if of a report gains; None where there is none, or no estimate."""
    what_if, now = report.what_if, report.estimate
    then = what_if.report.estimate if what_if else None
    if what_if is None or now is None or then is None:
        return None
    after = dict.fromkeys(what_if.converted, 0.0)
    for path, row in converted_rows(what_if):
        after[path] += then.by_path[row.path].seconds
    macs = what_if.report.totals.macs
    return Speedup(
        before=now.seconds,
        after=then.seconds,
        reduction_factor=report.totals.macs / macs if macs else None,
        changes=tuple(Change(path, now.by_path[path].seconds, seconds) for path, seconds in after.items()),
        known=now.complete,
    )


def parting(report: Report) -> str | None:
    """The warning where the estimated speed-up is far from the MAC reduction."""
    found = speedup(report)
    if found is None or not found.parts or report.estimate is None or report.what_if is None:
        return None
    assert found.speed_up is not None and found.reduction_factor is not None
    much = "less" if found.speed_up < found.reduction_factor else "more"
    return (
        f"{report.what_if.variant}: the estimated speed-up on {report.estimate.device.name} is"
        f" {factor(found.speed_up)}, much {much} than the {factor(found.reduction_factor)} by which MACs fall"
    )
