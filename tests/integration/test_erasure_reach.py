"""An erasure reaches the person wherever a document of the organization names them, and whatever it changes is delivered again."""

import asyncio
from datetime import timedelta
from unicodedata import normalize
from urllib.parse import quote
from uuid import UUID

import pytest

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.tidy import forget_superseded
from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.store import hasher_of
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.finding import Finding
from openprospect.server.privacy.mentions import Mentions
from openprospect.server.privacy.reading import IncrementalReader
from openprospect.server.privacy.spelling import spellings_in
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import open_search, pull
from tests.integration.people import BO, MARIA, TRACES, dump, erase, first_names, hotel, post
from tests.integration.receipts import put
from tests.integration.tidying import looked_just_now

EMAIL = MARIA["email"]


async def test_the_address_goes_where_no_kept_document_lists_the_person_any_more(client, dsn, search_id, deliver, database):
    await deliver(hotel(MARIA, contact=EMAIL))
    since = (await deliver(hotel(BO, contact=EMAIL, city="Berlin")))["delivered_until"]
    await forget_superseded(database, looked_just_now(), left_for=timedelta())
    await erase(client, email=EMAIL)
    (again,) = (await pull(client, search_id, delivered_since=since))["items"]
    assert (again["attributes"], first_names({"items": [again]})) == ({"city": "Berlin"}, ["Bo"])
    text = await dump(dsn)
    assert [trace for trace in TRACES if trace in text] == []


async def test_a_company_that_only_names_them_is_cleaned_and_delivered_again_in_every_search(service, client, dsn, search_id, deliver):
    second = await open_search(client)
    row = hotel(BO | {"boss": f"<{EMAIL.upper()}>"}, contact={"mail": [EMAIL]}, city="Berlin")
    since = [(await deliver(row))["delivered_until"], (await post(client, second, row))["delivered_until"]]
    erasure = await erase(client, email=EMAIL)
    assert (erasure["companies"], erasure["prospects"]) == (2, 0)
    for place, before in zip((search_id, second), since, strict=True):
        (again,) = (await pull(client, place, delivered_since=before))["items"]
        assert again["attributes"] == {"city": "Berlin"}
        assert "attributes" not in again["prospects"][0]
    assert "quarzenthal" not in await dump(dsn)
    assert (await deliver(row))["unchanged"] == 1


async def test_another_organization_keeps_what_names_them(service, client):
    stranger = await service.client(organization=await service.organization("stranger"))
    strange = await open_search(stranger)
    await post(stranger, strange, hotel(BO, contact=EMAIL))
    await erase(client, email=EMAIL)
    assert (await pull(stranger, strange))["items"][0]["attributes"] == {"contact": EMAIL}


async def test_what_names_them_where_they_had_left_is_delivered_again(client, search_id, deliver):
    await deliver(hotel(MARIA), hotel(MARIA, source_id="c2", contact=EMAIL))
    since = (await deliver(hotel(BO, source_id="c2", contact=EMAIL)))["delivered_until"]
    erasure = await erase(client, email=EMAIL)
    assert (erasure["companies"], erasure["prospects"]) == (2, 2)
    page = await pull(client, search_id, delivered_since=since)
    assert [item["source_id"] for item in page["items"]] == ["c1", "c2"]
    assert "attributes" not in page["items"][1]
    assert (await deliver(hotel(BO, source_id="c2", contact=EMAIL)))["unchanged"] == 1


async def test_a_withdrawn_company_whose_reason_goes_comes_once_more_and_stays_withdrawn(client, search_id, deliver):
    since = (result := await deliver(hotel(BO)))["delivered_until"]
    company_id = result["items"][0]["id"]
    path = f"/deliveries/{search_id}/companies/{company_id}"
    await client.delete(path, params={"reason": f"asked by {EMAIL}"})
    (removal,) = (await pull(client, search_id, delivered_since=since))["items"]
    await erase(client, email=EMAIL)
    page = await pull(client, search_id, delivered_since=removal["delivered_at"])
    assert page["total"] == 1
    (again,) = page["items"]
    assert again == removal | {"delivered_at": again["delivered_at"], "removed_at": again["delivered_at"], "removal_reason": None}
    assert (await pull(client, search_id))["total"] == 0
    assert (await client.delete(path)).status_code == 404


async def test_what_does_not_change_is_not_delivered_again(client, search_id, deliver):
    await deliver(hotel(MARIA))
    await deliver(hotel(BO))
    until = (await deliver(hotel(BO, source_id="c2", contact=f"m{EMAIL}"), hotel(BO, source_id="c3")))["delivered_until"]
    assert (await erase(client, email=EMAIL))["companies"] == 1
    assert (await pull(client, search_id, delivered_since=until))["items"] == []


async def test_whoever_is_named_by_id_goes_where_only_their_address_is_known(client, search_id, deliver):
    second = await open_search(client)
    await deliver(hotel(MARIA))
    await post(client, second, hotel(BO, contact=EMAIL, owner="Marijana Quarzenthal"))
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["companies"] == 2
    assert "attributes" not in (await pull(client, second))["items"][0]


async def test_a_job_title_that_names_them_is_emptied_and_delivered_again(client, search_id, deliver):
    since = (await deliver(hotel(BO | {"job_title": f"PA to Marijana Quarzenthal ({EMAIL})"})))["delivered_until"]
    await erase(client, email=EMAIL)
    (again,) = (await pull(client, search_id, delivered_since=since))["items"]
    assert [(person["first_name"], person["job_title"]) for person in again["prospects"]] == [("Bo", None)]


SPELLINGS = {
    EMAIL: {
        "as a link writes a dot": "mailto:m%2Equarzenthal@grandhotel.example",
        "as a link within a link": f"https://crm.example/?to={quote(quote(EMAIL, safe=''), safe='')}%2526x",
        "every sign escaped": "".join(f"%{ord(sign):02x}" for sign in EMAIL),
        "escapes that are escaped": EMAIL.replace("@", "%25%34%30"),
        "an escape in the domain": "M.Quarzenthal@grandhotel%2Eexample",
        "at the end of a sentence": f"Ask {EMAIL}.Thanks",
    },
    "jürgen@bücher.example": {
        "in capitals": "JÜRGEN@BÜCHER.EXAMPLE",
        "with the domain in ASCII": "Jürgen@xn--bcher-kva.example",
        "with letters and their marks apart": normalize("NFD", "jürgen@bücher.example"),
        "as links write it": quote("jürgen@BÜCHER.example", safe=""),
        "letters escaped": "j%C3%BCrgen@b%C3%BCcher.example",
    },
    "strasse@h.example": {"with a letter that means two": "Straße@h.example", "in capitals": "STRASSE@H.EXAMPLE"},
}


@pytest.mark.parametrize("email", SPELLINGS)
async def test_an_address_is_found_however_deliveries_would_find_it(client, search_id, deliver, email):
    written = SPELLINGS[email]
    await deliver(*(hotel(BO, source_id=kind, note=text, city="Berlin") for kind, text in written.items()))
    assert (await erase(client, email=email))["companies"] == len(written)
    for company in (await pull(client, search_id))["items"]:
        assert company["attributes"] == {"city": "Berlin"}, company["source_id"]


async def test_whoever_was_given_only_the_address_is_a_recipient_until_they_confirm(service, client, search_id, deliver):
    crm = await service.client("crm", scopes=["companies:read", "prospects:read"])
    until = (await deliver(hotel(BO, contact=EMAIL)))["delivered_until"]
    await pull(crm, search_id)
    await put(crm, search_id, until)
    erasure = await erase(client, email=EMAIL)
    assert [(recipient["key_name"], recipient["confirmed_at"]) for recipient in erasure["recipients"]] == [("crm", None)]
    await put(crm, search_id, (await pull(crm, search_id))["items"][0]["delivered_at"])
    assert (await client.get(f"/erasures/{erasure['id']}")).json()["status"] == "confirmed"


async def test_an_erasure_asked_for_again_finds_nothing_more_to_do(client, search_id, deliver):
    await deliver(hotel(BO, contact=EMAIL))
    first = await erase(client, email=EMAIL)
    # HEAD is given nothing: whoever reads within a minute of an erasure may have been given the person.
    until = (await client.head(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"]
    assert await erase(client, email=EMAIL) == first
    assert (await client.head(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"] == until


async def test_deliveries_and_withdrawals_at_the_same_time_leave_the_address_nowhere(client, dsn, search_id, deliver):
    items = (await deliver(*(hotel(BO, source_id=f"c{number}") for number in range(8))))["items"]

    async def produce(number):
        for version in range(4):
            await deliver(hotel(BO, source_id=f"d{number}", contact=EMAIL, version=version))

    async def take_back(item):
        path = f"/deliveries/{search_id}/companies/{item['id']}"
        assert (await client.delete(path, params={"reason": f"asked by {EMAIL}"})).status_code == 204

    await asyncio.gather(*map(produce, range(4)), *map(take_back, items[:4]), erase(client, email=EMAIL), *map(take_back, items[4:]))
    assert "quarzenthal" not in await dump(dsn)


async def test_what_was_read_once_is_not_read_again(client, dsn, search_id, deliver, database):
    """So that the long reading is done before anybody has to wait for the erasure."""
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    ran: list[str] = []
    await deliver(*(hotel(BO, source_id=f"c{number}", contact=EMAIL) for number in range(5)))
    async with await Database.open(dsn, on_statement=lambda name, *_: ran.append(name)) as watched, watched.transaction() as db:
        mentions = Mentions(organization_id, documents_at_once=2)
        assert [len(await mentions.of(db, EMAIL)) for _ in range(2)] == [5, 5]
        assert ran.count("privacy.naming") == 3
        await deliver(hotel(BO, source_id="c9", contact=EMAIL))
        assert [len(await mentions.of(db, EMAIL)) for _ in range(2)] == [6, 6]
        assert ran.count("privacy.naming") == 4


async def test_documents_are_read_once_and_then_only_those_that_are_new_or_were_changed(client, dsn, search_id, deliver, database):
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    ran: list[str] = []

    def read():
        count = ran.count("privacy.documents_of")
        ran.clear()
        return count

    both = hotel(BO, contact=EMAIL, other="zoe@grandhotel.example")
    await deliver(*(both | {"source_id": f"c{number}"} for number in range(5)))
    async with await Database.open(dsn, on_statement=lambda name, *_: ran.append(name)) as watched, watched.transaction() as db:
        finding = Finding(organization_id, Subject(email=EMAIL).person)
        assert [len((await finding.find(db)).cleaned) for _ in range(2)] == [5, 5]
        assert read() == 2  # once to learn who is listed, once to clean
        await deliver(hotel(BO, source_id="c0", contact=EMAIL, city="Rome"), hotel(BO, source_id="c9"))
        found = await finding.find(db)
        assert (len(found.cleaned), sum('"Rome"' in document.text for document in found.cleaned)) == (6, 1)
        assert read() == 2
        await erase(client, email="zoe@grandhotel.example")
        assert [document.text for document in (await finding.find(db)).cleaned if "zoe" in document.text] == []


async def test_what_others_have_erased_since_it_was_read_is_not_written_back(client, search_id, deliver, database):
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    unaddressed = {"first_name": "Marijana", "last_name": "Quarzenthal"}
    await deliver(hotel(unaddressed, BO))
    await deliver(hotel(unaddressed, BO, city="Rome"))
    page = await pull(client, search_id)
    subject = Subject(prospect_id=ProspectId(UUID(page["items"][0]["prospects"][0]["id"])))
    finding = Finding(organization_id, subject.person)
    assert len((await finding.find(database)).cleaned) == 2
    await erase(client, prospect_id=str(subject.prospect_id))
    await erase(client, email=BO["email"])
    found = await finding.find(database)
    assert (found.places, found.cleaned, found.newest) == (set(), [], {})


async def test_large_documents_are_read_a_few_at_a_time(client, search_id, deliver, database):
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    result = await deliver(*(hotel(BO, source_id=f"c{number}", note="x" * 10_000) for number in range(7)))
    places = {(SearchId(UUID(search_id)), CompanyId(UUID(item["id"]))) for item in result["items"]}
    reading = IncrementalReader(organization_id, bytes_at_once=25_000)
    portions = [portion async for portion in reading.read_on(database, places)]
    assert sorted(len(portion) for portion in portions) == [1, 2, 2, 2]
    assert {document.place for portion in portions for document in portion} == places


async def test_after_a_restore_large_documents_are_searched_a_few_at_a_time(dsn, search_id, deliver, database):
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    await deliver(*(hotel(BO, source_id=f"c{number}", contact=f"m{number}@h.example", note="x" * 10_000) for number in range(7)))
    hasher = await hasher_of(database, organization_id)
    wanted = {hasher.email(f"m{number}@h.example") or b"": {f"m{number}@h.example"} for number in range(7)}
    ran: list[str] = []
    async with await Database.open(dsn, on_statement=lambda name, *_: ran.append(name)) as watched, watched.transaction() as db:
        spellings = await spellings_in(db, organization_id, wanted, bytes_at_once=25_000)
    assert spellings == wanted
    assert ran.count("privacy.contents") == 4  # three at a time, the last of which goes beyond, and once in vain


async def test_what_names_them_in_very_many_companies_is_cleaned_and_delivered_again_in_order(client, search_id, deliver):
    rows = [hotel(BO, source_id=f"c{number}", contact=EMAIL, number=number) for number in range(1_100)]
    await deliver(*rows[:1_000])
    since = (await deliver(*rows[1_000:]))["delivered_until"]
    assert (await erase(client, email=EMAIL))["companies"] == 1_100
    numbers: list[int] = []
    while page := (await pull(client, search_id, delivered_since=since, limit=100))["items"]:
        numbers += [item["attributes"].pop("number") for item in page]
        assert {str(item["attributes"]) for item in page} == {"{}"}
        since = page[-1]["delivered_at"]
    assert numbers == list(range(1_100))
