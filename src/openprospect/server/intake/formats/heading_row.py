"""Which row of a table holds the headings: a title may stand above it."""

from collections.abc import Callable, Sequence
from typing import Any

from openprospect.server.core.errors import InvalidInput

Check = Callable[[Sequence[str]], object]
"""Raises InvalidInput for headings of no companies."""

MOST_ROWS = 10
"""So many rows that hold anything are looked at."""


def are_headings(cells: Sequence[Any], check: Check) -> bool:
    try:
        check([str(cell if cell is not None else "").strip() for cell in cells])
    except InvalidInput:
        return False
    return True


def find_heading_row(rows: Sequence[Sequence[Any]], check: Check) -> int:
    """The place of the first row of headings below the first row, or 0 where there is none.

    Above it stand titles alone: rows of at most half as many values.
    """
    for place, row in enumerate(rows[1:], start=1):
        if all(2 * _values(above) <= _values(row) for above in rows[:place]) and are_headings(row, check):
            return place
    return 0


def _values(cells: Sequence[Any]) -> int:
    return sum(cell not in (None, "") for cell in cells)
