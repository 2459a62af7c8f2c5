"""How people write a limit: `600M` params, `5 MiB`, `2%`. What is ambiguous is refused, with the way to write it.

Errors are ValueErrors that follow the name of what was read: "is '4.2M', allowed: …".
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil, floor
from typing import Any

from convcost.budget.metrics import Unit

COUNTS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
BYTES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
LARGEST = 10**24

COUNT_WORDS = "an integer, or a number with k, M, G or T such as 600M"
BYTES_WORDS = "an integer of bytes, or a number with kB, MB, GB, KiB, MiB or GiB such as 5 MiB"
PERCENT_WORDS = "a percentage such as 2%, 0% or more"

_NUMBER = r"[0-9][0-9_]*(?:\.[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER}(?:[eE][+]?[0-9]{{1,2}})?)\s*([A-Za-z%]*)")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")


def count(written: Any) -> int:
    """`600M` -> 600000000. A fraction of one is cut off, which no integer can tell from the limit itself."""
    number, unit = _parts(written, COUNT_WORDS)
    if unit in COUNTS:
        return _whole(number, COUNTS[unit], written, COUNT_WORDS)
    if unit in ("b", "B", "bn"):
        raise _refused(written, f"{COUNT_WORDS}; 10⁹ is G")
    if unit.lower() in {known.lower() for known in BYTES}:
        raise _refused(written, f"{COUNT_WORDS}; this is a count, not bytes")
    raise _refused(written, COUNT_WORDS + _meant(unit, COUNTS, number))


def size(written: Any) -> int:
    """`5 MiB` -> 5242880 bytes."""
    number, unit = _parts(written, BYTES_WORDS)
    if unit in BYTES:
        return _whole(number, BYTES[unit], written, BYTES_WORDS)
    if unit == "":
        return _whole(number, 1, written, BYTES_WORDS)
    if unit in COUNTS:
        binary = f"{unit.upper()}iB"
        raise _refused(
            written,
            f"bytes with their unit: {number} {unit}B ({COUNTS[unit]:,}) or {number} {binary} ({BYTES[binary]:,})",
        )
    raise _refused(written, BYTES_WORDS + _meant(unit, BYTES, number))


def quantity(written: Any, unit: Unit) -> int:
    return count(written) if unit == "count" else size(written)


def percentage(written: Any) -> Fraction:
    """`2%` -> 1/50."""
    found = _PERCENT.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is not None:
        return Fraction(found[1].replace("_", "")) / 100
    if isinstance(written, int | float) and not isinstance(written, bool) and written >= 0:
        raise _refused(written, f"a percentage with its sign: {written}%")
    raise _refused(written, PERCENT_WORDS)


def rounded_up(value: int, headroom: Fraction, unit: Unit) -> str:
    """A limit for what is `value` today, `headroom` above it, in three significant digits; reads back as at least that.

    >>> rounded_up(568740352, Fraction(1, 10), "count")
    '626M'
    """
    target = ceil(value * (1 + headroom))
    scales = COUNTS if unit == "count" else {"": 1} | {name: BYTES[name] for name in ("KiB", "MiB", "GiB", "TiB")}
    name, scale = [(name, scale) for name, scale in scales.items() if scale <= max(target, 1)][-1]
    scaled = Fraction(target, scale)
    decimals = 0 if scale == 1 else max(0, 3 - len(str(floor(scaled))))
    step = 10 ** max(0, len(str(floor(scaled))) - 3)
    digits = ceil(scaled / step * 10**decimals) * step
    shown = f"{digits // 10**decimals}"
    if rest := f"{digits % 10**decimals:0{decimals}}".rstrip("0") if decimals else "":
        shown += f".{rest}"
    return f"{shown}{name}" if unit == "count" else f"{shown} {name}".rstrip()


def _parts(written: Any, allowed: str) -> tuple[str, str]:
    """The number and the unit of what was written, a YAML number included."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise _refused(written, allowed)
    if isinstance(written, float) and written.is_integer() and 0 <= written <= LARGEST:
        written = int(written)
    text = str(written).strip()
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise _refused(written, f"{allowed}{'; not below 0' if text.startswith('-') else ''}")
    return found[1], found[2]


def _whole(number: str, scale: int, written: Any, allowed: str) -> int:
    exact = Fraction(number.replace("_", "")) * scale
    if exact > LARGEST:
        raise _refused(written, f"{allowed}, up to 10²⁴")
    if scale == 1 and exact.denominator != 1:
        raise _refused(written, allowed)
    return floor(exact)


def _meant(unit: str, units: dict[str, int], number: str) -> str:
    near = [known for known in units if known and known.lower() == unit.lower()]
    if near == ["kB"]:
        near.append("KiB")
    return f"; did you mean {' or '.join(f'{number} {known}' for known in near)}?" if near else ""


def _refused(written: Any, allowed: str) -> ValueError:
    shown = "null" if written is None else str(written).lower() if isinstance(written, bool) else repr(written)
    return ValueError(f"is {shown[:60]}, allowed: {allowed}")
