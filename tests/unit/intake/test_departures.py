"""Whether whoever a file does not have is gone: only where every row that may be of their company was understood."""

from collections.abc import Callable

import pytest

from openprospect.server.intake.outcome import DeliveredRow
from tests.unit.intake.test_any_file import outcomes
from tests.unit.intake.test_hostile_workbooks import SHEET, packed, replaced

from .conftest import Read

Reader = Callable[..., Read]
ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
HEADINGS = "id,source_id,company_name,website_url,email,city\n"


def keeping(found: Read) -> dict[str, bool]:
    return {company.source_id or company.name: company.keeps_people for company in found.companies}


def test_where_all_rows_are_understood_the_others_have_left(read: Reader) -> None:
    assert keeping(read(f"{HEADINGS},1,A,,a@example.com,\n,2,B,,,Bonn\n")) == {"1": False, "2": False}


@pytest.mark.parametrize(
    "row",
    [",1,A,,a@example,", ",1,Bank,,b@example.com,", ",1,A,,,Bonn", ",1,A,,a@example.com,Bonn"],
    ids=["no address", "another name", "contradicts, and names nobody", "contradicts an earlier row of the person"],
)
def test_a_rejected_row_keeps_the_people_of_its_company_alone(read: Reader, row: str) -> None:
    found = read(f"{HEADINGS},1,A,,a@example.com,Berlin\n{row}\n,2,B,,b@example.com,\n")
    assert keeping(found) == {"1": True, "2": False}
    assert [line for line, _, _ in found.faults] == [3]


def test_a_row_that_may_be_of_several_companies_keeps_the_people_of_these(read: Reader) -> None:
    found = read(f"{HEADINGS},1,Inn,,a@example.com,\n,2,Inn,,b@example.com,\n,,Inn,,c@example.com,\n,3,Hotel,,d@example.com,\n")
    assert keeping(found) == {"1": True, "2": True, "3": False}


@pytest.mark.parametrize("known", [",1,A,,", ",,A,a.example,", ",,A,,"], ids=["source id", "website", "name"])
def test_a_row_under_a_mistyped_id_keeps_the_people_of_the_company_that_it_clashes_with(read: Reader, known: str) -> None:
    rows = [f"{ID}{known}a@example.com,", f"{ID[:-1]}9{known}b@example.com,", f"{ID[:-1]}8,3,C,,c@example.com,"]
    found = read(HEADINGS + "\n".join(rows))
    assert list(keeping(found).values()) == [True, False]
    assert [line for line, _, _ in found.faults] == [3]


@pytest.mark.parametrize(
    "row",
    [',1,A,,"b@example.com,', ",1,A,,b@example.com,Berlin, Mitte", ",,,,b@example.com,", ",1,A,,b@example.com,Ber\xfflin"],
    ids=["broken quote", "too many values", "a person without a company", "broken character"],
)
def test_a_row_that_nobody_can_assign_keeps_everybody(read: Reader, row: str) -> None:
    content = f"{HEADINGS},1,A,,a@example.com,\n{row}\n,2,B,,b@example.com,\n".encode("latin-1")
    found = read(content, encoding="utf-8")
    assert keeping(found) == {"1": True, "2": True}
    assert [line for line, _, _ in found.faults] == [3]


def test_a_line_below_the_table_that_is_about_nobody_keeps_nobody(read: Reader) -> None:
    found = read("city,company_name,email\nBerlin,A,a@example.com\nTotal: 1,,\n")
    assert keeping(found) == {"A": False}
    assert [line for line, _, _ in found.faults] == [3]


def test_what_a_rejected_row_alone_says_of_its_company_is_the_companys_still(read: Reader) -> None:
    """Without its website it would be another company for the feed."""
    found = read("company_name,website,email\nA,a.example,no address\nA,,b@example.com\n")
    assert [(company.website_url, len(company.prospects)) for company in found.companies] == [("https://a.example", 1)]
    assert [line for line, _, _ in found.faults] == [2]


WORKBOOK_ROWS = """<row r="2">%s<c r="B2" t="inlineStr"><is><t>maria@hotel.example</t></is></c>%s</row>
<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="inlineStr"><is><t>bo@hotel.example</t></is></c></row>
<row r="4"><c r="A4" t="inlineStr"><is><t>Inn</t></is></c><c r="B4" t="inlineStr"><is><t>li@inn.example</t></is></c></row></sheetData>"""
NAME, FORMULA = '<c r="A2" t="s"><v>0</v></c>', "<f>1+1</f>"


def of_workbook(second_row: tuple[str, str], heading: str = "stars") -> list[tuple[str, list[str | None], bool]]:
    part = replaced(SHEET, "stars", heading)[SHEET].decode()
    part = part[: part.index('<row r="2"')] + WORKBOOK_ROWS % second_row + part[part.index("</sheetData>") + len("</sheetData>") :]
    return [
        (outcome.row.name, [person.email for person in outcome.row.prospects], outcome.row.keeps_people)
        for outcome in outcomes(packed({SHEET: part.encode()}), ".xlsx")
        if isinstance(outcome, DeliveredRow)
    ]


@pytest.mark.parametrize(
    ("row", "heading", "delivered"),
    [
        ((NAME, ""), "stars", [("Grand Hotel", ["maria@hotel.example", "bo@hotel.example"], False), ("Inn", ["li@inn.example"], False)]),
        ((NAME, f'<c r="C2">{FORMULA}</c>'), "phone", [("Grand Hotel", ["bo@hotel.example"], True), ("Inn", ["li@inn.example"], False)]),
        ((NAME, '<c r="D2"><v>1</v></c>'), "stars", [("Grand Hotel", ["bo@hotel.example"], True), ("Inn", ["li@inn.example"], False)]),
        ((NAME, f'<c r="C2">{FORMULA}</c>'), "stars", [("Inn", ["li@inn.example"], False)]),
        ((f'<c r="A2">{FORMULA}</c>', ""), "stars", [("Grand Hotel", ["bo@hotel.example"], True), ("Inn", ["li@inn.example"], True)]),
    ],
    ids=["nothing wrong", "formula of the person", "value without heading", "formula of the company", "formula for the name"],
)
def test_a_row_of_a_workbook_that_is_rejected_takes_nobody_out(row: tuple[str, str], heading: str, delivered: list[object]) -> None:
    assert of_workbook(row, heading) == delivered
