"""What a model takes on a device, by the roofline: an estimate, layer by layer. `convcost.roofline` makes it."""

from __future__ import annotations

from functools import cached_property

import msgspec

from convcost.device import Device, Figure


class Operation(msgspec.Struct, frozen=True):
    """What a device runs at once, and the figures of the profile that its time comes from.

    `kind` is that of its arithmetic. `ceiling` is None where it has no MACs.
    """

    kind: str
    dtype: str
    macs: int
    bytes: int
    ceiling: Figure | None
    bandwidth: Figure
    overhead: float = 0.0
    """Seconds of the call itself."""

    @property
    def compute_seconds(self) -> float:
        return self.macs / self.ceiling.value if self.ceiling else 0.0

    @property
    def memory_seconds(self) -> float:
        return self.bytes / self.bandwidth.value

    @property
    def seconds(self) -> float:
        """overhead + max(MACs / ceiling, bytes / bandwidth): the roofline (Williams, Waterman and Patterson, 2009)."""
        return self.overhead + max(self.compute_seconds, self.memory_seconds)


class Timing(msgspec.Struct, frozen=True):
    """A layer's operations over all its calls.

    `fused_into`: the layer in whose operation it is done, "" where it is only another name for its input; None where it
    has operations of its own, or nothing tells what it does (`known` False).
    """

    path: str
    operations: tuple[Operation, ...] = ()
    fused_into: str | None = None
    known: bool = True

    @property
    def macs(self) -> int:
        return sum(one.macs for one in self.operations)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.operations)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.operations)

    @property
    def intensity(self) -> float | None:
        """FLOPs of its MACs for each byte moved."""
        return 2 * self.macs / self.bytes if self.bytes else None

    @property
    def bound(self) -> str | None:
        """What takes the most of its time: "compute", "memory", or the calls themselves ("overhead")."""
        if not self.operations:
            return None
        compute = memory = 0.0
        for one in self.operations:
            if one.compute_seconds >= one.memory_seconds:
                compute += one.compute_seconds
            else:
                memory += one.memory_seconds
        overhead = sum(one.overhead for one in self.operations)
        longest = max(compute, memory, overhead)
        return "overhead" if overhead == longest > 0 else "compute" if compute == longest else "memory"


class Estimate(msgspec.Struct, frozen=True, dict=True):
    """The timings of all layers on a device, in the order of the report's rows."""

    device: Device
    timings: tuple[Timing, ...]

    @cached_property
    def by_path(self) -> dict[str, Timing]:
        return {timing.path: timing for timing in self.timings}

    @cached_property
    def seconds(self) -> float:
        """Of the model: of all layers, one after another. With `complete` False a lower bound."""
        return sum(timing.seconds for timing in self.timings)

    @property
    def complete(self) -> bool:
        return all(timing.known for timing in self.timings)

    def share(self, timing: Timing) -> float:
        return timing.seconds / self.seconds if self.seconds else 0.0
