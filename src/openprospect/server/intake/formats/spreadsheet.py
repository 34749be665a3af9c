"""XLSX, row by row: the first sheet that holds anything, the values that formulas had when the file was saved."""

import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.formats.plain import plain
from openprospect.server.intake.formats.source import TableRow
from openprospect.server.intake.outcome import RejectedRow

_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
# What a formula shows that found nothing.
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})


class Spreadsheet:
    """One workbook, open until the stack is closed. Its table of distinct texts is held in memory, as the format needs."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        workbook = _opened(path)
        stack.callback(workbook.close)
        self._row = 0
        self._last_row = 0
        self._rows = self._first_with_data(workbook)
        first = next(self._rows, None)
        if first is None:
            raise InvalidInput("No sheet of the workbook holds anything; expected a row of headings and a row a person.")
        self.headings = [str(cell if cell is not None else "").strip() for cell in first.cells]
        while self.headings and not self.headings[-1]:
            self.headings.pop()

    def rows(self) -> Iterator[TableRow | RejectedRow]:
        width = len(self.headings)
        for row in self._rows:
            if any(cell not in (None, "") for cell in row.cells[width:]):
                reason = f"a value to the right of the {width} headings; put a heading above it"
                yield RejectedRow(line=row.line, faults=[Fault(field="", reason=reason)], raw=row.cells)
            else:
                yield TableRow(row.line, row.cells[:width] + [None] * (width - len(row.cells)))

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
        # Some programs write a wrong size into the file, and rows beyond it would be lost.
        sheet.reset_dimensions()
        try:
            for self._row, values in enumerate(sheet.iter_rows(values_only=True), start=1):
                cells = [_cell(value) for value in values]
                if any(cell not in (None, "") for cell in cells):
                    yield TableRow(self._row, cells)
        except (ParseError, BadZipFile, KeyError, zlib.error) as error:
            raise InvalidInput(f"The workbook is damaged behind row {self._row}; save it anew.") from error


def _opened(path: Path) -> Any:
    with path.open("rb") as file:
        if file.read(4) == _OLD_OR_ENCRYPTED:
            raise InvalidInput(f"{path.name} is protected by a password, or an old .xls file; save it as .xlsx without a password.")
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; only values matter here.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise InvalidInput(f"{path.name} is no Excel workbook, or a damaged one; save it anew as .xlsx.") from error


def _cell(value: object) -> Any:
    if isinstance(value, str):
        text = value.strip()
        return None if text in _ERRORS else text
    return plain(value)
