"""A scatter of two metrics in text: dots of Braille, eight to a character; points that stand out are discs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

COLUMNS, ROWS = 60, 16
LEAST_COLUMNS = 20
DISC = "●"
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a Braille character (Unicode 2800), by row and column."""

Axis = tuple[str, Callable[..., str]]
"""A title, and how a figure is shown."""
Point = tuple[float, float, bool]
"""Across, up, and whether it stands out."""


def scatter(points: Sequence[Point], axes: tuple[Axis, Axis], width: int | None) -> str:
    """The points between the least and the greatest figure of each axis, which stand beside it."""
    (across, shown_across), (up, shown_up) = axes
    least = [min(point[axis] for point in points) for axis in (0, 1)]
    most = [max(point[axis] for point in points) for axis in (0, 1)]
    labels = [shown_up(most[1]), shown_up(least[1])]
    margin = max(map(len, labels))
    columns = COLUMNS if width is None else max(LEAST_COLUMNS, min(COLUMNS, width - margin - 3))
    dots = [[0] * columns for _ in range(ROWS)]
    discs = set()
    for point in points:
        x, y = (
            _place(value, least[axis], most[axis], cells)
            for axis, (value, cells) in enumerate(zip(point[:2], (2 * columns, 4 * ROWS), strict=True))
        )
        row, column = divmod(4 * ROWS - 1 - y, 4), divmod(x, 2)
        dots[row[0]][column[0]] |= DOTS[row[1]][column[1]]
        if point[2]:
            discs.add((row[0], column[0]))
    lines = [up]
    for number, row_of_dots in enumerate(dots):
        cells = "".join(
            DISC if (number, place) in discs else chr(0x2800 + bits) if bits else " "
            for place, bits in enumerate(row_of_dots)
        )
        label = labels[0] if number == 0 else labels[1] if number == ROWS - 1 else ""
        lines.append(f"{label:>{margin}} │{cells}".rstrip())
    ends = shown_across(least[0]), shown_across(most[0])
    lines.append(f"{'':>{margin}} └{'─' * columns}")
    lines.append(f"{'':>{margin}}  {ends[0]}{across:^{columns - len(ends[0]) - len(ends[1])}}{ends[1]}".rstrip())
    return "\n".join(lines)


def _place(value: float, least: float, most: float, cells: int) -> int:
    """Which of so many cells a value falls into."""
    return round((value - least) / (most - least) * (cells - 1)) if most > least else 0
