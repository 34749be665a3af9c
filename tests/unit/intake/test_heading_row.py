"""Titles above the headings."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file

from .conftest import Read

Reader = Callable[..., Read]

TABLE = "Company;Email;City\nHotel;m@example.com;Ulm\n\nInn;bad;Bonn\n"


@pytest.mark.parametrize(
    "title", ["Contacts 2026\n", "Contacts 2026;;\n", "\nContacts, as of May\n;;as of today\n\n", "Kunde;\n", "\nCompany\nAdler\n"]
)
def test_a_title_above_the_headings_is_left_out_and_lines_stay_those_of_the_file(read: Reader, title: str) -> None:
    found = read(title + TABLE)
    assert found.people == [("Hotel", "m@example.com")]
    assert [row.line for row in found.rejected] == [title.count("\n") + 4]


def test_in_a_workbook_too(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active
    for row in (["Contacts 2026"], [], [None, "as of today"], ["Company", "Email", "City"], ["Hotel", "m@example.com"], ["Inn", "bad"]):
        book.active.append(row)
    book.save(path := tmp_path / "companies.xlsx")
    found = read(path)
    assert found.people == [("Hotel", "m@example.com")]
    assert [row.line for row in found.rejected] == [6]
    with open_file(path, Choices()) as file:
        assert file.title_lines == 3


def test_headings_below_a_title_that_are_merged_down_are_no_company(read: Reader, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Contacts 2026"], ["Company", "Email"], [None, "of work"], ["Hotel", "m@example.com"], [None, "n@example.com"]):
        sheet.append(row)
    for merged in ("A1:B1", "A2:A3", "A4:A5"):
        sheet.merge_cells(merged)
    book.save(path := tmp_path / "companies.xlsx")
    found = read(path)
    assert found.people == [("Hotel", "m@example.com"), ("Hotel", "n@example.com")]
    assert [(line, field) for line, field, _ in found.faults] == [(3, "email"), (3, "name")]


def test_what_is_told_by_the_caller_counts_for_finding_them(tmp_path: Path) -> None:
    path = tmp_path / "companies.csv"
    path.write_text("Report\nBetrieb,Ort\nHotel,Ulm\n", encoding="utf-8")
    with open_file(path, Choices(mapping={"name": "Betrieb"})) as file:
        assert file.title_lines == 1
    path.write_text("Company,City\nHotel,Ulm\n", encoding="utf-8")
    with open_file(path, Choices()) as file:
        assert file.title_lines == 0


@pytest.mark.parametrize("above", ["Betrieb;Ort;Straße\n", "Contacts\n" * 10])
def test_a_line_as_wide_as_a_row_or_ten_lines_are_no_title(read: Reader, above: str) -> None:
    with pytest.raises(InvalidInput, match="No column holds the company's name"):
        read(above + TABLE)


def test_headings_that_cannot_be_read_are_told_and_not_the_title(read: Reader) -> None:
    with pytest.raises(InvalidInput, match="there are: 'Betrieb', 'E-Mail', 'Ort'"):
        read("Betriebe 2026\nBetrieb;E-Mail;Ort\nHotel;m@example.com;Ulm\n")
    with pytest.raises(InvalidInput, match="No column is called 'Orte'; there are: 'Company', 'Email', 'City'"):
        read("Contacts 2026\n" + TABLE, mapping={"city": "Orte"})


def test_a_broken_quote_below_a_title_is_told_where_it_stands(read: Reader) -> None:
    found = read('Contacts 2026\nCompany;Email\nHotel;"m@example.com\nInn;n@example.com\n')
    assert found.faults == [(3, "", "a quote that is not closed, or not doubled within a quoted value")]
    assert found.people == [("Inn", "n@example.com")]


def test_a_row_of_fewer_values_is_one_too_above_a_broken_quote(read: Reader) -> None:
    for title in ("", "Contacts 2026\n"):
        assert [company.name for company in read(title + 'Company;Email\nHotel\nInn;"n@example.com\n').companies] == ["Hotel"]


def test_one_column_is_no_row_of_titles(read: Reader) -> None:
    assert [company.name for company in read("Company\nGrand Hotel\nInn, old; and small\n").companies][:1] == ["Grand Hotel"]
