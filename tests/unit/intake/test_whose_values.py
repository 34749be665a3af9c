"""Whose a value is: the company's, or each person's own. Nothing changes hands, and nothing is lost without a word."""

from collections.abc import Callable

import pytest

from .conftest import Read

Reader = Callable[..., Read]


@pytest.mark.parametrize(
    ("headings", "mapping", "name"),
    [
        ("Company Phone,Phone", {}, "phone"),
        ("Switchboard,Phone", {"phone": "Switchboard"}, "phone"),
        ("Company City,City", {}, "city"),
        ("City,Contact City", {}, "city"),
        ("Company Email,Work Mail", {"company_email": "Company Email", "prospects.company_email": "Work Mail"}, "company_email"),
    ],
)
def test_what_is_the_companys_for_certain_never_becomes_a_persons(read: Reader, headings: str, mapping: dict[str, str], name: str) -> None:
    rows = "A,m@example.com,030 111 222,\nA,j@example.com,030 999,7\nA,b@example.com,030 111 222,8\n"
    found = read(f"Company,E-Mail,{headings}\n{rows}", mapping=mapping)
    (company,) = found.companies
    assert company.attributes == {name: "030 111 222"}
    assert {person.email: person.attributes for person in company.prospects} == {"m@example.com": {}, "b@example.com": {name: "8"}}
    assert found.faults == [(3, name, "contradicts line 2, of the same company; a later row may only fill blanks")]
    assert found.delivered[0].differing == set()


def test_what_only_the_company_has_and_its_heading_says_so_is_not_kept_by_people(read: Reader) -> None:
    found = read("Company,Email,Company Email\nA,a@example.com,x@example.com\nA,b@example.com,y@example.com\n")
    assert [person.attributes for person in found.companies[0].prospects] == [{}]
    assert [(line, field) for line, field, _ in found.faults] == [(3, "company_email")]


def test_a_column_that_was_mapped_to_what_it_was_guessed_to_be_is_a_guess_still(read: Reader) -> None:
    """As the console sends back what it showed."""
    rows = "Company,Email,City\nA,a@example.com,Berlin\nA,b@example.com,Bonn\n"
    assert read(rows, mapping={"city": "City"}).companies == read(rows).companies


@pytest.mark.parametrize(("phone", "is_good"), [("1", True), ("2", False), ("", True)])
def test_a_missing_persons_value_that_the_company_has_another_for_is_not_lost(read: Reader, phone: str, is_good: bool) -> None:
    found = read(f"Company,Email,Company Phone,Phone\nA,,1,{phone}\n")
    assert [company.attributes for company in found.companies] == ([{"phone": "1"}] if is_good else [])
    reason = "a person's value, but the row names no person, and the company cannot take it; add the person's name, e-mail or id"
    assert found.faults == ([] if is_good else [(2, "phone", reason)])


def test_a_link_to_a_profile_is_its_persons_and_no_website_that_makes_companies_one(read: Reader) -> None:
    found = read(
        'Notes:\n"Some of the email addresses are missing, as their owners wish."\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position\n"
        "Maria,Schmidt,https://www.linkedin.com/in/maria,,Hotel,Chef\n"
        "Otto,Ahn,https://www.linkedin.com/in/otto,,Inn,\n"
        "Eva,Bo,https://www.linkedin.com/in/eva,eva@inn.example,Inn,\n"
        "Paul,Cy,www.inn.example,,Inn,\n"
    )
    assert found.faults == []
    assert [(company.name, company.website_url, company.attributes) for company in found.companies] == [
        ("Hotel", None, {}),
        ("Inn", "https://www.inn.example", {}),
    ]
    assert [person.attributes.get("profile_url") for company in found.companies for person in company.prospects] == [
        "https://www.linkedin.com/in/maria",
        "https://www.linkedin.com/in/otto",
        "https://www.linkedin.com/in/eva",
        None,
    ]


def test_a_profile_of_nobody_is_an_attribute_of_its_company(read: Reader) -> None:
    company = read("Company,Website,Email\nHotel,xing.com/profile/Maria_Schmidt,\n").company
    assert (company.website_url, company.attributes) == (None, {"profile_url": "xing.com/profile/Maria_Schmidt"})
