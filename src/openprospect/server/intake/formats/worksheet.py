"""The rows of one sheet as openpyxl parses them, with formulas told apart whose value the file does not hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any

from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.functions import iterparse

from openprospect.server.intake.formats.merged import Rows, merged_down, repeated
from openprospect.server.intake.formats.shown import as_shown


@dataclass(frozen=True, slots=True)
class Uncalculated:
    """A formula as a program wrote it that does not calculate: what the cell shows is not in the file."""

    formula: str


class _Parser(WorkSheetParser):
    def rows(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Rows alone: openpyxl's own looks at all else in a sheet too, and warns of what it does not know."""
        for _, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                yield self.parse_row(element)
                element.clear()

    def parse_cell(self, element: Any) -> dict[str, Any]:
        if self._is_beyond_dates(element):
            del element.attrib["s"]
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and (formula := element.find(FORMULA_TAG)) is not None and not _is_calculated(element):
            cell["value"] = Uncalculated(f"={formula.text or ''}")
        return cell

    def _is_beyond_dates(self, element: Any) -> bool:
        """Whether this is a number, such as of a telephone, of which nothing but its format says that it is a date."""
        if element.get("t", "n") != "n" or int(element.get("s", 0)) not in self.date_formats:
            return False
        try:
            from_excel(float(element.findtext(VALUE_TAG) or 0), self.epoch)
        except (OverflowError, ValueError):
            return True
        return False


def values_below(sheet: Any, headings: int) -> Rows:
    """The rows below that of the headings, as `values_of` has them, but with what is merged down in each of its rows."""
    with sheet._get_source() as source:  # noqa: SLF001
        merged = merged_down(source, below=headings)
    return repeated(dropwhile(lambda row: row[0] <= headings, values_of(sheet)), merged)


def values_of(sheet: Any) -> Rows:
    """Each row that the file has, with its number: the values its cells had when it was saved, or `Uncalculated`.

    `sheet` is one of a workbook opened read-only, whose own rows show such a cell as blank.
    """
    book = sheet.parent
    with sheet._get_source() as source:  # noqa: SLF001 - openpyxl has no other way to see both formula and value without reading twice
        parser = _Parser(
            source,
            sheet._shared_strings,  # noqa: SLF001
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        shown = as_shown(book)
        for number, cells in parser.rows():
            values: list[Any] = [None] * max((cell["column"] for cell in cells), default=0)
            for cell in cells:
                values[cell["column"] - 1] = shown(cell["value"], cell["style_id"])
            yield number, values


def _is_calculated(element: Any) -> bool:
    """Whether a formula's cell without a text is really empty: one of type text may have come out so."""
    value = element.find(VALUE_TAG)
    return value is not None and element.get("t") == "str"
