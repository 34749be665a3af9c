"""Taking a person out of a document, and out of the fields that others filled with them."""

from unicodedata import normalize
from uuid import UUID

import pytest
from msgspec import UNSET

from openprospect.server.feed.model import ProspectRow
from openprospect.server.feed.rows.scrub import scrub_document
from openprospect.server.feed.rows.traces import traces_of_people
from openprospect.server.feed.wire import DeliveredCompany, DeliveredProspect

MARIA = UUID(int=1)
BO = UUID(int=2)


def document(attributes=None, *, of_maria=None, of_bo=None, title=None, **fields):
    maria = {"first_name": "Maria", "last_name": "Schmidt", "email": "M.Schmidt@Hotel.example"}
    return DeliveredCompany(
        id=UUID(int=9),
        name="Hotel",
        delivered_at="2026-02-25T12:00:00.000001Z",
        prospects=[
            DeliveredProspect(id=MARIA, attributes=of_maria or UNSET, **maria),
            DeliveredProspect(id=BO, first_name="Bo", email="bo@hotel.example", job_title=title, attributes=of_bo or UNSET),
        ],
        attributes=attributes or UNSET,
        **fields,
    )


def traces_in(*companies):
    return traces_of_people(person for company in companies for person in company.prospects if person.id == MARIA)


def without_maria(company):
    return scrub_document(company, {MARIA}, traces_in(company))


def test_the_person_is_gone_and_the_others_stay():
    assert [person.id for person in without_maria(document()).prospects] == [BO]


def test_everything_else_of_the_document_stays():
    before = document({"city": "Berlin", "rooms": 300}, of_bo={"role": "cook"})
    after = without_maria(before)
    assert (after.id, after.name, after.delivered_at, after.attributes) == (before.id, before.name, before.delivered_at, before.attributes)
    assert after.prospects == before.prospects[1:]


@pytest.mark.parametrize(
    "value",
    [
        "m.schmidt@hotel.example",
        "write to M.SCHMIDT@hotel.example, please",
        "Maria Schmidt",
        "MARIA  SCHMIDT (owner)",
        "Schmidt, Maria",
        ["desk", "maria schmidt"],
        {"contact": {"mail": "m.schmidt@hotel.example"}},
        {"m.schmidt@hotel.example": True},
    ],
    ids=str,
)
def test_an_attribute_that_repeats_their_address_or_name_goes(value):
    after = without_maria(document({"contact": value, "city": "Berlin"}, of_bo={"boss": value, "role": "cook"}))
    assert after.attributes == {"city": "Berlin"}
    assert after.prospects[0].attributes == {"role": "cook"}


def test_an_attribute_whose_name_is_their_address_goes():
    assert without_maria(document({"m.schmidt@hotel.example": "owner"})).attributes is UNSET


@pytest.mark.parametrize("own", ["NFC", "NFD"])
@pytest.mark.parametrize("copy", ["Jörg Müller", "JÖRG\u00a0MÜLLER", normalize("NFD", "Müller, Jörg"), "\uff2aörg Müller"], ids=ascii)
def test_their_name_goes_whatever_characters_its_letters_are_made_of(own, copy):
    traces = traces_of_people([ProspectRow(first_name=normalize(own, "Jörg"), last_name=normalize(own, "Müller"))])
    assert traces.are_in(f"Ansprechpartner: {copy}")
    assert not traces.are_in(f"Ansprechpartner: {copy}s")


@pytest.mark.parametrize("title", ["PA to Maria Schmidt", "PA (m.schmidt@hotel.example)"])
def test_a_job_title_of_somebody_else_that_names_them_goes(title):
    assert [person.job_title for person in without_maria(document(title=title)).prospects] == [None]
    assert [person.job_title for person in without_maria(document(title="PA to the board")).prospects] == ["PA to the board"]


@pytest.mark.parametrize("own", ["+49 30 901820-17", "030 90182017", 493090182017, ["+49 30 90182017"]], ids=str)
@pytest.mark.parametrize("copy", ["+49 (30) 901820-17", "tel. 03090182017", 493090182017], ids=str)
def test_their_telephone_goes_however_it_is_written(own, copy):
    assert without_maria(document({"desk": copy}, of_maria={"mobile_phone": own})).attributes is UNSET


@pytest.mark.parametrize(
    "value", ["mm.schmidt@hotel.examples", "Maria Schmidtbauer", "Anna-Maria Schmid", "info@hotel.example", "Maria", 2026]
)
def test_what_only_looks_alike_stays(value):
    assert without_maria(document({"contact": value})).attributes == {"contact": value}


PROFILES = [
    "https://www.linkedin.com/in/maria-s",
    "linkedin.com/in/maria-s/",
    "see http://LinkedIn.com/in/maria-s.",
    "https://crm.example/?to=https%3A%2F%2Fde.linkedin.com%2Fin%2Fmaria-s%3Ftrk%3D1",
]


@pytest.mark.parametrize("copy", PROFILES)
def test_a_link_to_them_goes_however_it_is_written(copy):
    own = {"profile": "https://www.linkedin.com/in/maria-s/"}
    assert without_maria(document({"contact": copy, "linkedin_url": copy}, of_maria=own)).attributes is UNSET
    assert without_maria(document({"contact": f"{PROFILES[0]}chmidt"}, of_maria=own)).attributes is not UNSET


def test_short_numbers_of_theirs_are_nobodys_trace():
    assert without_maria(document({"postcode": "10117", "rooms": 42}, of_maria={"phone": "42", "fax": "10117"})).attributes["rooms"] == 42


OF_MARIA = {
    "MailingCity": "Berlin",
    "MailingCountry": "Germany",
    "HasOptedOutOfEmail": "false",
    "email_status": "verified",
    "phone_type": "mobile",
    "phone_verified_at": "2026-02-25T12:00:00Z",
    "MailingLatitude": 52.5200066,
    "company_linkedin": "https://linkedin.com/company/hotel",
}


def test_words_and_what_is_the_companys_stay_whatever_field_of_theirs_repeats_them():
    of_company = {"city": "Berlin", "country": "Germany", "is_chain": "false", "linkedin": "linkedin.com/company/hotel", "at": 52.5200066}
    of_bo = {"office": "Berlin", "email_status": "verified", "kind": "mobile", "seen_at": "2026-02-25T12:00:00Z"}
    after = without_maria(document(of_company, of_maria=OF_MARIA, of_bo=of_bo, title="Head of Sales, Germany"))
    assert after.attributes == of_company
    assert (after.prospects[0].attributes, after.prospects[0].job_title) == (of_bo, "Head of Sales, Germany")


SHARED = {
    "of a colleague": {"of_bo": {"Phone": "030 / 90182017"}},
    "of the company": {"attributes": {"company_phone": "+49 30 90182017"}},
}


@pytest.mark.parametrize("held", SHARED.values(), ids=SHARED)
def test_a_telephone_that_others_have_in_the_same_field_is_not_theirs_alone(held):
    before = document(held.get("attributes", {}) | {"desk": "03090182017"}, of_maria={"phone": "+49 30 90182017"}, of_bo=held.get("of_bo"))
    after = without_maria(before)
    assert (after.attributes, after.prospects) == (before.attributes, before.prospects[1:])


def test_a_telephone_of_theirs_goes_from_a_field_of_others_that_is_another():
    before = document({"owner_mobile": "+49 30 90182017"}, of_maria={"mobile": "+49 30 90182017"}, of_bo={"boss_phone": "+49 30 90182017"})
    after = without_maria(before)
    assert (after.attributes, after.prospects[0].attributes) == (UNSET, UNSET)


def test_an_address_of_theirs_goes_with_them_unless_it_is_somebody_elses():
    of_maria = {"private_email": "maria@web.example", "manager_email": "bo@hotel.example", "company_email": "info@hotel.example"}
    before = document({"email": "info@hotel.example", "contact": "maria@web.example", "owner": "bo@hotel.example"}, of_maria=of_maria)
    assert without_maria(before).attributes == {"email": "info@hotel.example", "owner": "bo@hotel.example"}


def test_their_own_address_goes_whoever_holds_it_too():
    mail = "m.schmidt@hotel.example"
    after = without_maria(document({"email": mail}, of_maria={"email": mail}, of_bo={"email": mail}))
    assert (after.attributes, after.prospects[0].attributes) == (UNSET, UNSET)


def test_their_name_stays_where_a_namesake_is_listed():
    before = document({"owner": "Maria Schmidt"})
    before.prospects.append(DeliveredProspect(id=UUID(int=3), first_name="Maria", last_name="Schmidt", email="other@hotel.example"))
    assert without_maria(before).attributes == {"owner": "Maria Schmidt"}


def test_a_trace_of_one_document_is_found_in_another():
    earlier = document(of_maria={"phone": "+49 30 90182017"})
    later = document({"desk": "+49 30 90182017"})
    traces = traces_in(earlier, later)
    assert scrub_document(later, {MARIA}, traces).attributes is UNSET


def test_a_reason_that_names_them_goes():
    assert without_maria(document(removed_at="x", removal_reason="asked by Maria Schmidt")).removal_reason is None
    assert without_maria(document(removed_at="x", removal_reason="closed")).removal_reason == "closed"
    assert without_maria(document()).removal_reason is UNSET


def test_somebody_without_name_and_address_leaves_no_trace():
    company = document({"city": "Berlin"})
    company.prospects[0] = DeliveredProspect(id=MARIA)
    assert without_maria(company).attributes == {"city": "Berlin"}
