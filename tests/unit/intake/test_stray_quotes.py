"""Two stray quotes, lines apart, in CSV: the rows between them are rows, and a value that goes over lines is a value."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openprospect.server.intake.outcome import DeliveredRow, RejectedRow
from tests.unit.intake.test_any_file import outcomes

BROKEN = "a quote that is not closed, or not doubled within a quoted value"
SEPARATORS = st.sampled_from([",", ";", "\t", "|"])
WORD = st.text("abcäß0189.-@/'", min_size=1, max_size=8)


def read(text: str) -> tuple[dict[str, dict[str, object]], list[tuple[int, str]]]:
    """The attributes of each company by its name, and the line and reason of what was rejected."""
    found = outcomes(text.encode(), ".csv")
    delivered = {outcome.row.name: outcome.row.attributes for outcome in found if isinstance(outcome, DeliveredRow)}
    return delivered, [(outcome.line, outcome.faults[0].reason) for outcome in found if isinstance(outcome, RejectedRow)]


def headings(width: int) -> list[str]:
    return ["Company", *(f"Field {n}" for n in range(1, width))]


@st.composite
def tables_with_stray_quotes(draw: st.DrawFn) -> tuple[list[list[str]], int, str]:
    """Rows of which two, far enough apart, have a cell that begins, and one that ends, with a quote; the first of them; as text."""
    width, between = draw(st.sampled_from([(2, 10), (3, 3), (4, 2), (5, 2), (6, 1), (9, 1)]))
    cells = st.lists(WORD, min_size=width - 1, max_size=width - 1)
    rows = [[f"Hotel {n}", *row] for n, row in enumerate(draw(st.lists(cells, min_size=between + 1, max_size=between + 20)))]
    first = draw(st.integers(0, len(rows) - between - 1))
    last = draw(st.integers(first + between, len(rows) - 1))
    written = [row.copy() for row in rows]
    column = draw(st.integers(0, width - 1))
    written[first][column] = f'"{written[first][column]}'
    column = draw(st.integers(1, width - 1))
    written[last][column] += '"'
    rows[last][column] += '"'
    separator, end = draw(SEPARATORS), draw(st.sampled_from(["\n", "\r\n"]))
    blank = draw(st.sampled_from(["", end]))
    return rows, first, "".join(separator.join(row) + end + blank for row in [headings(width), *written])


@settings(deadline=None)
@given(tables_with_stray_quotes())
def test_rows_between_two_stray_quotes_are_read_and_the_first_of_both_is_rejected(table: tuple[list[list[str]], int, str]) -> None:
    rows, first, text = table
    delivered, rejected = read(text)
    assert [reason for _, reason in rejected] == [BROKEN]
    assert list(delivered) == [row[0] for place, row in enumerate(rows) if place != first]
    assert [list(attributes.values()) for attributes in delivered.values()] == [row[1:] for place, row in enumerate(rows) if place != first]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Lines as people write them: words, commas and semicolons with a blank behind, now and then an empty line."""
    lines = draw(st.lists(st.lists(WORD, min_size=0, max_size=6), min_size=1, max_size=30))
    return "\n".join(draw(st.sampled_from([", ", "; ", " ", " | "])).join(words) for words in lines).strip() or "x"


@settings(deadline=None)
@given(st.integers(2, 7), SEPARATORS, st.lists(texts(), min_size=1, max_size=5), st.data())
def test_text_that_goes_over_lines_is_one_value(width: int, separator: str, values: list[str], data: st.DataObject) -> None:
    """As programs write it that quote only what needs it."""
    column = data.draw(st.integers(1, width - 1))
    rows = [[f"Hotel {n}", *["x"] * (width - 1)] for n in range(len(values))]
    for row, value in zip(rows, values, strict=True):
        row[column] = value
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator="\n").writerows([headings(width), *rows])

    delivered, rejected = read(file.getvalue())

    assert rejected == []
    assert [attributes[f"field_{column}"] for attributes in delivered.values()] == values


@settings(deadline=None)
@given(st.integers(2, 7), SEPARATORS, st.lists(st.text('ab1,;\t| "\n', min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=5))
def test_whatever_is_in_a_value_is_kept_where_everything_is_quoted(width: int, separator: str, values: list[str]) -> None:
    rows = [[f"Hotel {n}", *["x"] * (width - 2), value] for n, value in enumerate(values)]
    file = io.StringIO()
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([headings(width), *rows])

    delivered, rejected = read(file.getvalue())

    assert rejected == []
    assert [attributes[f"field_{width - 1}"] for attributes in delivered.values()] == [value.strip() for value in values]


@pytest.mark.parametrize(
    "value",
    [
        "Main Street 1\n10115 Berlin",
        "Main Street 1, Berlin\nRue de Rivoli 2, Paris\nVia Roma 3, Rome",
        "Open:" + "".join(f"\n{day},8-18" for day in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")),
        "Single 80,5\nDouble 120,5\nSuite 200,0",
        "Offices:" + "\nMain Street 1, Berlin, Germany" * 20,
        "Tags:\nwifi,spa,pool,bar",
        "Dear guests,\n\nwelcome to the hotel, where everybody is at home.\n\nYours,\nAda",
    ],
)
@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_notes_addresses_and_lists_are_values(value: str, width: int) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([headings(width), ["Hotel", *["x"] * (width - 2), value]])
    delivered, rejected = read(file.getvalue())
    assert rejected == []
    assert delivered["Hotel"][f"field_{width - 1}"] == value


@pytest.mark.parametrize("line", ['"Grand","open:', 'Grand,"""open"":'])
def test_a_table_within_a_value_is_a_value_where_other_quotes_show_that_a_program_put_them(line: str) -> None:
    value = "\n".join(f"{day},8-18" for day in range(20))
    delivered, rejected = read(f'Company,Note\n{line}\n{value}"\nInn,x\n')
    assert (list(delivered), rejected) == (["Grand", "Inn"], [])


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        (['"Grand;https://grand.example;x', "Inn;https://inn.example;y", 'Palace;https://palace.example;z"'], 2),
        (["Grand;g@grand.example;x", 'Inn;i@inn.example;"6 inch', 'Palace;"";y', 'Villa;v@villa.example;12"'], 3),
        (['Grand;"www.grand.example;x', 'Inn;www.inn.example";y'], 2),
    ],
)
def test_few_rows_are_told_by_a_column_of_addresses(lines: list[str], broken: int) -> None:
    delivered, rejected = read("\n".join(["Company;Address;Note", *lines]))
    assert rejected == [(broken, BROKEN)]
    assert list(delivered) == [line.split(";")[0] for number, line in enumerate(lines, start=2) if number != broken]


def test_a_list_of_addresses_is_a_value() -> None:
    delivered, rejected = read('Company,Note\nGrand,"Ask:\nAda,ada@grand.example\nBob,bob@grand.example"\nInn,x\n')
    assert (list(delivered), rejected) == (["Grand", "Inn"], [])


def test_rows_with_quoted_blanks_are_rows_too() -> None:
    rows = "".join(f'Hotel {n},"",x,""\n' for n in range(5))
    delivered, rejected = read(f'Company,a,b,c\nGrand,x,"12 inch,y\n{rows}Inn,x,13",y\n')
    assert ([*delivered], rejected) == ([*(f"Hotel {n}" for n in range(5)), "Inn"], [(2, BROKEN)])


def test_lines_that_end_as_excel_ends_those_within_a_value_are_no_rows() -> None:
    rows = "\n".join(f"Hotel {n};x;y" for n in range(20))
    delivered, rejected = read(f'Company;a;b\r\nGrand;x;"seen:\n{rows}"\r\nInn;x;y\r\n')
    assert (list(delivered), rejected) == (["Grand", "Inn"], [])


def test_hundreds_of_rows_between_stray_quotes_are_read_though_some_are_short() -> None:
    rows = [f"Hotel {n};https://h{n}.example;x" for n in range(1_000)]
    rows[99], rows[300], rows[499] = 'Hotel 99;https://h99.example;"12 inch', "Hotel 300", 'Hotel 499;https://h499.example;13"'
    delivered, rejected = read("\n".join(["company_name;website_url;note", *rows]))
    assert (len(delivered), rejected) == (999, [(101, BROKEN)])
    assert delivered["Hotel 499"] == {"note": '13"'}
