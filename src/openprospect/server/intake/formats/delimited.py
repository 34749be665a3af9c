"""CSV as it comes: any usual encoding, separator and line end, quoted line breaks, broken quotes. Lines are lines of the file."""

import csv
import re
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from io import TextIOWrapper
from itertools import dropwhile
from typing import BinaryIO, TextIO

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.formats.encoding import HALF_CHARACTERS, encoding_of
from openprospect.server.intake.formats.heading_row import MOST_ROWS, Check, find_heading_row
from openprospect.server.intake.formats.quotes import fits, swallows_rows
from openprospect.server.intake.formats.source import TableRow
from openprospect.server.intake.outcome import RejectedRow

_SEPARATORS = ",;\t|"
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_RECORDS = 100
_MAX_FIELD_CHARACTERS = 1 << 22
_MAX_RECORD_CHARACTERS = 1 << 24
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_BROKEN_QUOTE = "a quote that is not closed, or not doubled within a quoted value"
_TORN = "stands behind a broken quote, and is no row by itself: it does not hold as many values as there are headings"


class Delimited:
    """One CSV file, open until the stack is closed. `title_lines`: how many lines stand above the headings, without being any."""

    def __init__(
        self, name: str, stream: BinaryIO, stack: ExitStack, *, size: int, check: Check = lambda _: None, encoding: str | None = None
    ) -> None:
        self._stream = stream
        self._size = size
        self.encoding = encoding_of(name, stream, named=encoding)
        beginning = self._text()
        sample = beginning.read(_SAMPLE_CHARACTERS)
        beginning.detach()  # else the stream would be closed along with it
        lines = _Lines(stack.enter_context(self._text()))
        self._separator = lines.excel_separator() or find_separator(sample)
        csv.field_size_limit(_MAX_FIELD_CHARACTERS)
        self._lines = lines
        self.headings, self.title_lines = self._find_headings(check)
        self._records = _Records(lines, self._separator, width=len(self.headings))

    def rows(self) -> Iterator[TableRow | RejectedRow]:
        width = len(self.headings)
        for record in self._records:
            if isinstance(record, RejectedRow):
                yield record
                continue
            cells = record.cells
            if len(cells) > width and any(cells[width:]):
                yield self._ragged(record)
            elif any(cells):
                yield TableRow(record.line, cells[:width] + [None] * (width - len(cells)))

    def fraction(self) -> float:
        return self._stream.tell() / self._size

    def _text(self) -> TextIOWrapper:
        self._stream.seek(0)
        return TextIOWrapper(self._stream, encoding=self.encoding, errors=HALF_CHARACTERS, newline="")

    def _first(self, records: Iterator[TableRow | RejectedRow]) -> TableRow:
        """The first line that holds anything."""
        for record in records:
            if isinstance(record, RejectedRow):
                raise InvalidInput(f"The headings cannot be read: {record.faults[0].reason} in line {record.line}.")
            if any(record.cells):
                return record
        raise InvalidInput("The file is empty; expected a line of headings and a row a person.")

    def _find_headings(self, check: Check) -> tuple[list[str], int]:
        """The headings, and how many lines of titles stand above them. What stands below is read again."""
        records = _Records(self._lines, self._separator)
        rows, behind = [self._first(records)], [list[str]()]
        for record in records:
            lines = self._lines.record if isinstance(record, TableRow) else self._lines.record[:1]
            for read in behind:
                read.extend(lines)
            if isinstance(record, RejectedRow) or len(rows) == MOST_ROWS:
                break
            if any(record.cells):
                rows.append(record)
                behind.append([])
        place = find_heading_row([row.cells for row in rows], check)
        self._lines.read_again(behind[place])
        return rows[place].cells, rows[place].line - 1 if place else 0

    def _ragged(self, record: TableRow) -> RejectedRow:
        reason = f"{len(record.cells)} values under {len(self.headings)} headings; a value that holds {self._separator!r} has to be quoted"
        return RejectedRow(line=record.line, faults=[Fault(field="", reason=reason)], raw=record.cells)


class _Lines(Iterator[str]):
    """The lines of a file, of which those of the record just read can be read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._characters = 0
        self.record: list[str] = []
        self.number = 0

    def __next__(self) -> str:
        if self._characters > _MAX_RECORD_CHARACTERS:
            raise csv.Error("record limit")
        # Files that were put together have a byte order mark each.
        line = self._again.popleft() if self._again else next(self._file).removeprefix("\ufeff")
        self.record.append(line)
        self._characters += len(line)
        self.number += 1
        return line

    def begin_record(self) -> int:
        """The number of the line that comes next."""
        self.record = []
        self._characters = 0
        return self.number + 1

    def excel_separator(self) -> str | None:
        """The separator that Excel may be told in the first line, which then is no record."""
        hint = _EXCEL_HINT.fullmatch(next(self, ""))
        if hint is None:
            self.read_again(self.record)
        return hint and hint[1]

    def read_again(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)


class _Records(Iterator[TableRow | RejectedRow]):
    """Records with the line they begin in. After a broken quote, reading goes on in the line after it.

    `width`: how many columns there are; None until the headings are read.
    """

    def __init__(self, lines: _Lines, separator: str, *, width: int | None = None) -> None:
        self._width = width
        self._lines = lines
        self._separator = separator
        self._reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
        # Up to here, lines may be rows, or text that belongs behind a broken quote.
        self._doubtful_line = 0

    def __next__(self) -> TableRow | RejectedRow:
        first_line = self._lines.begin_record()
        try:
            cells = next(self._reader)
        except csv.Error as error:
            return self._too_long(first_line) if "limit" in str(error) else self._broken(first_line)
        record = self._lines.record
        if self._width and len(record) > 1 and swallows_rows(record, self._separator, width=self._width):
            return self._rejected(first_line, _BROKEN_QUOTE)
        if self._width and first_line <= self._doubtful_line and any(cells) and not self._is_row(record[0], cells, self._width):
            return RejectedRow(line=first_line, faults=[Fault(field="", reason=_TORN)], raw=record[0].rstrip("\r\n"))
        return TableRow(first_line, [cell.strip() for cell in cells])

    def _is_row(self, line: str, cells: list[str], width: int) -> bool:
        return fits(line.rstrip("\r\n").split(self._separator), width) if '"' not in line else len(cells) >= width

    def _too_long(self, first_line: int) -> RejectedRow:
        """Where such a value ends nobody knows: any line behind may be of it."""
        if len(self._lines.record) == 1:
            return self._rejected(first_line, f"a value of more than {_MAX_FIELD_CHARACTERS:,} characters")
        self._doubtful_line = sys.maxsize
        return self._rejected(first_line, f"a value of more than {_MAX_FIELD_CHARACTERS:,} characters, or a quote that is not closed")

    def _broken(self, first_line: int) -> RejectedRow:
        self._doubtful_line = max(self._doubtful_line, self._lines.number)
        return self._rejected(first_line, _BROKEN_QUOTE)

    def _rejected(self, first_line: int, reason: str) -> RejectedRow:
        broken, *others = self._lines.record
        self._lines.read_again(others)
        return RejectedRow(line=first_line, faults=[Fault(field="", reason=reason)], raw=broken.rstrip("\r\n"))


def find_separator(sample: str) -> str:
    """The separator that gives the first records the most alike, and most, columns; a comma where there is but one column.

    A title above them, without any separator, does not count, as long as half of the records are alike.
    """
    return max(_SEPARATORS, key=lambda separator: _likeness(sample, separator))


def _likeness(sample: str, separator: str) -> tuple[float, int]:
    lines = sample.splitlines(keepends=True)
    if len(sample) == _SAMPLE_CHARACTERS:
        lines.pop()
    widths = [width for _, width in zip(range(_SAMPLE_RECORDS), _widths(lines, separator), strict=False) if width]
    first = next(dropwhile(lambda width: width == 1, widths[:MOST_ROWS]), 1)
    share = Counter(widths)[first] / len(widths) if widths else 0.0
    if first == 1 or (widths[0] == 1 and share < 1 / 2):
        return 0.0, 0
    return share, first


def _widths(lines: Iterable[str], separator: str) -> Iterator[int]:
    return (len(cells) for cells in csv.reader(lines, delimiter=separator, skipinitialspace=True))
