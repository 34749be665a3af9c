"""What should be gone: withdrawals, erasures and suppression, sentence by sentence, over HTTP and down to the tables."""

import asyncio
import subprocess
from uuid import UUID, uuid4

import asyncpg
import pytest

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.errors import InvalidInput
from openprospect.server.db.embedded import binary
from openprospect.server.privacy.suppress import export, import_lines, suppress, unsuppress
from tests.integration.conftest import open_search, pull

MARIA = {"first_name": "Marijana", "last_name": "Quarzenthal", "email": "m.quarzenthal@grandhotel.example", "phone": "+49 30 901820-17"}
BO = {"first_name": "Bo", "last_name": "Li", "email": "bo@grandhotel.example"}
HOTEL = {"source_id": "c1", "name": "Grand Hotel", "prospects": [MARIA, BO]}
TRACES = ("quarzenthal", "marijana", "901820")


def hotel(*prospects, **fields):
    return HOTEL | {"prospects": list(prospects)} | fields


async def erase(client, **subject):
    response = await client.post("/erasures", json=subject)
    assert response.status_code == 201, response.text
    return response.json()


async def post(client, search_id, *companies):
    response = await client.post(f"/deliveries/{search_id}/companies", json={"companies": list(companies)})
    assert response.status_code == 200, response.text
    return response.json()


def first_names(page):
    return [person["first_name"] for company in page["items"] for person in company["prospects"]]


async def dump(dsn):
    """A plain dump of everything: what a backup would hold."""
    command = [binary("pg_dump"), "--inserts", dsn]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True, cwd="/")
    return done.stdout.lower()


@pytest.fixture
async def organization_id(database):
    return (await organization_named(database, DEFAULT_ORGANIZATION)).id


# Withdrawal.


async def test_a_withdrawn_company_comes_once_more_empty_and_only_to_those_who_poll(client, search_id, deliver):
    result = await deliver(HOTEL, "Café")
    company_id = result["items"][0]["id"]
    assert (await client.delete(f"/deliveries/{search_id}/companies/{company_id}", params={"reason": "closed"})).status_code == 204
    assert [item["name"] for item in (await pull(client, search_id))["items"]] == ["Café"]
    page = await pull(client, search_id, delivered_since=result["delivered_until"])
    (removal,) = page["items"]
    assert page["total"] == 1
    assert removal == {
        "id": company_id,
        "name": "Grand Hotel",
        "website_url": None,
        "source_id": "c1",
        "prospects": [],
        "delivered_at": removal["delivered_at"],
        "removed_at": removal["delivered_at"],
        "removal_reason": "closed",
    }
    assert removal["delivered_at"] > result["delivered_until"]


async def test_a_company_that_is_gone_already_cannot_be_withdrawn_again(client, search_id, deliver):
    company_id = (await deliver(HOTEL))["items"][0]["id"]
    path = f"/deliveries/{search_id}/companies/{company_id}"
    assert [(await client.delete(path)).status_code for _ in range(2)] == [204, 404]


async def test_a_withdrawn_company_that_is_delivered_again_is_the_same_one(client, search_id, deliver):
    first = await deliver(HOTEL)
    company_id = first["items"][0]["id"]
    before = (await pull(client, search_id))["items"][0]
    await client.delete(f"/deliveries/{search_id}/companies/{company_id}")
    second = await deliver(HOTEL)
    assert second["delivered"] == 1
    after = (await pull(client, search_id))["items"][0]
    assert after["delivered_at"] > before["delivered_at"]
    assert after | {"delivered_at": None} == before | {"delivered_at": None}


# Erasure.


@pytest.mark.parametrize(
    "spelling",
    [
        "m.quarzenthal@grandhotel.example",
        "M.QUARZENTHAL@GrandHotel.Example",
        "  m.quarzenthal@grandhotel.example ",
        "mailto:m.quarzenthal@grandhotel.example?subject=hello",
        "m.quarzenthal@grandhotel.example.",
    ],
)
async def test_a_person_is_erased_by_any_spelling_of_the_address(client, search_id, deliver, spelling):
    since = (await deliver(HOTEL))["delivered_until"]
    erasure = await erase(client, email=spelling)
    assert (erasure["companies"], erasure["prospects"]) == (1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]
    again = await pull(client, search_id, delivered_since=since)
    assert first_names(again) == ["Bo"]
    assert "removed_at" not in again["items"][0]


async def test_a_unicode_domain_is_one_with_its_ascii_form(client, search_id, deliver):
    await deliver(hotel(MARIA | {"email": "m@bücher.example"}))
    assert (await erase(client, email="M@xn--bcher-kva.example"))["prospects"] == 1


async def test_an_address_with_a_tag_is_another_mailbox(client, search_id, deliver):
    await deliver(hotel(MARIA, BO | {"email": "m.quarzenthal+news@grandhotel.example"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_person_is_erased_by_id(client, search_id, deliver):
    await deliver(HOTEL)
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_person_is_erased_from_every_search_of_the_organization_and_from_no_others(service, client, search_id, deliver):
    second = await open_search(client)
    stranger = await service.client(organization=await service.organization("stranger"))
    strange = await open_search(stranger)
    await deliver(HOTEL)
    await post(client, second, HOTEL, hotel(MARIA, source_id="c2"))
    await post(stranger, strange, HOTEL)
    erasure = await erase(client, email=MARIA["email"])
    assert (erasure["companies"], erasure["prospects"]) == (3, 3)
    assert first_names(await pull(client, search_id)) == first_names(await pull(client, second)) == ["Bo"]
    assert first_names(await pull(stranger, strange)) == ["Marijana", "Bo"]
    assert (await post(stranger, strange, hotel(MARIA)))["suppressed"] == 0


async def test_whoever_is_named_by_id_is_erased_wherever_their_mailbox_is_known(client, search_id, deliver):
    second = await open_search(client)
    await deliver(HOTEL)
    await post(client, second, HOTEL)
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["prospects"] == 2
    assert first_names(await pull(client, second)) == ["Bo"]


async def test_whoever_is_named_by_address_is_erased_where_only_their_id_is_known(client, search_id, deliver):
    second = await open_search(client)
    person_id = str(uuid4())
    await deliver(hotel(MARIA | {"id": person_id}))
    await post(client, second, hotel({"id": person_id, "first_name": "Marijana"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 2
    assert first_names(await pull(client, second)) == []


async def test_whoever_is_named_by_a_former_address_is_erased(client, dsn, search_id, deliver):
    await deliver(hotel(MARIA | {"id": str(uuid4())}))
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await deliver(hotel(MARIA | {"id": person_id, "email": "another@grandhotel.example"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == []
    assert (await post(client, search_id, hotel(MARIA | {"email": "another@grandhotel.example"})))["suppressed"] == 1
    text = await dump(dsn)
    assert [trace for trace in TRACES if trace in text] == []


async def test_companies_are_delivered_again_in_order_without_the_person(client, search_id, deliver):
    companies = [hotel(MARIA, source_id=f"c{number}") for number in range(5)]
    first = await deliver(*companies)
    await erase(client, email=MARIA["email"])
    page = await pull(client, search_id, delivered_since=first["delivered_until"])
    assert [item["source_id"] for item in page["items"]] == [f"c{number}" for number in range(5)]
    times = [item["delivered_at"] for item in page["items"]]
    assert times == sorted(set(times))
    assert first_names(page) == []


async def test_a_walk_keeps_its_slots_and_their_times_without_the_person(client, search_id, deliver):
    await deliver(*(hotel(MARIA, BO, source_id=f"c{number}") for number in range(4)))
    begun = await pull(client, search_id, limit=1)
    before = [(await pull(client, search_id, limit=1, offset=offset))["items"][0] for offset in range(1, 4)]
    await erase(client, email=MARIA["email"])
    after = [(await pull(client, search_id, limit=1, offset=offset))["items"][0] for offset in range(1, 4)]
    assert begun["total"] == 4
    assert [item["delivered_at"] for item in after] == [item["delivered_at"] for item in before]
    assert [[person["first_name"] for person in item["prospects"]] for item in after] == [["Bo"]] * 3


async def test_a_walk_shows_nobody_whom_a_later_delivery_has_replaced_before_the_erasure(client, search_id, deliver):
    await deliver(hotel(MARIA), hotel(MARIA, source_id="c2"))
    await pull(client, search_id, limit=1)
    await deliver(hotel(BO, source_id="c2"))
    await erase(client, email=MARIA["email"])
    page = await pull(client, search_id, limit=1, offset=1)
    assert [item["source_id"] for item in page["items"]] == ["c2"]
    assert first_names(page) == []


async def test_an_old_etag_does_not_hide_an_erasure(client, search_id, deliver):
    await deliver(hotel(MARIA), hotel(MARIA, source_id="c2"))
    path = f"/deliveries/{search_id}/companies"
    await client.get(path, params={"limit": 1})
    page = await client.get(path, params={"limit": 1, "offset": 1})
    await erase(client, email=MARIA["email"])
    again = await client.get(path, params={"limit": 1, "offset": 1}, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 200
    assert first_names(again.json()) == []


async def test_attributes_that_repeat_address_or_telephone_go_too(client, search_id, deliver):
    await deliver(hotel(MARIA, BO | {"boss": "Marijana Quarzenthal"}, contact=MARIA["email"], desk="+493090182017", city="Berlin"))
    await erase(client, email=MARIA["email"])
    (company,) = (await pull(client, search_id))["items"]
    assert company["attributes"] == {"city": "Berlin"}
    assert "attributes" not in company["prospects"][0]


async def test_an_erasure_asked_for_again_is_the_same_one(client, search_id, deliver):
    await deliver(HOTEL)
    first = await erase(client, email=MARIA["email"])
    watermark = (await client.get(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"]
    assert await erase(client, email=MARIA["email"].upper()) == first
    assert (await client.get(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"] == watermark


async def test_somebody_unknown_is_kept_out_from_then_on(client, search_id, deliver):
    erasure = await erase(client, email=MARIA["email"])
    assert (erasure["companies"], erasure["prospects"], erasure["recipients"]) == (0, 0, [])
    result = await deliver(HOTEL)
    assert (result["delivered"], result["suppressed"], result["items"][0]["suppressed"]) == (1, 1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]


@pytest.mark.parametrize(
    "body", [{}, {"email": "x@y.example", "prospect_id": str(UUID(int=1))}, {"email": "nobody"}, {"mail": "x@y.example"}]
)
async def test_an_erasure_names_one_person_in_one_way(client, body):
    assert (await client.post("/erasures", json=body)).status_code == 422


async def test_another_organizations_erasure_is_not_found(service, client, deliver):
    await deliver(HOTEL)
    erasure = await erase(client, email=MARIA["email"])
    stranger = await service.client(organization=await service.organization("stranger"))
    assert (await client.get(f"/erasures/{erasure['id']}")).json() == erasure
    assert (await stranger.get(f"/erasures/{erasure['id']}")).status_code == 404


# Coming back.


COMEBACKS = {
    "as they were": MARIA,
    "in capitals": MARIA | {"email": MARIA["email"].upper()},
    "without an address": {"first_name": "Marijana", "last_name": "Quarzenthal"},
    "without an address, in capitals": {"first_name": "MARIJANA", "last_name": " QUARZENTHAL"},
    "under another name": MARIA | {"first_name": "M."},
}


@pytest.mark.parametrize("comeback", COMEBACKS.values(), ids=COMEBACKS)
async def test_an_erased_person_does_not_come_back(client, search_id, deliver, comeback):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel(comeback, BO))
    assert (result["unchanged"], result["suppressed"]) == (1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_an_erased_person_does_not_come_back_by_id(client, search_id, deliver):
    await deliver(HOTEL)
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel({"id": person_id, "first_name": "M."}, BO))
    assert result["suppressed"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_somebody_without_an_address_is_erased_by_id_and_does_not_come_back_by_name(client, search_id, deliver):
    nameless = {"first_name": "Marijana", "last_name": "Quarzenthal"}
    await deliver(hotel(nameless, BO))
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await erase(client, prospect_id=person_id)
    for comeback in (nameless, MARIA):
        assert (await deliver(hotel(comeback, BO)))["suppressed"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_namesake_with_an_address_of_their_own_is_somebody_else(client, search_id, deliver):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel(MARIA | {"email": "other@grandhotel.example", "phone": None}, BO))
    assert (result["delivered"], result["suppressed"]) == (1, 0)
    assert first_names(await pull(client, search_id)) == ["Marijana", "Bo"]


async def test_a_namesake_at_another_company_is_somebody_else(client, search_id, deliver):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    assert (await deliver({"name": "Inn", "source_id": "c9", "prospects": [{"first_name": "Marijana", "last_name": "Quarzenthal"}]}))[
        "suppressed"
    ] == 0


@pytest.mark.parametrize("turn", range(3))
async def test_deliveries_at_the_same_time_never_bring_the_person_back(client, search_id, deliver, turn):
    second = await open_search(client)

    async def produce(number):
        for version in range(4):
            for place in (search_id, second):
                await post(client, place, hotel(MARIA, source_id=f"c{number}", version=version))

    async def erase_later():
        await asyncio.sleep(0.02 * (turn + 1))
        await erase(client, email=MARIA["email"])

    await asyncio.gather(*(produce(number) for number in range(8)), erase_later())
    for place in (search_id, second):
        page = await pull(client, place)
        assert page["total"] == 8
        assert first_names(page) == []


async def test_withdrawals_at_the_same_time_as_erasures_end_with_neither(client, search_id, deliver):
    people = [MARIA | {"email": f"p{number}@grandhotel.example"} for number in range(6)]
    result = await deliver(*(hotel(*people, source_id=f"c{number}") for number in range(6)))
    withdrawn = [item["id"] for item in result["items"][:3]]
    withdrawals = (client.delete(f"/deliveries/{search_id}/companies/{company_id}") for company_id in withdrawn)
    responses = await asyncio.gather(*withdrawals, *(client.post("/erasures", json={"email": person["email"]}) for person in people))
    assert [response.status_code for response in responses] == [204] * 3 + [201] * 6
    page = await pull(client, search_id)
    assert (page["total"], first_names(page)) == (3, [])
    removed = await pull(client, search_id, delivered_since=result["delivered_until"])
    assert sorted(item["id"] for item in removed["items"] if "removed_at" in item) == sorted(withdrawn)


# Nothing is left.


async def test_nothing_of_the_person_is_left_in_a_dump_or_behind_any_address(client, dsn, search_id, deliver, database):
    loud = hotel(MARIA | {"linkedin_url": "https://linkedin.com/in/quarzenthal"}, BO, contact=MARIA["email"], desk=MARIA["phone"])
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [loud]}, headers={"Idempotency-Key": "one"})
    await deliver(loud | {"name": "Grander Hotel"})
    gone = (await deliver(hotel(MARIA, source_id="c2"), hotel(MARIA, source_id="c3")))["items"][0]["id"]
    await client.delete(f"/deliveries/{search_id}/companies/{gone}", params={"reason": "asked by Marijana Quarzenthal"})
    await pull(client, search_id, limit=1)
    before = await dump(dsn)
    assert all(trace in before for trace in TRACES)
    erasure = await erase(client, email=MARIA["email"])
    await deliver(hotel(MARIA, BO))
    await client.post("/erasures", json={"email": f"{MARIA['email']}, x"})
    after = await dump(dsn)
    assert [trace for trace in TRACES if trace in after] == []
    company_id = (await pull(client, search_id))["items"][0]["id"]
    addresses = [
        f"/deliveries/{search_id}/companies",
        f"/deliveries/{search_id}/companies?limit=1&offset=1",
        f"/deliveries/{search_id}/companies?delivered_since=2020-01-01T00:00:00Z",
        f"/deliveries/{search_id}/companies?after=2020-01-01T00:00:00Z",
        f"/companies?prospect_search_id={search_id}",
        f"/companies/{company_id}",
        f"/prospects?prospect_search_id={search_id}",
        f"/erasures/{erasure['id']}",
        "/prospect-searches",
    ]
    for address in addresses:
        response = await client.get(address)
        assert response.status_code == 200, address
        assert [trace for trace in TRACES if trace in response.text.lower()] == [], address
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    exported = "\n".join(await export(database, organization_id)).lower()
    assert [trace for trace in TRACES if trace in exported] == []


# Suppression.


async def test_a_domain_is_kept_out_with_all_who_write_from_it(client, search_id, deliver, database, organization_id):
    async with database.transaction() as db:
        assert await suppress(db, organization_id, ["@GrandHotel.example"], actor="test") == 1
    result = await deliver(hotel(MARIA, BO, BO | {"first_name": "Bob", "email": "bo@other.example"}))
    assert result["suppressed"] == 2
    assert first_names(await pull(client, search_id)) == ["Bob"]


async def test_who_is_taken_off_the_list_may_come_in_again(client, search_id, deliver, database, organization_id):
    await erase(client, email="new@grandhotel.example")
    async with database.transaction() as db:
        assert await unsuppress(db, organization_id, ["NEW@grandhotel.example"], actor="test") == 1
    assert (await deliver(hotel(BO | {"email": "new@grandhotel.example"})))["suppressed"] == 0


async def test_a_list_survives_the_way_out_and_in_again(client, deliver, database, organization_id):
    await erase(client, email=MARIA["email"])
    async with database.transaction() as db:
        await suppress(db, organization_id, ["grandhotel.example"], actor="test")
    lines = list(await export(database, organization_id))
    await database.execute("DELETE FROM suppression")
    async with database.transaction() as db:
        assert await import_lines(db, organization_id, lines, actor="test") == 2
    assert {line.partition(', "created_at"')[0] for line in await export(database, organization_id)} == {
        line.partition(', "created_at"')[0] for line in lines
    }
    assert (await deliver(HOTEL))["suppressed"] == 2


async def test_another_organizations_list_is_refused_with_the_reason(service, client, database, organization_id):
    await service.organization("stranger")
    stranger = (await organization_named(database, "stranger")).id
    await erase(client, email=MARIA["email"])
    lines = list(await export(database, organization_id))
    async with database.transaction() as db:
        with pytest.raises(InvalidInput, match="Line 1: these hashes were made for another organization"):
            await import_lines(db, stranger, lines, actor="test")
        with pytest.raises(InvalidInput, match=r'Line 1: .*"key"'):
            await import_lines(db, stranger, lines[1:], actor="test")


@pytest.mark.parametrize("line", ["not an address", '{"kind": "email"}', "{", '{"key": 1', "[]"])
async def test_a_line_that_cannot_be_read_is_named(database, organization_id, line):
    async with database.transaction() as db:
        with pytest.raises(InvalidInput, match=r"^Line 3"):
            await import_lines(db, organization_id, ["# people", "a@b.example", line], actor="test")


# History.


async def history(database):
    rows = await database.rows("SELECT action, details FROM history ORDER BY id")
    return [(row["action"], row["details"]) for row in rows]


async def test_history_tells_of_everything_with_names_of_fields_alone(client, search_id, deliver, database):
    first = await deliver(hotel(MARIA, city="Berlin"))
    await deliver(hotel(MARIA, BO, name="Grander", city="Bern"))
    await deliver(hotel(MARIA, BO, name="Grander", city="Bern"))
    await erase(client, email=MARIA["email"])
    await client.delete(f"/deliveries/{search_id}/companies/{first['items'][0]['id']}")
    rows = await history(database)
    assert [action for action, _ in rows] == [
        "key created",
        "search created",
        "delivered",
        "redelivered",
        "person erased",
        "person erased",
        "withdrawn",
    ]
    assert rows[3][1] == '{"changed": ["name", "attributes.city", "prospects"]}'


@pytest.mark.parametrize("statement", ["UPDATE history SET actor = 'nobody'", "DELETE FROM history", "TRUNCATE history"])
async def test_history_cannot_be_rewritten(client, database, statement):
    before = await history(database)
    assert before
    with pytest.raises(asyncpg.RaiseError, match="history is append-only"):
        await database.execute(statement)
    assert await history(database) == before
