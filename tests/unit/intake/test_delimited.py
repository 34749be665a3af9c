"""CSV as it comes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file

from .conftest import Read

Reader = Callable[..., Read]


class TestSeparators:
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_the_usual_separators_are_found(self, read: Reader, separator: str) -> None:
        rows = [["Company", "Notes", "Email"], ["Hotel", "a, b; c | d", "m@example.com"], ["Inn", "x", "n@example.com"]]
        text = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows)
        assert read(text).people == [("Hotel", "m@example.com"), ("Inn", "n@example.com")]

    def test_decimal_commas_do_not_separate(self, read: Reader) -> None:
        assert read("Firma;Umsatz;Ort\nA;1,5;x,y\nB;2,5;x,z\n").companies[0].attributes == {"umsatz": "1,5", "ort": "x,y"}

    def test_one_column_needs_no_separator(self, read: Reader) -> None:
        assert [company.name for company in read("Company\nGrand Hotel\nInn\n").companies] == ["Grand Hotel", "Inn"]

    def test_excel_may_tell_the_separator(self, read: Reader) -> None:
        found = read("sep=;\r\nCompany;Note\r\nHotel;a,b\r\n,;\r\n")
        assert (found.companies[0].name, found.delivered[0].line) == ("Hotel", 3)

    def test_blanks_around_headings_and_values_are_removed(self, read: Reader) -> None:
        assert read('Company , Email \n "Hotel, Grand" , m@example.com\n').faults == [
            (2, "", "a quote that is not closed, or not doubled within a quoted value")
        ]
        assert read('Company , Email \nHotel , "m@example.com"\n').people == [("Hotel", "m@example.com")]


class TestLines:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends_of_every_system(self, read: Reader, end: str) -> None:
        found = read(end.join(["Company,Email", "Hotel,m@example.com", "", "Inn,bad"]))
        assert found.people == [("Hotel", "m@example.com")]
        assert found.rejected[0].line == 4

    def test_lines_are_lines_of_the_file_behind_quoted_line_breaks(self, read: Reader) -> None:
        found = read('Company,Note,Email\nHotel,"one\ntwo\n\nthree",m@example.com\n\nInn,x,bad\n')
        assert [row.line for row in found.rejected] == [7]
        assert found.companies[0].prospects[0].attributes == {"note": "one\ntwo\n\nthree"}

    def test_blank_lines_and_lines_of_separators_are_nothing(self, read: Reader) -> None:
        assert read("\n,,\nCompany,Email,City\n\n,,\n , ,\nHotel,,\n").company.name == "Hotel"

    def test_a_row_with_too_few_values_has_blanks(self, read: Reader) -> None:
        assert read("Company,City,Email\nHotel\n").company.attributes == {}

    def test_a_row_with_too_many_values_is_rejected(self, read: Reader) -> None:
        found = read("Company,City\nHotel,Berlin,\nInn,Bonn, Mitte\n")
        assert [company.name for company in found.companies] == ["Hotel"]
        assert found.faults == [(3, "", "3 values under 2 headings; a value that holds ',' has to be quoted")]
        assert found.rejected[0].raw == ["Inn", "Bonn", "Mitte"]

    def test_a_nul_rejects_its_row(self, read: Reader) -> None:
        found = read("Company,City\nHotel,Ber\0lin\nInn,Bonn\n")
        assert [company.name for company in found.companies] == ["Inn"]
        assert (found.rejected[0].line, found.rejected[0].faults[0].field) == (2, "city")

    def test_a_value_may_be_long(self, read: Reader) -> None:
        assert len(read(f'Company,About\nHotel,"{"x" * 500_000}"\n').company.attributes["about"]) == 500_000


class TestBrokenQuotes:
    @pytest.mark.parametrize("line", ['"Hotel,x', '"Hotel "Adler" GmbH",x'])
    def test_a_broken_quote_rejects_its_line_and_no_other(self, read: Reader, line: str) -> None:
        found = read(f'Company,City\nInn,Bonn\n{line}\nGrand,"Köln"\n"Petit, le",Paris\n')
        assert [company.name for company in found.companies] == ["Inn", "Grand", "Petit, le"]
        assert found.faults == [(3, "", "a quote that is not closed, or not doubled within a quoted value")]
        assert found.rejected[0].raw == line

    def test_an_open_quote_far_from_the_end_is_given_up(self, read: Reader) -> None:
        rows = "".join(f"Hotel {number},x\n" for number in range(2_000))
        found = read(f'Company,City\n"open,x\n{rows}')
        assert len(found.companies) == 2_000
        assert [rejected.line for rejected in found.rejected] == [2]
        assert found.delivered[-1].line == 2_002

    def test_a_value_that_is_closed_may_have_any_number_of_lines(self, read: Reader) -> None:
        note = "\n".join(f"line {number}" for number in range(2_000))
        found = read(f'Company,Note,City\nHotel,"{note}",Bonn\nInn,,Köln\n')
        assert [company.attributes for company in found.companies] == [{"note": note, "city": "Bonn"}, {"city": "Köln"}]
        assert found.rejected == []

    @pytest.mark.parametrize("end", ["", 'the "end" of it\n'])
    def test_the_text_of_a_value_that_is_broken_off_is_no_companies(self, read: Reader, end: str) -> None:
        found = read(f'Company,City\nHotel,"Dear guests,\nwelcome, all of you\n\nInn,Bonn\n{end}')
        assert [company.name for company in found.companies] == ["Inn"]
        broken = "a quote that is not closed, or not doubled within a quoted value"
        torn = "stands behind a broken quote, and is no row by itself: it does not hold as many values as there are headings"
        assert found.faults == [(2, "", broken), (3, "", torn), *([(6, "", torn)] if end else [])]

    def test_nothing_but_rows_is_read_behind_a_value_that_is_too_long(self, read: Reader) -> None:
        text = "x" * 10_000 + "\n"
        found = read(f'Company,City\nHotel,"{text * 450}"\nInn,Bonn\n')
        assert [company.name for company in found.companies] == ["Inn"]
        assert found.faults[0] == (2, "", "a value of more than 4,194,304 characters, or a quote that is not closed")
        assert (len(found.rejected), found.rejected[-1].line) == (451, 452)

    def test_quotes_within_a_value_are_kept(self, read: Reader) -> None:
        assert read('Company,City\nHotel "Adler",5" x\n').company.name == 'Hotel "Adler"'

    def test_broken_headings_are_told(self, read: Reader) -> None:
        with pytest.raises(InvalidInput, match=r"The headings cannot be read: a quote .* in line 1"):
            read('Company,"City\nHotel,x\n')


def test_a_file_of_blank_lines_is_empty(read: Reader) -> None:
    with pytest.raises(InvalidInput, match="The file is empty"):
        read("\n\n , \n")


@pytest.mark.parametrize(("rows", "repeated"), [("Hotel,,x", 0), ("Company,,City\nHotel,,x\nCompany,,City", 2)])
def test_headings_that_stand_there_again_are_left_out_and_counted(tmp_path: Path, rows: str, repeated: int) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"Company,,City\n{rows}\n")
    with open_file(path, Choices()) as file:
        assert [outcome.line for outcome in file] == [2 if repeated == 0 else 3]
        assert file.repeated_headings == repeated


def test_a_byte_order_mark_before_headings_that_stand_there_again_is_no_part_of_them(read: Reader) -> None:
    found = read('\ufeffCompany,City\nHotel,Ulm\n\ufeffCompany,City\n\ufeff"Inn",Bonn\n')
    assert [company.name for company in found.companies] == ["Hotel", "Inn"]


def test_headings_alone_are_no_companies(read: Reader) -> None:
    assert read("Company,Email\n").companies == []


def test_progress_moves_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Company\n" + "".join(f"Hotel {number}\n" for number in range(1_000)))
    with open_file(path, Choices()) as file:
        outcomes = iter(file)
        next(outcomes)
        assert file.progress == pytest.approx(0.5, abs=0.01)
        assert len(list(outcomes)) == 999
        assert file.progress == 1.0
