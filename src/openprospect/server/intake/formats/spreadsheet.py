"""XLSX, row by row: the sheet that holds companies, the values that formulas had when the file was saved."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, BinaryIO

from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.formats.heading_row import MOST_ROWS, Check, find_heading_row
from openprospect.server.intake.formats.merged import Rows
from openprospect.server.intake.formats.plain import SPREADSHEET_ERRORS, plain
from openprospect.server.intake.formats.source import Flaw, TableRow
from openprospect.server.intake.formats.workbook import open_workbook
from openprospect.server.intake.formats.worksheet import Uncalculated, values_below, values_of

# Excel's own limit.
_MOST_ROWS = 1 << 20
_MOST_TOLD = 3


class UnclearSheet(InvalidInput):
    """Several sheets of a workbook could be meant, or none can be read; `sheets` are those to choose from."""

    def __init__(self, message: str, sheets: Sequence[str]) -> None:
        super().__init__(message)
        self.sheets = sheets


class Spreadsheet:
    """One workbook, open until the stack is closed. Its table of distinct texts is held in memory, as the format needs.

    `sheet`: the one that is read; `sheets`: all that hold anything and are shown; `title_lines`: how many rows stand above the headings,
    without being any.
    """

    def __init__(self, name: str, stream: BinaryIO, stack: ExitStack, *, named: str | None, check: Check) -> None:
        workbook = open_workbook(name, stream)
        stack.callback(workbook.close)
        shown = [sheet for one in workbook.worksheets if one.sheet_state == "visible" and (sheet := _Sheet(one, check)).holds_anything]
        self.sheets = [sheet.title for sheet in shown]
        self._sheet = _chosen(shown, check) if named is None else _found(named, workbook.worksheets, check)
        self.sheet = self._sheet.title
        self.headings = self._sheet.headings()
        self.title_lines = self._sheet.title_lines
        self.fraction = self._sheet.fraction

    def rows(self) -> Iterator[TableRow]:
        width = len(self.headings)
        for row in self._sheet.rows():
            cells = [None if isinstance(cell, Uncalculated) else cell for cell in row.cells[:width]]
            yield TableRow(row.line, cells + [None] * (width - len(cells)), _flaw(row.cells, width))


class _Sheet:
    """One sheet, of which nothing was kept but its headings: the first row that holds anything, or one below a title."""

    def __init__(self, sheet: Any, check: Check) -> None:
        self.title: str = sheet.title
        self._sheet = sheet
        self._row = 0
        self._last_row = sheet.max_row or 0
        self._top, self.title_lines = self._find_headings(check)

    @property
    def holds_anything(self) -> bool:
        return self._top is not None

    def rows(self) -> Iterator[TableRow]:
        """Those below the headings that hold anything."""
        headings = self._top.line if self._top else 0
        return self._filled(lambda: values_below(self._sheet, headings))

    def _find_headings(self, check: Check) -> tuple[TableRow | None, int]:
        """The row, and how many rows of titles stand above it."""
        rows = list(islice(self._filled(lambda: values_of(self._sheet)), MOST_ROWS))
        if not rows:
            return None, 0
        place = find_heading_row([row.cells for row in rows], check)
        return rows[place], rows[place].line - 1 if place else 0

    def headings(self) -> list[str]:
        """Raises InvalidInput where there are none to read."""
        cells = self._top.cells if self._top else []
        if uncalculated := _uncalculated(cells):
            raise InvalidInput(f"The headings cannot be read: {uncalculated}.")
        headings = [str(cell if cell is not None else "").strip() for cell in cells]
        while headings and not headings[-1]:
            headings.pop()
        return headings

    def fraction(self) -> float:
        return min(1.0, self._row / self._last_row) if self._last_row else 0.0

    def _filled(self, read: Callable[[], Rows]) -> Iterator[TableRow]:
        try:
            for self._row, values in read():
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


def _found(named: str, sheets: Sequence[Any], check: Check) -> _Sheet:
    for sheet in sheets:
        if sheet.title.strip().casefold() == named.strip().casefold() and (found := _Sheet(sheet, check)).holds_anything:
            return found
    titles = [sheet.title for sheet in sheets]
    raise UnclearSheet(f"No sheet that holds anything is called {named!r}; there are: {_listed(titles)}.", titles)


def _chosen(shown: Sequence[_Sheet], check: Check) -> _Sheet:
    """The only sheet, or the only one that holds companies; raises InvalidInput where that leaves none, or several."""
    if not shown:
        raise InvalidInput("No sheet of the workbook holds anything, hidden ones aside; expected a row of headings and a row a person.")
    if len(shown) == 1:
        return shown[0]
    faults = {sheet.title: _fault(sheet, check) for sheet in shown}
    fitting = [sheet for sheet in shown if faults[sheet.title] is None]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        titles = [sheet.title for sheet in fitting]
        raise UnclearSheet(f"The workbook has {len(titles)} sheets with companies: {_listed(titles)}. Name one with --sheet.", titles)
    told = " ".join(f"In {title!r}: {fault}" for title, fault in list(faults.items())[:_MOST_TOLD])
    raise UnclearSheet(f"No sheet of the workbook holds companies ({_listed(list(faults))}). {told}", list(faults))


def _fault(sheet: _Sheet, check: Check) -> str | None:
    try:
        check(sheet.headings())
    except InvalidInput as error:
        return error.message
    return None


def _listed(titles: Sequence[str]) -> str:
    return ", ".join(map(repr, titles))


def _cell(value: object) -> Any:
    if isinstance(value, str):
        text = unescape(value).strip()
        return None if text.casefold() in SPREADSHEET_ERRORS else text
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
