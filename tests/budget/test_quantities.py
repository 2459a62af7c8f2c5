"""How limits are written: what is read, what is refused, and how `init` rounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convcost.budget.quantities import count, percentage, rounded_up, size


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("600M", 600 * 10**6),
        ("4.4M", 4_400_000),
        ("4.4 M", 4_400_000),
        ("12k", 12_000),
        ("1.5G", 1_500_000_000),
        ("2T", 2 * 10**12),
        ("600_000_000", 600_000_000),
        ("1e9", 10**9),
        (1e9, 10**9),
        (4253864, 4253864),
        ("0", 0),
        ("0.0015k", 1),
    ],
)
def test_counts(written: Any, value: int) -> None:
    assert count(written) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("17.5 MB", 17_500_000),
        ("17.5MB", 17_500_000),
        ("5 MiB", 5 * 2**20),
        ("64 KiB", 64 * 1024),
        ("1 kB", 1000),
        ("0.5 GiB", 2**29),
        ("1 TiB", 2**40),
        ("3 B", 3),
        (4096, 4096),
        ("4096", 4096),
    ],
)
def test_sizes(written: Any, value: int) -> None:
    assert size(written) == value


@pytest.mark.parametrize(("written", "value"), [("2%", "1/50"), ("0.5 %", "1/200"), ("150%", "3/2"), ("0%", "0")])
def test_percentages(written: str, value: str) -> None:
    assert percentage(written) == Fraction(value)


@pytest.mark.parametrize(
    ("reader", "written", "fix"),
    [
        (size, "4.2M", "4.2 MB (1,000,000) or 4.2 MiB (1,048,576)"),
        (size, "4k", "4 kB (1,000) or 4 KiB (1,024)"),
        (size, 4.2, "an integer of bytes"),
        (size, "17 KB", "did you mean 17 kB or 17 KiB?"),
        (size, "5 mib", "did you mean 5 MiB?"),
        (count, "600m", "did you mean 600 M?"),
        (count, "12K", "did you mean 12 k?"),
        (count, "1.2B", "10⁹ is G"),
        (count, "600MB", "this is a count, not bytes"),
        (count, "12:30", "an integer, or a number with k, M, G or T"),
        (count, "2%", "an integer"),
        (count, -5, "not below 0"),
        (count, True, "is true, allowed: an integer"),
        (count, None, "is null, allowed: an integer"),
        (count, 1.5, "is 1.5, allowed: an integer"),
        (count, "1e99", "up to 10²⁴"),
        (count, [3], "an integer"),
        (percentage, 2, "a percentage with its sign: 2%"),
        (percentage, "2", "a percentage such as 2%"),
        (percentage, "-2%", "a percentage such as 2%"),
        (percentage, None, "is null"),
    ],
)
def test_refusals_say_the_fix(reader: Any, written: Any, fix: str) -> None:
    with pytest.raises(ValueError, match=r"^is .*allowed: ") as refused:
        reader(written)
    assert fix in str(refused.value)


@given(st.integers(0, 10**15), st.integers(0, 300), st.sampled_from(["count", "bytes"]))
def test_a_rounded_limit_reads_back_as_enough_and_not_much_more(value: int, percent: int, unit: Any) -> None:
    headroom = Fraction(percent, 100)
    written = rounded_up(value, headroom, unit)
    limit = count(written) if unit == "count" else size(written)
    assert limit >= value * (1 + headroom)
    assert limit <= max(value * (1 + headroom) * Fraction(102, 100), value * (1 + headroom) + 1)
    assert len(written) <= 9


def test_rounding_by_hand() -> None:
    assert rounded_up(568740352, Fraction(1, 10), "count") == "626M"  # 625.61… M
    assert rounded_up(17015456, Fraction(1, 10), "bytes") == "17.9 MiB"  # 17.850… MiB
    assert rounded_up(600, Fraction(0), "count") == "600"
