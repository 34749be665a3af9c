"""Telling a value that goes over lines from rows that two stray quotes, lines apart, make one value of. It reads nothing."""

import re
from collections.abc import Sequence

_ADDRESS = re.compile(r'"?(\S+@\S+|[a-z]+://\S+|www\.\S+)"?')
# How many rows have to follow the first in such a value, by columns: the fewer these are, the sooner a line of text has as many separators.
_FEWEST_ROWS = {2: 10, 3: 3, 4: 2, 5: 2}
_FEWEST_ROWS_OF_WIDER = 1
_FITTING_OF_TEN = 9


def swallows_rows(lines: Sequence[str], separator: str, *, width: int) -> bool:
    """Whether the lines of one record, as they stand in the file, are rows of so many columns, each by itself.

    They are not where a program quoted the value: it doubles the quotes within, and Excel ends the lines within in another way than rows.
    Nor where the value is text, in which separators are followed by blanks, or stand in one line and not in the next.
    Two lines are enough where a column of them holds web or e-mail addresses and nothing else.
    """
    rows = [line.rstrip("\r\n").split(separator) for line in lines if line.strip()]
    if width < 2 or [_stray_quotes(row) for row in rows] != [1, *[0] * (len(rows) - 2), 1] or len(_line_ends(lines)) > 1:
        return False
    fitting = [row for row in rows if fits(row, width)]
    return 10 * len(fitting) >= _FITTING_OF_TEN * len(rows) and len(fitting) > _fewest(fitting, width)


def _fewest(rows: Sequence[Sequence[str]], width: int) -> int:
    return 1 if any(_holds_addresses(column) for column in zip(*rows, strict=False)) else _FEWEST_ROWS.get(width, _FEWEST_ROWS_OF_WIDER)


def _holds_addresses(column: Sequence[str]) -> bool:
    filled = [cell for cell in column if cell.strip('"')]
    return len(filled) > 1 and all(_ADDRESS.fullmatch(cell) for cell in filled)


def _stray_quotes(row: Sequence[str]) -> int:
    return sum(cell.count('"') for cell in row if cell != '""')


def _line_ends(lines: Sequence[str]) -> set[str]:
    """The last line of a file may have none."""
    return {line[len(line.rstrip("\r\n")) :] for line in lines} - {""}


def fits(row: Sequence[str], width: int) -> bool:
    """Whether the cells of a line could be those of a row: one for each column, none with the blank that text has behind a comma."""
    return len(row) >= width and not any(row[width:]) and not any(cell.startswith(" ") and cell.strip() for cell in row[1:])
