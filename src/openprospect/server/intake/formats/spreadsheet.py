"""XLSX, row by row: the first sheet that holds anything, the values that formulas had when the file was saved."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO
from zipfile import ZipFile

import openpyxl
from openpyxl.utils import get_column_letter

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.formats.plain import plain
from openprospect.server.intake.formats.source import Flaw, TableRow
from openprospect.server.intake.formats.worksheet import Uncalculated, values_of

_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
# What a formula shows that found nothing.
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
# Excel's own limit.
_MOST_ROWS = 1 << 20
# A workbook is a ZIP archive: a few kilobytes may unpack to any size. Sheets are read row by row, all else at once.
_MOST_BYTES = 1 << 30
_MOST_BYTES_AT_ONCE = 1 << 28


class Spreadsheet:
    """One workbook, open until the stack is closed. Its table of distinct texts is held in memory, as the format needs."""

    def __init__(self, name: str, stream: BinaryIO, stack: ExitStack) -> None:
        workbook = _opened(name, stream)
        stack.callback(workbook.close)
        self._row = 0
        self._last_row = 0
        self._rows = self._first_with_data(workbook)
        first = next(self._rows, None)
        if first is None:
            raise InvalidInput("No sheet of the workbook holds anything; expected a row of headings and a row a person.")
        if uncalculated := _uncalculated(first.cells):
            raise InvalidInput(f"The headings cannot be read: {uncalculated}.")
        self.headings = [str(cell if cell is not None else "").strip() for cell in first.cells]
        while self.headings and not self.headings[-1]:
            self.headings.pop()

    def rows(self) -> Iterator[TableRow]:
        width = len(self.headings)
        for row in self._rows:
            cells = [None if isinstance(cell, Uncalculated) else cell for cell in row.cells[:width]]
            yield TableRow(row.line, cells + [None] * (width - len(cells)), _flaw(row.cells, width))

    def fraction(self) -> float:
        return min(1.0, self._row / self._last_row) if self._last_row else 0.0

    def _first_with_data(self, workbook: Any) -> Iterator[TableRow]:
        for sheet in workbook.worksheets:
            found = False
            for row in self._filled(sheet):
                found = True
                yield row
            if found:
                return

    def _filled(self, sheet: Any) -> Iterator[TableRow]:
        self._last_row = sheet.max_row or 0
        try:
            for self._row, values in values_of(sheet):
                if self._row > _MOST_ROWS:
                    break
                cells = [_cell(value) for value in values]
                if any(cell not in (None, "") for cell in cells):
                    yield TableRow(self._row, cells)
        except Exception as error:
            # openpyxl raises whatever it stumbles over: errors of XML, of ZIP, of numbers, of places, of types.
            raise InvalidInput(f"The workbook is damaged behind row {self._row}; save it anew.") from error
        if self._row > _MOST_ROWS:
            raise InvalidInput(f"The workbook has rows beyond {_MOST_ROWS:,}, where Excel ends; save it anew, or as CSV.")


def _opened(name: str, file: BinaryIO) -> Any:
    if file.read(4) == _OLD_OR_ENCRYPTED:
        raise InvalidInput(f"{name} is protected by a password, or an old .xls file; save it as .xlsx without a password.")
    try:
        size, size_at_once = _unpacks_to(file)
        if size > _MOST_BYTES or size_at_once > _MOST_BYTES_AT_ONCE:
            raise InvalidInput(f"{name} unpacks to more than a workbook may; save it as CSV, which is read in a stream.")
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; only values matter here.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(file, read_only=True, data_only=True)
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(f"{name} is no Excel workbook, or a damaged one; save it anew as .xlsx.") from error


def _unpacks_to(file: BinaryIO) -> tuple[int, int]:
    """Bytes in all, and of what is read at once; as the archive states them, and no more is ever unpacked."""
    with ZipFile(file) as archive:
        parts = archive.infolist()
    at_once = (part for part in parts if not part.filename.startswith("xl/worksheets/"))
    return sum(part.file_size for part in parts), sum(part.file_size for part in at_once)


def _cell(value: object) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return None if text in _ERRORS else text
    return value if isinstance(value, Uncalculated) else plain(value)


def _uncalculated(cells: list[Any]) -> str | None:
    """What is wrong with a row that has a formula without a value; blank it would take away what was delivered before."""
    places = [get_column_letter(place) for place, cell in enumerate(cells, start=1) if isinstance(cell, Uncalculated)]
    if not places:
        return None
    return (
        f"a formula without a value in column {', '.join(places)}; open the workbook in Excel or LibreOffice, which calculate, and save it"
    )


def _flaw(cells: list[Any], width: int) -> Flaw | None:
    is_wider = any(cell not in (None, "") for cell in cells[width:])
    reason = f"a value to the right of the {width} headings; put a heading above it" if is_wider else _uncalculated(cells)
    if reason is None:
        return None
    unknown = [place for place, cell in enumerate(cells[:width]) if isinstance(cell, Uncalculated)]
    return Flaw(reason, [cell.formula if isinstance(cell, Uncalculated) else cell for cell in cells], tuple(unknown))
