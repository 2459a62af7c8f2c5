"""What a model takes on a device, by the roofline: an estimate, layer by layer. `convcost.roofline` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from convcost.device import Device, Figure, Law


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a device runs at once, and the figures of the profile that its time comes from.

    `kind` is that of its arithmetic. It moves the bytes that it reads of activations and of weights, and those that it
    writes. `ceiling` is None where it has no MACs, a bandwidth where the profile has none. Where the profile has a
    measured `law`, the time is that of the law.
    """

    kind: str
    dtype: str
    macs: int
    read: int
    weights: int
    written: int
    ceiling: Figure | None = None
    bandwidth: Figure | None = None
    weight_bandwidth: Figure | None = None
    overhead: float = 0.0
    """Seconds of the call itself."""
    law: Law | None = None

    @property
    def bytes(self) -> int:
        return self.read + self.weights + self.written

    @property
    def compute_seconds(self) -> float:
        return _taken(self.macs, self.ceiling)

    @property
    def memory_seconds(self) -> float:
        """Where weights lie in a memory of their own, the two memories deliver at the same time."""
        if self.law is not None:
            read = _taken(self.read + self.weights, self.law.bytes_read_per_second)
            return read + _taken(self.written, self.law.bytes_written_per_second)
        if self.weight_bandwidth is None:
            return _taken(self.bytes, self.bandwidth)
        return max(_taken(self.read + self.written, self.bandwidth), _taken(self.weights, self.weight_bandwidth))

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
    def limited_by(self) -> str | None:
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


def together(path: str, timings: Sequence[Timing]) -> Timing:
    """Those of the layers of a nested model, as one."""
    operations = tuple(one for timing in timings for one in timing.operations)
    return Timing(path, operations, known=all(timing.known for timing in timings))


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
