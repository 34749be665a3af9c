"""What a producer may send as one company, and what is said about the rest."""

import math
from typing import Any
from uuid import UUID

import pytest

from openprospect.server.feed.rows.row import FaultyRow, parse_company, parse_prospect

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
OTHER_ID = "e5f6a7b8-c9d0-1234-e5f6-a7b8c9d01234"


def company(**fields: Any) -> dict[str, Any]:
    return {"name": "Grand Hotel Berlin"} | fields


def with_people(*people: Any) -> dict[str, Any]:
    return company(prospects=list(people))


def faults_of(value: object) -> dict[str, str]:
    with pytest.raises(FaultyRow) as caught:
        parse_company(value)
    return {fault.field: fault.reason for fault in caught.value.faults}


class TestCleaning:
    def test_the_documented_example_is_taken_as_it_is(self) -> None:
        row = parse_company(
            company(
                id=ID,
                website_url="https://www.grandhotel-berlin.de",
                source_id="crm-1001",
                prospects=[
                    {
                        "id": OTHER_ID,
                        "first_name": "Maria",
                        "last_name": "Schmidt",
                        "email": "m.schmidt@grandhotel-berlin.de",
                        "job_title": "General Manager",
                    }
                ],
            )
        )
        person = row.prospects[0]
        assert (row.id, row.source_id, row.website_url) == (UUID(ID), "crm-1001", "https://www.grandhotel-berlin.de")
        assert (person.id, person.first_name, person.email) == (UUID(OTHER_ID), "Maria", "m.schmidt@grandhotel-berlin.de")

    def test_blanks_around_text_are_removed_and_blank_text_is_nothing(self) -> None:
        row = parse_company(company(name="  Grand Hotel\t", source_id=" ", city=" Berlin ", country="  "))
        assert (row.name, row.source_id, row.attributes) == ("Grand Hotel", None, {"city": "Berlin"})

    @pytest.mark.parametrize("text", [ID.upper(), f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f" {ID} "])
    def test_an_id_is_understood_in_every_usual_spelling(self, text: str) -> None:
        assert parse_company(company(id=text)).id == UUID(ID)

    def test_a_number_as_source_id_becomes_text(self) -> None:
        assert parse_company(company(source_id=1001)).source_id == "1001"

    @pytest.mark.parametrize("text", ["mailto:m@example.com", " MailTo:m@example.com?subject=Hello%20there"])
    def test_an_email_is_taken_out_of_its_link(self, text: str) -> None:
        assert parse_company(with_people({"email": text})).prospects[0].email == "m@example.com"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("example.com", "https://example.com"),
            ("//example.com/x", "https://example.com/x"),
            ("HTTP://example.com:8080/a b?c#d", "HTTP://example.com:8080/a b?c#d"),
            ("http://intranet", "http://intranet"),
            ("bücher.example", "https://bücher.example"),
            ("http://10.0.0.1", "http://10.0.0.1"),
            ("x.xn--p1ai", "https://x.xn--p1ai"),
            ("o.de", "https://o.de"),
        ],
    )
    def test_a_website_without_a_scheme_gets_one(self, text: str, expected: str) -> None:
        assert parse_company(company(website_url=text)).website_url == expected

    def test_other_keys_become_attributes_of_company_and_person(self) -> None:
        row = parse_company(company(match_score=0.9, tags=["a"], note=None, prospects=[{"email": "m@example.com", "phone": "+49"}]))
        assert (row.attributes, row.prospects[0].attributes) == ({"match_score": 0.9, "tags": ["a"]}, {"phone": "+49"})

    def test_keys_beside_attributes_win_over_those_inside(self) -> None:
        row = parse_company(company(attributes={"city": "Bonn", "country": "DE", "name": "Other"}, city="Berlin"))
        assert (row.name, row.attributes) == ("Grand Hotel Berlin", {"country": "DE", "city": "Berlin"})

    def test_an_attribute_that_is_called_attributes_stays_one(self) -> None:
        assert parse_company(company(attributes="x")).attributes == {"attributes": "x"}

    def test_what_the_feed_adds_to_an_item_is_left_out(self) -> None:
        added = {"delivered_at": "2026-02-25T12:00:00.000001Z", "removed_at": "x", "removal_reason": "y"}
        assert parse_company(company(**added)).attributes == {}


class TestFaults:
    @pytest.mark.parametrize("value", [None, [], "x", 1, True])
    def test_what_is_no_object_is_no_company(self, value: object) -> None:
        assert faults_of(value) == {"": "expected a JSON object: one company with its prospects"}

    @pytest.mark.parametrize("name", [None, "", "  "])
    def test_a_company_needs_a_name(self, name: object) -> None:
        assert faults_of({"name": name}) == {"name": "missing or blank; expected the company's name"}

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("name", 5, "expected text"),
            ("id", "crm-1001", "expected a UUID"),
            ("id", 17, "expected text"),
            ("id", "0x" + "1" * 30, "expected a UUID"),
            ("source_id", True, "expected text"),
            ("source_id", 1001.0, "expected text"),
            pytest.param("source_id", 10**5000, "an integer of thousands of digits", id="source_id-huge"),
            ("website_url", ["x"], "expected text"),
            ("website_url", "n/a", "expected a web address"),
            ("website_url", "https://", "expected a web address"),
            ("website_url", "https:/example.com", "expected a web address"),
            ("website_url", "https://exa mple.com", "expected a web address"),
            ("website_url", "info@example.com", "expected a web address"),
            ("website_url", "javascript:alert(1)", "expected a web address"),
            ("website_url", "localhost", "expected a web address"),
            ("website_url", "3.14", "expected a web address"),
            ("website_url", "n.v.", "expected a web address"),
            ("website_url", "k.A", "expected a web address"),
            ("website_url", "https://s.o./", "expected a web address"),
            ("name", "x" * 1001, "1,001 characters; at most 1,000 are possible"),
            ("website_url", "example.com/" + "x" * 2048, "2,060 characters; at most 2,048 are possible"),
            ("prospects", {"email": "x"}, "expected a list of objects"),
            ("prospects", [{}] * 1001, "1,001 people; at most 1,000"),
        ],
    )
    def test_a_bad_company_field_is_named(self, field: str, value: object, reason: str) -> None:
        found = faults_of(company(**{field: value}))
        assert list(found) == [field]
        assert found[field].startswith(reason)

    @pytest.mark.parametrize(
        "email",
        [
            "m.schmidt",
            "a@b@example.com",
            "m schmidt@example.com",
            "m@example",
            "m@-example.com",
            "@example.com",
            "m@",
            "m@exam ple.com",
            "a@x.de; b@x.de",
            "Maria <m@example.com>",
            "m\u200b@example.com",
            "m@1.2",
            "mailto:mailto:m@example.com",
        ],
    )
    def test_a_bad_email_is_named_and_never_repeated(self, email: str) -> None:
        found = faults_of(with_people({"first_name": "Maria"}, {"email": email}))
        assert found == {"prospects[1].email": "expected one e-mail address, such as name@example.com"}

    @pytest.mark.parametrize("prospects", [{}, {"prospects": None}])
    def test_a_row_a_person_is_no_company(self, prospects: dict[str, None]) -> None:
        person = {"first_name": "Jo", "last_name": "Doe", "email": "jo@example.com", "job_title": "CEO"}
        assert faults_of(company(**person, **prospects)) == dict.fromkeys(
            person, "a person's field on a company; put people into `prospects`"
        )
        assert list(faults_of(company(full_name="Jo Doe", attributes={"email": "jo@example.com"}))) == ["full_name", "email"]
        assert list(faults_of(company(contacts=[{"email": "jo@example.com"}]))) == ["contacts"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"email": "info@example.com"},
            {"contacts": 3},
            {"first_name": " ", "email": "info@example.com"},
            {"prospects": [], "email": "info@example.com", "job_title": "wanted: a cook"},
        ],
    )
    def test_what_may_be_the_companys_own_stays_its_attribute(self, fields: dict[str, Any]) -> None:
        kept = {name: value for name, value in fields.items() if name not in ("prospects", "first_name")}
        assert parse_company(company(**fields)).attributes == kept

    def test_a_person_is_an_object(self) -> None:
        assert faults_of(with_people("Maria", None)) == {
            "prospects[0]": "expected an object: one person",
            "prospects[1]": "expected an object: one person",
        }

    def test_every_fault_of_a_row_is_told_at_once(self) -> None:
        found = faults_of({"id": "x", "website_url": "?", "prospects": [{"email": "x", "id": "y"}, {"email": "z", "first_name": 5}]})
        assert set(found) == {
            "id",
            "name",
            "website_url",
            "prospects[0].email",
            "prospects[0].id",
            "prospects[1].email",
            "prospects[1].first_name",
        }

    def test_a_row_of_more_than_a_mebibyte_is_refused(self) -> None:
        found = faults_of(company(about="x" * (1 << 20)))
        assert found[""].endswith("at most 1,048,576 are possible")


class TestStorable:
    @pytest.mark.parametrize("text", ["a\0b", "\ud83d", "\udc80x"])
    @pytest.mark.parametrize(
        ("place", "field"),
        [
            (lambda text: company(name=text), "name"),
            (lambda text: company(city=text), "city"),
            (lambda text: company(tags=[{"deep": ["x", text]}]), "tags[0].deep[1]"),
            (lambda text: with_people({"phone": text}), "prospects[0].phone"),
            (lambda text: with_people({"attributes": {"phone": text}}), "prospects[0].phone"),
            (lambda text: company(**{text: 1}), ""),
            (lambda text: with_people({"tags": {text: 1}}), "prospects[0].tags"),
        ],
    )
    def test_nul_and_half_characters_are_found_wherever_they_are(self, text: str, place: Any, field: str) -> None:
        found = faults_of(place(text))
        assert list(found) == [field]
        assert "cannot be stored" in found[field]

    def test_text_that_only_looks_like_a_nul_escape_is_kept(self) -> None:
        assert parse_company(company(note="\\u0000")).attributes == {"note": "\\u0000"}

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, pytest.param(10**4300, id="huge")])
    def test_numbers_that_json_cannot_carry_are_found(self, number: float) -> None:
        assert list(faults_of(company(scores=[1, number]))) == ["scores[1]"]

    def test_32_levels_are_kept_and_33_are_not(self) -> None:
        deepest: Any = 1
        for _ in range(32):
            deepest = [deepest]
        assert parse_company(company(tree=deepest)).attributes == {"tree": deepest}
        assert "more than 32 levels" in next(iter(faults_of(company(tree=[deepest])).values()))

    def test_a_tree_deeper_than_the_stack_is_a_fault_too(self) -> None:
        deepest: Any = 1
        for _ in range(100_000):
            deepest = [deepest]
        assert len(faults_of(company(tree=deepest))) == 1


class TestOnePersonOnce:
    @pytest.mark.parametrize(
        ("one", "other", "field"),
        [
            ({"id": ID, "email": "a@example.com"}, {"id": ID.upper(), "email": "b@example.com"}, "prospects[1].id"),
            ({"email": "M@Example.com"}, {"email": "mailto:m@example.com", "first_name": "Maria"}, "prospects[1].email"),
            ({"id": ID, "email": "m@example.com"}, {"id": OTHER_ID, "email": "m@example.com"}, "prospects[1].email"),
            ({"first_name": "Maria", "last_name": "Schmidt"}, {"first_name": "maria schmidt", "email": "m@example.com"}, "prospects[1]"),
            ({"first_name": "Maria", "email": "m@example.com"}, {"first_name": "Maria"}, "prospects[1]"),
            ({}, {"job_title": "CEO"}, "prospects[1]"),
        ],
    )
    def test_the_same_person_twice_is_named_with_its_twin(self, one: Any, other: Any, field: str) -> None:
        found = faults_of(with_people(one, other))
        assert list(found) == [field]
        assert found[field].startswith("the same person as prospects[0]: ")
        assert "@" not in found[field]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"first_name": "Maria", "email": "a@example.com"}, {"first_name": "Maria", "email": "b@example.com"}),
            ({"first_name": "Maria"}, {"first_name": "Mario"}),
            ({"id": ID, "first_name": "Maria"}, {"id": OTHER_ID, "first_name": "Maria"}),
        ],
    )
    def test_namesakes_that_can_be_told_apart_are_two(self, one: Any, other: Any) -> None:
        assert len(parse_company(with_people(one, other)).prospects) == 2

    def test_a_thousand_people_are_possible(self) -> None:
        people = [{"first_name": f"Maria {index}"} for index in range(1_000)]
        assert len(parse_company(with_people(*people)).prospects) == 1_000


def test_a_person_alone_is_parsed_without_a_prefix() -> None:
    assert parse_prospect({"email": " m@example.com", "phone": "1"}).attributes == {"phone": "1"}
    with pytest.raises(FaultyRow) as caught:
        parse_prospect({"email": "x", "note": "\0"})
    assert {fault.field for fault in caught.value.faults} == {"email", "note"}
