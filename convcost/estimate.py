"""What a model takes on a device, by the roofline: an estimate, layer by layer. `convcost.roofline` makes it."""

from __future__ import annotations

from functools import cached_property

import msgspec

from convcost.device import Device, Figure, Law


class Operation(msgspec.Struct, frozen=True):
    """What a device runs at once, and the figures of the profile that its time comes from.

    `kind` is that of its arithmetic. `ceiling` is None where it has no MACs. Where the profile has a measured `law`,
    the time is that of the law.
    """

    kind: str
    dtype: str
    macs: int
    bytes: int
    ceiling: Figure | None
    bandwidth: Figure
    overhead: float = 0.0
    """Seconds of the call itself."""
    written: int = 0
    """Those of its bytes that are its output. A law tells them from the others."""
    law: Law | None = None

    @property
    def compute_seconds(self) -> float:
        return _taken(self.macs, self.ceiling)

    @property
    def memory_seconds(self) -> float:
        if self.law is None:
            return _taken(self.bytes, self.bandwidth)
        read = _taken(self.bytes - self.written, self.law.bytes_read_per_second)
        return read + _taken(self.written, self.law.bytes_written_per_second)

    @property
    def seconds(self) -> float:
        """overhead + max(MACs / ceiling, bytes / bandwidth): the roofline (Williams, Waterman and Patterson, 2009).

        By a law the sum: overhead + MACs / rate + bytes read / rate + bytes written / rate.
        """
        terms = (self.compute_seconds, self.memory_seconds)
        return self.overhead + (sum(terms) if self.law else max(terms))


def _taken(amount: int, rate: Figure | None) -> float:
    return amount / rate.value if rate else 0.0


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
