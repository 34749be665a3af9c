"""Which row of a table holds the headings: a title may stand above it."""

from collections.abc import Callable, Sequence
from typing import Any

from openprospect.server.core.errors import InvalidInput

Check = Callable[[Sequence[str]], object]
"""Raises InvalidInput for headings of no companies."""

MOST_ROWS = 10
"""So many rows that hold anything are looked at."""


def find_heading_row(rows: Sequence[Sequence[Any]], check: Check) -> int:
    """The place of the headings: the last row that may be some, and has twice as many values as each above, which are titles.

    A title may hold a word that is a heading, such as `Account: Adler`. Where none may be, the last so wide, so that its
    fault is told and no title's.
    """
    wide = [place for place, row in enumerate(rows) if all(2 * _values(above) <= _values(row) for above in rows[:place])]
    return ([place for place in wide if _are_headings(rows[place], check)] or wide)[-1]


def _are_headings(cells: Sequence[Any], check: Check) -> bool:
    try:
        check([str(cell if cell is not None else "").strip() for cell in cells])
    except InvalidInput:
        return False
    return True


def _values(cells: Sequence[Any]) -> int:
    return sum(cell not in (None, "") for cell in cells)
