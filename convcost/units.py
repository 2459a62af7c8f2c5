"""Numbers as people read them, and as people write them.

Counts take SI prefixes (k M G T = 10³ⁿ); bytes always carry a unit (KiB/MiB = 2¹⁰ⁿ).
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def count(value: int, raw: bool = False) -> str:
    """`568740352` -> `569 M`, three significant digits; below 10,000 (or `raw`) the exact int."""
    if raw or abs(value) < 10_000:
        return f"{value:,}"
    return _scaled(value, 1000, ("", "k", "M", "G", "T", "P", "E"))


def size(value: int, raw: bool = False) -> str:
    """`17015456` -> `16.2 MiB`, three significant digits; below 1 KiB (or `raw`) the exact bytes."""
    if raw or abs(value) < 1024:
        return f"{value:,} B"
    return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))


def duration(seconds: float) -> str:
    """`0.0023412` -> `2.34 ms`, three significant digits, from ns to s."""
    if abs(seconds) >= 1000:
        return f"{seconds:,.0f} s"
    power = 0
    while power < 3 and round(abs(seconds) * 1000**power, 3) < 1:
        power += 1
    return _scaled(seconds * 1000**power, 1000, ("s", "ms", "µs", "ns")[power::-1])


def rate(value: float, unit: str) -> str:
    """`28.8e9`, "MAC/s" -> `28.8 GMAC/s`, three significant digits."""
    number, _, prefix = _scaled(value, 1000, ("", "k", "M", "G", "T", "P", "E")).partition(" ")
    return f"{number} {prefix}{unit}".rstrip()


def factor(value: float | None) -> str:
    """A reduction factor: `8.41×`; an em dash where there is none."""
    return "—" if value is None else f"{value:.2f}×"


def percent(part: int, whole: int) -> str:
    """`part` of `whole` in percent, with one decimal."""
    return f"{100 * part / whole:.1f} %" if whole else "0.0 %"


def shape(dims: tuple[int, ...] | None) -> str:
    """A shape without its batch dimension: `112×112×32`; `?` where it is not known."""
    if dims is None:
        return "?"
    return "×".join(str(dim) for dim in dims[1:]) or "scalar"


def shapes(per_sample: Iterable[tuple[int, ...]]) -> str:
    """Shapes that have no batch dimension, such as those of a model's inputs; an em dash where there are none."""
    return ", ".join(shape((0, *dims)) for dims in per_sample) or "—"


def extents(text: str) -> tuple[int, ...] | None:
    """Sizes as people write them: `3x5` or `3×5` -> (3, 5). None where they are not, or one is below 1."""
    parts = [part.strip() for part in text.lower().replace("×", "x").split("x")]
    if not all(part.isdecimal() and len(part) < 12 and int(part) > 0 for part in parts):
        return None
    return tuple(map(int, parts))


_COMMAND = re.compile(r"(?:^|(?<=\s)):(?=:)|#(?=#\w*\[)")
"""The first sign of what GitHub Actions, Azure Pipelines and TeamCity take for a command in a log."""


def number(text: str) -> int | float | str:
    """A number as it is written; any other text as it is."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def printable(text: str) -> str:
    """Text from a file, to be shown: every control, escape and direction character as its escape (`\\x1b`), and what
    the log of a CI job would obey: `::` where a line may begin, and `##[`, `##vso[`.
    """
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)
    return _COMMAND.sub(lambda sign: f"\\x{ord(sign[0]):02x}", text)


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    if abs(value) >= base ** len(units):
        return f"{'-' if value < 0 else ''}over {base ** (len(units) - 1):.0e}"
    scaled: float = value
    power = 0
    while power + 1 < len(units) and round(abs(scaled)) >= base:
        scaled /= base
        power += 1
    decimals = max(0, 3 - len(str(int(abs(scaled)))))
    decimals = max(0, 3 - len(str(int(abs(round(scaled, decimals))))))  # 99.96 has become 100, not 100.0
    return f"{scaled:.{decimals}f} {units[power]}"
