"""XLSX files."""

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from openprospect.server.core.errors import InvalidInput
from tests.unit.intake import test_hostile_workbooks as hostile

from .conftest import Read

Reader = Callable[..., Read]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    def workbook(*sheets: list[list[Any]]) -> Path:
        book = openpyxl.Workbook(write_only=True)
        for rows in sheets:
            sheet = book.create_sheet()
            for row in rows:
                sheet.append(row)
        path = tmp_path / "companies.xlsx"
        book.save(path)
        return path

    return workbook


def test_a_row_is_a_person(read: Reader, workbook: Callable[..., Path]) -> None:
    found = read(
        workbook(
            [["Company", "Email", "City"], ["A", "a@example.com", "Köln"], [], [None, None, None], ["A", "b@example.com"], ["B", "bad"]]
        )
    )
    assert found.people == [("A", "a@example.com"), ("A", "b@example.com")]
    assert [line for line, _, _ in found.faults] == [6]


def test_numbers_in_text_fields_become_text(read: Reader, workbook: Callable[..., Path]) -> None:
    company = read(workbook([["Company", "Kundennummer", "Employees", "Score"], [1860.0, 1001.0, 12.0, 0.5]])).company
    assert (company.name, company.source_id, company.attributes) == ("1860", "1001", {"employees": 12, "score": 0.5})


def test_zeros_that_a_format_puts_in_front_are_part_of_the_number(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Company", "Kundennummer", "PLZ", "Branch", "Score", "Rooms"], [1860, 42, 1067.0, -7, 1.5, 12]):
        sheet.append(row)
    for place, shown in {"A2": "000000", "B2": "000000", "C2": "00000", "D2": "000", "E2": "000", "F2": "0"}.items():
        sheet[place].number_format = shown
    book.save(tmp_path / "x.xlsx")
    company = read(tmp_path / "x.xlsx").company
    assert (company.name, company.source_id) == ("001860", "000042")
    assert company.attributes == {"plz": "01067", "branch": "-007", "score": 1.5, "rooms": 12}


def test_a_moment_is_a_date_where_its_format_shows_no_time(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Company", "a", "b", "c"])
    sheet.append(["A", *map(datetime.fromisoformat, ["2026-02-25", "2026-02-25", "2026-02-25T12:30"])])
    for place, shown in {"B2": "dd.mm.yyyy", "C2": "dd.mm.yyyy hh:mm", "D2": "dd.mm.yyyy"}.items():
        sheet[place].number_format = shown
    book.save(tmp_path / "x.xlsx")
    assert read(tmp_path / "x.xlsx").company.attributes == {"a": "2026-02-25", "b": "2026-02-25T00:00:00", "c": "2026-02-25T12:30:00"}


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("one_x000D_&#10;two", "one\r\ntwo"),
        ("caf_x00e9_ _x00C9_", "café É"),
        ("_x005F_x000D_", "_x000D_"),
        ("my_x_files_x12_ x005F_", "my_x_files_x12_ x005F_"),
    ],
)
def test_what_a_workbook_escapes_is_unescaped_once(read: Reader, escaped: str, text: str) -> None:
    sheet = hostile.PARTS[hostile.SHEET].replace(b"maria@hotel.example", escaped.encode()).replace(b">email<", b">note<")
    shared = hostile.replaced(hostile.STRINGS, "Grand Hotel", escaped)
    company = read(hostile.packed({hostile.SHEET: sheet} | shared), "x.xlsx").company
    assert (company.name, company.attributes["note"]) == (text, text)


def test_dates_are_written_as_iso(read: Reader, workbook: Callable[..., Path]) -> None:
    row = ["A", datetime.fromisoformat("2026-02-25"), datetime.fromisoformat("2026-02-25T12:30"), date(2026, 1, 1), time(9, 5), True]
    company = read(workbook([["Company", "a", "b", "c", "d", "e"], row])).company
    assert company.attributes == {"a": "2026-02-25T00:00:00", "b": "2026-02-25T12:30:00", "c": "2026-01-01", "d": "09:05:00", "e": True}


def test_a_number_that_no_calendar_has_stays_a_number_though_its_cell_is_made_for_dates(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows: list[list[Any]] = [["Company", "Phone", "Since"], ["A", 4930123456, 46078]]
    for row in rows:
        sheet.append(row)
    sheet["B2"].number_format = sheet["C2"].number_format = "yyyy-mm-dd"
    book.save(tmp_path / "dates.xlsx")
    assert read(tmp_path / "dates.xlsx").company.attributes == {"phone": 4930123456, "since": "2026-02-25"}


@pytest.mark.parametrize(
    "beside", ["<extLst><ext/></extLst>", '<conditionalFormatting sqref="A1:A2"><cfRule type="x"/></conditionalFormatting>']
)
def test_what_a_sheet_holds_beside_its_rows_is_left_alone(beside: str) -> None:
    assert len(hostile.read(hostile.replaced(hostile.SHEET, "</sheetData>", f"</sheetData>{beside}"))) == 1


@pytest.mark.parametrize("merged", ["A2:A4", "A2:B4"])
def test_a_cell_that_is_merged_down_counts_in_each_of_its_rows(read: Reader, tmp_path: Path, merged: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    people: list[list[Any]] = [
        ["A", None, "a@example.com"],
        [None, None, "b@example.com"],
        [None, None, "c@example.com"],
        ["B", "Bonn", "d@example.com"],
    ]
    for row in [["Company", "City", "Email"], *people]:
        sheet.append(row)
    sheet.merge_cells(merged)
    book.save(tmp_path / "merged.xlsx")
    found = read(tmp_path / "merged.xlsx")
    assert found.people == [("A", "a@example.com"), ("A", "b@example.com"), ("A", "c@example.com"), ("B", "d@example.com")]
    assert [company.attributes for company in found.companies] == [{}, {"city": "Bonn"}]


def test_merged_headings_are_no_company(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows: list[list[Any]] = [["Company", "City"], [None, "where it is"], ["A", "Bonn"]]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:A2")
    book.save(tmp_path / "merged.xlsx")
    found = read(tmp_path / "merged.xlsx")
    assert [company.name for company in found.companies] == ["A"]
    assert [line for line, _, _ in found.faults] == [2]


def test_numbers_among_headings_that_stand_there_again_are_headings_too(read: Reader, workbook: Callable[..., Path]) -> None:
    assert read(workbook([["Company", 2025, None], ["A", 5, None], ["Company", 2025, None]])).company.attributes == {"2025": 5}


@pytest.mark.parametrize("error", ["#N/A", "#n/a", "#SPILL!", "#NV"])
def test_formulas_that_found_nothing_are_blank(read: Reader, workbook: Callable[..., Path], error: str) -> None:
    company = read(workbook([["Company", "Website", "Rooms"], ["A", error, error]])).company
    assert (company.website_url, company.attributes) == (None, {})


def test_a_value_beside_the_headings_rejects_its_row(read: Reader, workbook: Callable[..., Path]) -> None:
    found = read(workbook([["Company", None], ["A", None], ["B", "x"]]))
    assert [company.name for company in found.companies] == ["A"]
    assert found.faults == [(3, "", "a value to the right of the 1 headings; put a heading above it")]


def test_an_empty_workbook_is_told(read: Reader, workbook: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInput, match="No sheet of the workbook holds anything, hidden ones aside"):
        read(workbook([], [[None]]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "protected by a password, or an old .xls"),
        (b"PK\x03\x04x", "no Excel workbook"),
        (b"a,b\n", "no Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_told(read: Reader, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(content, "x.xlsx")
