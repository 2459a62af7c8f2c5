"""LoRA: two small trainable factors beside a kernel that is trained no more (arXiv 2106.09685)."""

from __future__ import annotations

from convcost.layers.arithmetic import prod
from convcost.model import Shape, Weight


def lora_weights(name: str, kernel: Shape, rank: int | None) -> tuple[Weight, ...]:
    """The factors, always float32; none without a rank. The weights file has them merged into the kernel."""
    if not rank:
        return ()
    return (
        Weight(f"lora_{name}_a", (*kernel[:-1], rank), dtype="float32"),
        Weight(f"lora_{name}_b", (rank, kernel[-1]), dtype="float32"),
    )


def lora_macs(rank: int | None, kernel: Shape, product: int, output: Shape, quantized: bool = False) -> int:
    """What the factors add to a layer of `product` MACs in every call.

    They are multiplied with each other, to add them to the kernel; beside a kernel of integers the input is multiplied
    with one and then with the other.
    """
    if not rank:
        return 0
    return rank * (product // kernel[-1] + prod(output)) if quantized else rank * prod(kernel)
