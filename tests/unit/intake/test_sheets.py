"""Which sheet of a workbook is read: never one of several that could be meant, and never one that nobody sees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file
from openprospect.server.intake.formats.spreadsheet import UnclearSheet

from .conftest import Read

Reader = Callable[..., Read]
COMPANIES = [["Company", "Email"], ["A", "a@example.com"]]
OTHERS = [["Firma", "E-Mail"], ["B", "b@example.com"]]
COVER = [["Our hotels", "as of May"]]
HIDDEN = "hidden "


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """A workbook of sheets by title; those whose title begins so are hidden."""

    def workbook(**sheets: list[list[Any]]) -> Path:
        book = openpyxl.Workbook(write_only=True)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            sheet.sheet_state = "hidden" if title.startswith(HIDDEN) else "visible"
            for row in rows:
                sheet.append(row)
        path = tmp_path / "companies.xlsx"
        book.save(path)
        return path

    return workbook


@pytest.mark.parametrize(
    "sheets",
    [
        {"Berlin": COMPANIES},
        {"empty": [], "blank": [[None]], "Berlin": COMPANIES},
        {"Cover": COVER, "Berlin": COMPANIES},
        {HIDDEN: OTHERS, "Berlin": COMPANIES},
    ],
    ids=["the only one", "the only one that holds anything", "the only one with companies", "the only one that is shown"],
)
def test_the_sheet_that_alone_can_be_meant_is_read(read: Reader, workbook: Callable[..., Path], sheets: dict[str, Any]) -> None:
    assert read(workbook(**sheets)).people == [("A", "a@example.com")]


def test_of_several_sheets_with_companies_none_is_read_until_one_is_named(read: Reader, workbook: Callable[..., Path]) -> None:
    path = workbook(Cover=COVER, Berlin=COMPANIES, Bonn=OTHERS)
    with pytest.raises(UnclearSheet, match=r"2 sheets with companies: 'Berlin', 'Bonn'. Name one with --sheet.") as refused:
        read(path)
    assert refused.value.sheets == ["Berlin", "Bonn"]
    assert read(path, sheet=" bonn ").people == [("B", "b@example.com")]


def test_a_hidden_sheet_can_be_named(read: Reader, workbook: Callable[..., Path]) -> None:
    assert read(workbook(**{HIDDEN: OTHERS, "Berlin": COMPANIES}), sheet=HIDDEN).people == [("B", "b@example.com")]


def test_which_sheet_is_read_and_which_there_are_is_told(workbook: Callable[..., Path]) -> None:
    with open_file(workbook(**{"Cover": COVER, HIDDEN: OTHERS, "Berlin": COMPANIES}), Choices()) as file:
        assert (file.sheet, list(file.sheets)) == ("Berlin", ["Cover", "Berlin"])


def test_a_column_that_is_mapped_tells_sheets_apart(read: Reader, workbook: Callable[..., Path]) -> None:
    path = workbook(Cover=COVER, Data=[["Haus"], ["A"]])
    assert [company.name for company in read(path, mapping={"name": "Haus"}).companies] == ["A"]


def test_where_no_sheet_holds_companies_each_is_told_with_what_it_lacks(read: Reader, workbook: Callable[..., Path]) -> None:
    with pytest.raises(UnclearSheet, match="'Cover', 'Data'") as refused:
        read(workbook(Cover=COVER, Data=[["Company", "City", "City"], ["A", "x", "y"]]))
    assert "In 'Cover': No column holds the company's name" in refused.value.message
    assert "In 'Data': The heading 'City' stands over columns 2 and 3" in refused.value.message


@pytest.mark.parametrize("sheet", ["Hamburg", "blank"])
def test_a_sheet_that_is_not_there_or_holds_nothing_is_told(read: Reader, workbook: Callable[..., Path], sheet: str) -> None:
    with pytest.raises(InvalidInput, match=f"No sheet that holds anything is called '{sheet}'; there are: 'blank', 'Berlin'."):
        read(workbook(blank=[[None]], Berlin=COMPANIES), sheet=sheet)


def test_other_files_have_no_sheet_to_name(read: Reader) -> None:
    with pytest.raises(InvalidInput, match="Only workbooks"):
        read("company_name\nA\n", sheet="Berlin")
