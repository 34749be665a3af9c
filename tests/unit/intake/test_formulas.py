"""Formulas in workbooks: what counts is the value that the file holds beside them."""

from pathlib import Path

import openpyxl
import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow
from tests.unit.intake.test_any_file import outcomes
from tests.unit.intake.test_hostile_workbooks import SHEET, read, replaced

EMAIL = '<c r="B2" t="inlineStr"><is><t>maria@hotel.example</t></is></c>'
FORMULA = '<f>LOWER("M")</f>'
FAULT = "a formula without a value in column B; open the workbook in Excel or LibreOffice, which calculate, and save it"


def with_cell(cell: str) -> IntakeResult:
    """The outcome of the workbook's one row with another cell for the e-mail."""
    (outcome,) = read(replaced(SHEET, EMAIL, cell))
    return outcome


@pytest.mark.parametrize(
    "cell",
    [
        f'<c r="B2">{FORMULA}<v></v></c>',
        f'<c r="B2">{FORMULA}<v/></c>',
        f'<c r="B2">{FORMULA}</c>',
        f'<c r="B2" t="n" s="0">{FORMULA}</c>',
        f'<c r="B2" t="str">{FORMULA}</c>',
        '<c r="B2"><f t="shared" ref="B2:B9" si="0">LOWER("M")</f><v/></c>',
    ],
)
def test_a_formula_without_a_value_rejects_its_row_instead_of_taking_an_address_away(cell: str) -> None:
    outcome = with_cell(cell)
    assert isinstance(outcome, RejectedRow)
    assert (outcome.line, [(fault.field, fault.reason) for fault in outcome.faults]) == (2, [("", FAULT)])
    assert outcome.raw == ["Grand Hotel", '=LOWER("M")', 5]


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        (f'<c r="B2" t="str">{FORMULA}<v>m@hotel.example</v></c>', "m@hotel.example"),
        (f'<c r="B2" t="str">{FORMULA}<v></v></c>', None),
        (f'<c r="B2" t="str">{FORMULA}<v/></c>', None),
        (f'<c r="B2" t="e">{FORMULA}<v>#N/A</v></c>', None),
        ('<c r="B2"/>', None),
    ],
)
def test_a_formula_with_a_value_counts_as_that_also_where_it_came_out_blank(cell: str, email: str | None) -> None:
    outcome = with_cell(cell)
    assert isinstance(outcome, DeliveredRow)
    assert [person.email for person in outcome.row.prospects] == ([email] if email else [])


def test_a_heading_that_is_a_formula_without_a_value_is_told() -> None:
    heading = '<c r="B1" t="inlineStr"><is><t>email</t></is></c>'
    with pytest.raises(InvalidInput, match="The headings cannot be read: a formula without a value in column B"):
        read(replaced(SHEET, heading, f'<c r="B1">{FORMULA}<v/></c>'))


def test_what_openpyxl_writes_has_formulas_without_values(tmp_path: Path) -> None:
    """As have the files of every program that does not calculate."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["company_name", "email"], ["Hotel A", '=LOWER("M")'], ["Hotel B", "b@hotel.example"]):
        sheet.append(row)
    book.save(tmp_path / "formulas.xlsx")
    found = outcomes((tmp_path / "formulas.xlsx").read_bytes(), ".xlsx")
    assert [type(outcome) for outcome in found] == [RejectedRow, DeliveredRow]


def test_cells_in_any_order_are_all_read() -> None:
    """The format allows it, though programs write them in order."""
    name = '<c r="A2" t="s"><v>0</v></c>'
    (outcome,) = read(replaced(SHEET, name + EMAIL, EMAIL + name))
    assert isinstance(outcome, DeliveredRow)
    assert (outcome.row.name, [person.email for person in outcome.row.prospects]) == ("Grand Hotel", ["maria@hotel.example"])
