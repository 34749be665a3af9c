"""Telling a value that goes over lines from rows that two stray quotes, lines apart, make one value of. It reads nothing."""

from collections.abc import Sequence

# How many rows have to be in such a value, by columns: the fewer these are, the sooner a line of text has as many separators.
_FEWEST_ROWS = {2: 10, 3: 3, 4: 2, 5: 2}
_FEWEST_ROWS_OF_WIDER = 1
_FITTING_OF_TEN = 9


def swallows_rows(lines: Sequence[str], separator: str, *, width: int) -> bool:
    """Whether the lines of one record, as they stand in the file, are rows of so many columns, each by itself.

    They are not where a program quoted the value: it doubles the quotes within, and Excel ends the lines within in another way than rows.
    Nor where it is text, in which separators are followed by blanks, or stand in one line and not in the next.
    """
    rows = [line.rstrip("\r\n").split(separator) for line in lines if line.strip()]
    if width < 2 or len(rows) - 1 < _FEWEST_ROWS.get(width, _FEWEST_ROWS_OF_WIDER):
        return False
    if [_stray_quotes(row) for row in rows] != [1, *[0] * (len(rows) - 2), 1] or len(_line_ends(lines)) > 1:
        return False
    return 10 * sum(_fits(row, width) for row in rows) >= _FITTING_OF_TEN * len(rows)


def _stray_quotes(row: Sequence[str]) -> int:
    return sum(cell.count('"') for cell in row if cell != '""')


def _line_ends(lines: Sequence[str]) -> set[str]:
    """The last line of a file may have none."""
    return {line[len(line.rstrip("\r\n")) :] for line in lines} - {""}


def _fits(row: Sequence[str], width: int) -> bool:
    return len(row) >= width and not any(row[width:]) and not any(cell.startswith(" ") and cell.strip() for cell in row[1:])
