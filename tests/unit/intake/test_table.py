"""Rows of one company brought together and merged; what is bad is rejected by itself, and nothing is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from openprospect.server.feed.model import CompanyRow, ProspectRow
from openprospect.server.intake import table

from .conftest import Read

Reader = Callable[..., Read]
ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


class TestGrouping:
    def test_rows_of_a_company_are_brought_together_wherever_they_stand(self, read: Reader) -> None:
        found = read("company_name,source_id,email\nA,1,a@example.com\nB,2,b@example.com\nA,1,c@example.com\n")
        assert found.people == [("A", "a@example.com"), ("A", "c@example.com"), ("B", "b@example.com")]
        assert [(delivered.line, [source.line for source in delivered.sources]) for delivered in found.delivered] == [(2, [2, 4]), (3, [3])]

    @pytest.mark.parametrize(
        ("rows", "companies"),
        [
            (f"{ID},1,A,\n{{{ID.upper()}}},1,B,\n", 1),
            (",1,A,a.example\n,1,B,b.example\n", 1),
            (",1,A,a.example\n,2,A,a.example\n", 2),
            (",,A,https://www.a.example\n,,,a.example/contact\n", 1),
            (",,A b,https://www.a.example\n,,A  B,a.example/contact\n", 1),
            (",,A,https://www.a.example/\n,,A Inc.,a.example\n", 1),
            (",,A,a.example\n,,A,b.example\n", 2),
            (",,Grand  Hotel,\n,,GRAND HOTEL,\n", 1),
            (f"{ID},1,A,a.example\n,1,A,\n,,A,a.example\n,,A,\n", 1),
            (",,A,\n,,A,a.example\n,1,,a.example\n", 1),
            (",1,A,a.example\n,2,A,a.example\n,,B,\n", 3),
        ],
    )
    def test_id_then_source_id_then_host_then_name_tell_companies_apart(self, read: Reader, rows: str, companies: int) -> None:
        assert len(read(f"id,source_id,company_name,website\n{rows}").companies) == companies

    @pytest.mark.parametrize("spelling", [ID.upper(), f"{{{ID}}}", ID.replace("-", ""), f"urn:uuid:{ID}"])
    def test_an_id_is_the_same_in_any_of_its_spellings(self, read: Reader, spelling: str) -> None:
        company = read(f"id,company_name,email\n{ID},A,a@example.com\n{spelling},A,b@example.com\n").company
        assert (str(company.id), len(company.prospects)) == (ID, 2)

    def test_another_company_under_the_same_website_is_rejected_not_swallowed(self, read: Reader) -> None:
        found = read(
            "company_name,website,email\n"
            "Hilton Berlin,https://portal.example/hilton,a@example.com\n"
            "Inn Bonn,https://portal.example/inn,b@example.com\n"
            "HILTON  Berlin,portal.example,c@example.com\n"
            ",portal.example,d@example.com\n"
            "Inn Bonn,inn.example,e@example.com\n"
        )
        assert found.people == [("Hilton Berlin", "a@example.com"), ("Hilton Berlin", "c@example.com"), ("Inn Bonn", "e@example.com")]
        reason = (
            "same website as line 2, but another page, and another company name or none; "
            "give each company a source_id, or one company one name"
        )
        assert found.faults == [(3, "name", reason), (5, "name", reason)]

    @pytest.mark.parametrize("identifier", ["", "k-1"])
    def test_on_one_page_too_a_name_that_has_nothing_in_common_is_rejected_not_swallowed(self, read: Reader, identifier: str) -> None:
        found = read(
            "source_id,company_name,website,email\n"
            f"{identifier},Adler GmbH,www.portal.example,a@example.com\n,Hotel Adler,portal.example/,b@example.com\n"
            ",Baer AG,www.portal.example,c@example.com\n,,portal.example,d@example.com\n"
        )
        assert found.people == [("Adler GmbH", f"{person}@example.com") for person in "abd"]
        reason = "same website as line 2, but another company name; give each company a source_id, or one company one name"
        assert found.faults == [(4, "name", reason)]

    @pytest.mark.parametrize("identifier", ["id", "source_id"])
    def test_what_identifies_goes_before_the_name(self, read: Reader, identifier: str) -> None:
        rows = f"A,portal.example,{ID},a@example.com\nB,portal.example,{ID},b@example.com\n"
        assert read(f"company_name,website,{identifier},email\n{rows}").people == [("A", "a@example.com"), ("A", "b@example.com")]

    @pytest.mark.parametrize(
        "nothing", ["n/a", " N / A ", "#N/A", "k.A.", "k. A.", "n.v.", "s.o.", "-", "--", "\u2013", "None", "null", "NaN"]
    )
    def test_what_people_write_for_nothing_is_no_address_and_makes_no_two_companies_one(self, read: Reader, nothing: str) -> None:
        found = read(
            f"company_name,source_id,website,email,last_name\nA,{nothing},{nothing},{nothing},Ahn\nB,{nothing},{nothing},{nothing},Bo\n"
        )
        assert found.people == [("A", None), ("B", None)]
        assert [(company.source_id, company.website_url) for company in found.companies] == [(None, None)] * 2

    def test_names_are_taken_as_they_are(self, read: Reader) -> None:
        found = read("company_name,first_name,last_name\nNone,Null,Nan\n")
        assert (found.company.name, found.company.prospects[0].first_name, found.company.prospects[0].last_name) == ("None", "Null", "Nan")

    def test_the_first_value_of_a_company_that_is_not_blank_wins(self, read: Reader) -> None:
        company = read("company_name,source_id,website,city\n,1,,\nA,1,,Berlin\nA Ltd,1,a.example,BERLIN\n").company
        assert company == CompanyRow(source_id="1", name="A", website_url="https://a.example", attributes={"city": "Berlin"})

    def test_an_attribute_in_which_rows_differ_stays_with_the_people_too(self, read: Reader) -> None:
        found = read(
            "company_name,email,city,rooms\nA,a@example.com,Berlin,9\nA,b@example.com,Bonn,9\nA,c@example.com,,\nB,d@example.com,Bonn,7\n"
        )
        assert [company.attributes for company in found.companies] == [{"city": "Berlin", "rooms": "9"}, {"city": "Bonn", "rooms": "7"}]
        assert [person.attributes for company in found.companies for person in company.prospects] == [
            {"city": "Berlin"},
            {"city": "Bonn"},
            {},
            {},
        ]
        assert [delivered.differing for delivered in found.delivered] == [{"city"}, set()]

    def test_a_row_that_contradicts_its_company_and_names_nobody_is_rejected(self, read: Reader) -> None:
        found = read("company_name,city\nA,Berlin\nA,Bonn\nA,berlin\n")
        assert [company.attributes for company in found.companies] == [{"city": "Berlin"}]
        assert found.faults == [(3, "city", "contradicts line 2, of the same company; a later row may only fill blanks")]

    def test_two_companies_that_share_nothing_but_an_id_are_not_made_one(self, read: Reader) -> None:
        found = read(
            "company_name,source_id,website,email\n"
            "Acme,1,acme.example,a@example.com\nBeta,1,beta.example,b@example.com\nACME Ltd,1,www.acme.example,c@example.com\n"
            "Acme,1,acme.shop.example,d@example.com\n"
        )
        assert found.people == [("Acme", "a@example.com"), ("Acme", "c@example.com"), ("Acme", "d@example.com")]
        reason = "same id as line 2, but another name and no common website; check that this column identifies companies"
        assert found.faults == [(3, "source_id", reason)]
        assert found.delivered[0].differing == {"name", "website_url"}

    def test_on_a_site_that_companies_share_the_page_tells_them_apart_and_brings_them_together(self, read: Reader) -> None:
        found = read(
            "company_name,website,email\n"
            "Adler,https://www.linkedin.com/company/adler,a@example.com\nBaer,https://de.linkedin.com/company/baer/,b@example.com\n"
            "Adler GmbH,linkedin.com/company/Adler/about/,c@example.com\n"
            "Dachs,facebook.com/,d@example.com\nEule,facebook.com,e@example.com\n"
        )
        assert found.people == [
            ("Adler", "a@example.com"), ("Adler", "c@example.com"),
            ("Baer", "b@example.com"), ("Dachs", "d@example.com"), ("Eule", "e@example.com"),
        ]  # fmt: skip
        assert found.rejected == []

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_guest_is_compared_with_the_company_that_has_the_id_wherever_it_stands(self, read: Reader, order: int) -> None:
        rows = [",Cafe Anna,facebook.example/anna,anna@example.com", "k-2,Bistro Bert,facebook.example/bert,bert@example.com"][::order]
        found = read("source_id,company_name,website_url,email\n" + "\n".join(rows))
        assert found.people == [("Bistro Bert", "bert@example.com")]
        assert [(line, field) for line, field, _ in found.faults] == [(2 if order == 1 else 3, "name")]

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_company_whose_own_rows_do_not_name_it_gets_no_name_from_another_page(self, read: Reader, order: int) -> None:
        rows = [",Cafe Anna,facebook.example/anna", "k-2,,facebook.example/bert"][::order]
        found = read("source_id,company_name,website_url\n" + "\n".join(rows))
        assert found.companies == []
        assert sorted({line for line, _, _ in found.faults}) == [2, 3]

    @pytest.mark.parametrize(
        ("one", "other", "is_one"),
        [
            ("Hotel Adler", "Bank Zentral", False),
            ("Hotel Adler", "HOTEL  adler", True),
            ("Adler GmbH & Co. KG", "Hotel Adler", True),
            ("Acme Inc.", "ACME, Ltd", True),
            ("Acme S.p.A.", "Acme", True),
            ("AG", "Co", False),
            ("Inn 1", "Inn 2", False),
        ],
    )
    def test_one_id_under_two_names_is_one_company_where_the_names_are_akin(self, read: Reader, one: str, other: str, is_one: bool) -> None:
        found = read(f'source_id,company_name,email\n7,"{one}",a@example.com\n7,"{other}",b@example.com\n')
        assert [len(company.prospects) for company in found.companies] == [2 if is_one else 1]
        assert [(line, field) for line, field, _ in found.faults] == ([] if is_one else [(3, "source_id")])

    @pytest.mark.parametrize("nothing", ["0", "?", "TBD", "tba", "unknown", "Unbekannt"])
    def test_what_stands_for_an_id_yet_to_come_makes_no_two_companies_one(self, read: Reader, nothing: str) -> None:
        found = read(f"source_id,company_name\n{nothing},Hotel Adler\n{nothing},Bank Zentral\n")
        assert [(company.name, company.source_id) for company in found.companies] == [("Hotel Adler", None), ("Bank Zentral", None)]

    def test_a_row_that_lacks_the_id_joins_the_one_company_that_it_can_be_of(self, read: Reader) -> None:
        found = read(
            "company_name,source_id,website,email\n"
            "Acme,,,a@example.com\nAcme,1,acme.example,b@example.com\n,,acme.example,c@example.com\nBeta,,beta.example,d@example.com\nBeta,,,e@example.com\n"
        )
        assert [(company.source_id, [person.email for person in company.prospects]) for company in found.companies] == [
            ("1", ["a@example.com", "b@example.com", "c@example.com"]),
            (None, ["d@example.com", "e@example.com"]),
        ]

    def test_a_row_that_may_be_of_several_companies_is_rejected(self, read: Reader) -> None:
        found = read(
            "company_name,source_id,website,email\n"
            "Inn,1,portal.example/1,a@example.com\nInn,2,portal.example/2,b@example.com\nInn,,portal.example/1,c@example.com\nInn,,,d@example.com\n"
        )
        assert found.people == [("Inn", "a@example.com"), ("Inn", "b@example.com")]
        reason = "could belong to the company of line 2 or of line 3; add the source_id, website or id that tells them apart"
        assert found.faults == [(4, "website_url", reason), (5, "name", reason)]

    def test_a_row_that_lacks_the_id_and_has_another_name_on_another_page_is_no_part_of_the_company(self, read: Reader) -> None:
        found = read("company_name,source_id,website\nInn,1,portal.example/inn\nHilton,,portal.example/hilton\n")
        assert [(company.name, company.source_id) for company in found.companies] == [("Inn", "1")]
        assert [(line, field) for line, field, _ in found.faults] == [(3, "name")]

    def test_one_source_id_under_two_ids_is_two_companies_of_which_the_second_is_rejected(self, read: Reader) -> None:
        found = read(f"id,source_id,company_name\n{ID},1,A\n{ID[:-1]}9,1,A\n")
        reason = "the same company as in line 2; put all of a company into one line, or under one id"
        assert found.faults == [(3, "source_id", reason)]

    @pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#name?", "#SPILL!", "#CALC!", "#NV", "#ÜBERLAUF!"])
    def test_what_a_spreadsheet_shows_for_a_failed_formula_is_no_name(self, read: Reader, error: str) -> None:
        found = read(f"company_name,first_name,email,city\nA,{error},a@example.com,{error}\n{error},B,b@example.com,\n")
        assert [(company.name, company.prospects, company.attributes) for company in found.companies] == [
            ("A", (ProspectRow(email="a@example.com"),), {"city": error})
        ]
        assert [(line, field) for line, field, _ in found.faults] == [(3, "name")]

    def test_endless_rows_of_one_company_are_rejected(self, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(table, "MAX_ROWS_A_COMPANY", 3)
        found = read("company_name,email\n" + "".join(f"A,{number}@example.com\n" for number in range(6)) + "B,b@example.com\n")
        assert found.people == [("B", "b@example.com")]
        assert [line for line, _, _ in found.faults] == [2, 3, 4, 5, 6, 7]

    def test_values_between_tabs_are_a_table_too(self, read: Reader) -> None:
        assert read("company_name\temail\nA\ta@example.com\n", name="people.tsv").people == [("A", "a@example.com")]


class TestPeople:
    def test_a_row_without_a_person_is_a_company_without_a_new_prospect(self, read: Reader) -> None:
        found = read("company_name,source_id,email\nA,1,\nA,1,a@example.com\nB,2,\n")
        assert [(company.name, len(company.prospects)) for company in found.companies] == [("A", 1), ("B", 0)]

    def test_what_would_be_a_missing_persons_is_kept_on_the_company(self, read: Reader) -> None:
        assert read("company_name,email,phone\nA,,+49 30\n").company.attributes == {"phone": "+49 30"}

    def test_the_same_person_again_fills_blanks_and_is_dropped_where_nothing_is_new(self, read: Reader) -> None:
        company = read(
            "company_name,first_name,last_name,email,job_title,phone\n"
            "A,Maria,Schmidt,,,\n"
            "A,MARIA,Schmidt,m@example.com,,1\n"
            "A,Maria,Schmidt,M@Example.com,Chef,\n"
            "A,Maria,Schmidt,m@example.com,Chef,1\n"
        ).company
        person = ProspectRow(first_name="Maria", last_name="Schmidt", email="m@example.com", job_title="Chef", attributes={"phone": "1"})
        assert company.prospects == (person,)

    def test_a_contradiction_is_rejected_rather_than_lost(self, read: Reader) -> None:
        found = read("company_name,first_name,email\nA,Maria,info@example.com\nA,Hans,info@example.com\n")
        assert found.people == [("A", "info@example.com")]
        reason = "contradicts an earlier row of the same person (the e-mail address is the same); a later row may only fill blanks"
        assert found.faults == [(3, "first_name", reason)]

    def test_namesakes_with_addresses_of_their_own_are_two(self, read: Reader) -> None:
        assert len(read("company_name,full name,email\nA,Maria S,a@example.com\nA,Maria S,b@example.com\n").company.prospects) == 2

    def test_whose_address_is_in_a_later_row_alone_has_namesakes_too(self, read: Reader) -> None:
        found = read("company_name,first_name,email,phone\nA,Maria,,1\nA,Maria,a@example.com,\nA,Maria,b@example.com,\n")
        assert [(person.email, person.attributes) for person in found.company.prospects] == [
            ("a@example.com", {"phone": "1"}),
            ("b@example.com", {}),
        ]

    def test_somebody_without_name_address_and_id_is_not_guessed_to_be_anybody(self, read: Reader) -> None:
        found = read("company_name,email,job_title\nA,info@example.com,\nA,,CEO\n")
        assert found.companies[0].prospects[0].job_title is None
        assert [line for line, _, _ in found.faults] == [3]

    def test_names_of_their_own_go_before_a_full_name(self, read: Reader) -> None:
        person = read("Company,Full name,Last name,Email\nA,Maria Schmidt,von Schmidt,m@example.com\n").company.prospects[0]
        assert (person.first_name, person.last_name) == ("Maria", "von Schmidt")


class TestRejected:
    def test_a_bad_person_is_rejected_by_line_and_field_and_the_others_are_delivered(self, read: Reader) -> None:
        found = read("company_name,source_id,email\nA,1,a@example.com\nA,1,not an address\nA,1,b@example.com\n")
        assert found.people == [("A", "a@example.com"), ("A", "b@example.com")]
        assert found.faults == [(3, "email", "expected one e-mail address, such as name@example.com")]
        assert found.rejected[0].raw == {"company_name": "A", "source_id": "1", "email": "not an address"}

    def test_a_company_whose_only_row_is_bad_is_not_delivered(self, read: Reader) -> None:
        found = read("company_name,email\nA,bad\n")
        assert (found.companies, len(found.rejected)) == ([], 1)

    def test_a_bad_company_rejects_all_its_rows(self, read: Reader) -> None:
        found = read("company_name,source_id,website,email\nA,1,no site,a@example.com\nA,1,,bad\nB,2,b.example,b@example.com\n")
        assert found.people == [("B", "b@example.com")]
        assert [(line, field) for line, field, _ in found.faults] == [(2, "website_url"), (3, "email"), (3, "website_url")]

    @pytest.mark.parametrize("row", [",,x@example.com", ",a.example,x@example.com"])
    def test_a_row_without_a_name_is_rejected_with_its_line(self, read: Reader, row: str) -> None:
        found = read(f"company_name,website,email\nA,,a@example.com\n{row}\n")
        assert found.faults == [(3, "name", "missing or blank; expected the company's name")]

    def test_more_people_than_a_company_may_have_reject_them_all(self, read: Reader) -> None:
        found = read("company_name,email\n" + "".join(f"A,{number}@example.com\n" for number in range(1_001)))
        assert (len(found.rejected), found.faults[0]) == (1_001, (2, "prospects", "more than 1,000 people; no company can have more"))

    def test_what_was_delivered_can_still_be_rejected_row_by_row(self, read: Reader) -> None:
        delivered = read("company_name,email\nA,a@example.com\nA,b@example.com\n").delivered[0]
        rejected: list[Any] = list(delivered.rejected([]))
        assert [(row.line, row.raw["email"]) for row in rejected] == [(2, "a@example.com"), (3, "b@example.com")]
