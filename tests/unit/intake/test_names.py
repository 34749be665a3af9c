"""The names of people: in one cell, and in columns of which one is called by half."""

from collections.abc import Callable

import pytest

from openprospect.server.intake.names import last_name_beside, split_name

from .conftest import Read

Reader = Callable[..., Read]


@pytest.mark.parametrize(
    ("full_name", "expected"),
    [
        ("Maria Schmidt", ("Maria", "Schmidt")),
        ("Maria Anna von der Heide", ("Maria Anna", "von der Heide")),
        ("Schmidt, Maria Anna", ("Maria Anna", "Schmidt")),
        ("Maria", ("Maria", None)),
        ("von Ahn", ("von", "Ahn")),
        ("Schmidt,", (None, "Schmidt")),
        (" , ", (None, None)),
    ],
)
def test_a_full_name_is_split(full_name: str, expected: tuple[str | None, str | None]) -> None:
    assert split_name(full_name) == expected


@pytest.mark.parametrize(
    ("full_name", "expected"),
    [
        ("Maria Schmidt, PhD", ("Maria", "Schmidt, PhD")),
        ("Maria von Ahn, Dipl.-Ing. (FH), M.Sc.", ("Maria", "von Ahn, Dipl.-Ing. (FH), M.Sc.")),
        ("Maria Schmidt, Dr. rer. nat.", ("Maria", "Schmidt, Dr. rer. nat.")),
        ("Maria Schmidt, MBA CPA", ("Maria", "Schmidt, MBA CPA")),
        ("Smith, Jr., John", ("John", "Smith, Jr.")),
        ("Smith, John, III", ("John", "Smith, III")),
        ("Schmidt, Ph. D.", (None, "Schmidt, Ph. D.")),
        ("Maria van der Heide Jr.", ("Maria", "van der Heide Jr.")),
    ],
)
def test_what_stands_behind_a_name_stays_with_the_last_name(full_name: str, expected: tuple[str | None, str | None]) -> None:
    assert split_name(full_name) == expected


@pytest.mark.parametrize("first_name", ["Dr. Maria", "Phil", "JD", "Drew", "Ma", "Dipl.-Ing. Maria"])
def test_first_names_that_resemble_a_title_are_first_names(first_name: str) -> None:
    assert split_name(f"Schmidt, {first_name}") == (first_name, "Schmidt")


@pytest.mark.parametrize(
    ("full_name", "expected"),
    [
        ("Klein", "Klein"),
        ("von Ahn", "von Ahn"),
        ("Meier Schmidt", "Meier Schmidt"),
        ("Anna Klein", "Klein"),
        ("Klein, Anna", "Klein"),
        ("Dr. ANNA Maria von Ahn", "von Ahn"),
        ("von Ahn Anna", "von Ahn"),
        ("Anna", None),
    ],
)
def test_a_first_name_of_its_own_leaves_the_last_name_of_the_full_one(full_name: str, expected: str | None) -> None:
    assert last_name_beside("Anna", full_name) == expected


@pytest.mark.parametrize(
    "headings", ["Firma;Vorname;Name;E-Mail", "Firma;Vorname;Ansprechpartner;E-Mail", "Company;Contact First Name;Contact Name;Email"]
)
def test_nobody_loses_the_last_name_beside_a_column_of_first_names(read: Reader, headings: str) -> None:
    people = read(f"{headings}\nHotel;Anna;Klein;a@example.com\nHotel;;Groß;b@example.com\n").company.prospects
    assert [(person.first_name, person.last_name) for person in people] == [("Anna", "Klein"), (None, "Groß")]
