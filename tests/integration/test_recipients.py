"""After an erasure: who had received the person, who has let go, and who is late."""

import csv
from datetime import timedelta

import pytest

from openprospect.server.access.keys import revoke_key
from openprospect.server.console import store as console_store
from openprospect.server.core.timestamps import parse_timestamp
from openprospect.server.observability import store as watched
from openprospect.server.privacy import store as privacy_store
from openprospect.server.privacy.wire import as_csv, item
from tests.integration.conftest import open_search, pull
from tests.integration.receipts import put, served

MARIA = {"first_name": "Maria", "email": "maria@hotel.example"}
HOTEL = {"source_id": "c1", "name": "Hotel", "prospects": [MARIA]}


@pytest.fixture
async def crm(service):
    return await service.client("crm", scopes=["companies:read", "prospects:read"])


async def erase(client, email=MARIA["email"]):
    response = await client.post("/erasures", json={"email": email})
    assert response.status_code == 201
    return response.json()


async def table(database, erasure):
    """The report as a data-protection officer gets it: a row a recipient."""
    found = await privacy_store.erasure(database, erasure["id"], None)
    assert found
    return list(csv.DictReader(as_csv(item(found)).splitlines()))


async def report(client, erasure):
    return (await client.get(f"/erasures/{erasure['id']}")).json()


async def received(database, search_id, *consumers):
    """Each of these pulls the feed, and that is written down."""
    for consumer, name in consumers:
        await pull(consumer, search_id)
        await served(database, search_id, name=name)


async def test_whoever_came_after_an_erasure_is_nobodys_recipient_on_any_page(service, client, search_id, deliver, database):
    crm, newcomer = [await service.client(name) for name in ("crm", "newcomer")]
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"))
    erasure = await erase(client)
    await database.execute("UPDATE erasure SET erased_at = erased_at - interval '1 day', deadline_at = erased_at")
    await database.execute("UPDATE receipt_step SET at = at - interval '2 days'")
    await received(database, search_id, (newcomer, "newcomer"))
    assert [recipient["key_name"] for recipient in (await report(client, erasure))["recipients"]] == ["crm"]
    (waiting,) = await watched.waiting_erasures(database, None)
    assert waiting.consumers == ("crm",)
    organization_id = await database.value("SELECT organization_id FROM erasure")
    (line,) = await console_store.erasures_of(database, organization_id, before=None, limit=10)
    assert line.unconfirmed == 1


async def test_an_erasure_lists_those_who_received_the_person_and_who_has_let_go(service, client, search_id, deliver, database):
    crm, late, before = [await service.client(name) for name in ("crm", "late", "before")]
    await received(database, search_id, (before, "before"))
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"), (late, "late"))
    erasure = await erase(client)
    assert [recipient["key_name"] for recipient in erasure["recipients"]] == ["crm", "late"]
    assert erasure["status"] == "awaiting_confirmation"
    assert all(recipient["received_at"] and recipient["confirmed_at"] is None for recipient in erasure["recipients"])
    gone_at = (await pull(crm, search_id))["items"][0]["delivered_at"]
    await put(crm, search_id, gone_at)
    done = await report(client, erasure)
    assert (done["status"], done["confirmed"]) == ("awaiting_confirmation", 1)
    assert [(recipient["key_name"], recipient["confirmed_at"] is None) for recipient in done["recipients"]] == [
        ("crm", False),
        ("late", True),
    ]
    await pull(late, search_id)
    await put(late, search_id, gone_at)
    assert (await report(client, erasure))["status"] == "confirmed"


async def test_who_came_after_the_erasure_has_received_nobody(client, crm, search_id, deliver, database):
    await deliver(HOTEL)
    erasure = await erase(client)
    await database.execute("UPDATE erasure SET erased_at = erased_at - interval '2 minutes'")
    await received(database, search_id, (crm, "crm"))
    assert (await report(client, erasure))["recipients"] == []


async def test_who_received_the_person_after_a_clock_was_set_back_is_listed(client, crm, search_id, deliver, database):
    await deliver("before them")
    await received(database, search_id, (crm, "crm"))
    await database.execute("UPDATE receipt SET served_at = served_at + interval '1 hour'")
    until = (await deliver(HOTEL))["delivered_until"]
    await pull(crm, search_id)
    await put(crm, search_id, until)
    assert [recipient["key_name"] for recipient in (await erase(client))["recipients"]] == ["crm"]


async def test_who_received_the_person_before_a_clock_was_set_back_is_listed(client, crm, search_id, deliver, database):
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"))
    await database.execute("UPDATE receipt_step SET at = at + interval '1 hour'")
    assert [recipient["key_name"] for recipient in (await erase(client))["recipients"]] == ["crm"]


async def test_an_erasure_is_of_the_moment_when_all_of_it_is_written(client, crm, search_id, deliver, database):
    """Until it is committed, pages show the person."""
    second = await open_search(client)
    await deliver(HOTEL)
    assert (await client.post(f"/deliveries/{second}/companies", json={"companies": [HOTEL]})).status_code == 200
    for place in (search_id, second):
        await received(database, place, (crm, "crm"))
    await database.execute("UPDATE receipt_step SET at = at + interval '1 hour'")
    erasure = await erase(client)
    dated = """
        SELECT erased_at > max(history.at) FROM erasure, history
        WHERE action = 'person erased' AND company_id IS NOT NULL GROUP BY erased_at
    """
    assert await database.value(dated)
    assert await database.value("SELECT max(at) = max(erased_at) FROM receipt_step, erasure")
    assert parse_timestamp(erasure["deadline_at"]) - parse_timestamp(erasure["erased_at"]) == timedelta(days=30)
    assert [recipient["key_name"] for recipient in erasure["recipients"]] == ["crm"]


async def test_the_report_takes_as_long_however_many_companies_held_the_person(client, crm, search_id, deliver, database):
    await deliver(*(HOTEL | {"source_id": f"c{number}"} for number in range(300)))
    await received(database, search_id, (crm, "crm"))
    erasure = await erase(client)
    looked_at = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'receipt%'"
    async with database.transaction() as db:
        assert await privacy_store.erasure(db, erasure["id"], None)
        assert await watched.waiting_erasures(db, None)
        assert await db.value(looked_at) < 20


async def test_who_received_the_person_is_found_as_quickly_however_often_they_came_since(client, crm, search_id, deliver, database):
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"))
    erasure = await erase(client)
    await database.execute("""
        INSERT INTO receipt_step (prospect_search_id, consumer, kind, until, at)
        SELECT prospect_search_id, consumer, turn.kind, until + number * interval '1 second', at + number * interval '1 second'
        FROM receipt_step, generate_series(1, 5000) AS number, unnest(ARRAY['served', 'confirmed']) AS turn (kind)
    """)
    await database.execute("ANALYZE receipt_step")
    looked_at = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'receipt_step'"
    async with database.transaction() as db:
        found = await privacy_store.erasure(db, erasure["id"], None)
        assert await db.value(looked_at) < 10
    assert found
    (recipient,) = found.recipients
    assert recipient.confirmed_at
    assert recipient.received_at < recipient.confirmed_at < recipient.received_at + timedelta(minutes=1)


async def test_a_confirmation_of_what_came_before_the_erasure_is_none_of_it(client, crm, search_id, deliver):
    until = (await deliver(HOTEL))["delivered_until"]
    await pull(crm, search_id)
    await put(crm, search_id, until)
    erasure = await erase(client)
    (recipient,) = erasure["recipients"]
    assert recipient["confirmed_at"] is None


async def test_who_received_the_person_in_two_searches_has_let_go_only_when_both_are_confirmed(client, crm, search_id, deliver):
    second = await open_search(client)
    await deliver(HOTEL)
    assert (await client.post(f"/deliveries/{second}/companies", json={"companies": [HOTEL]})).status_code == 200
    for place in (search_id, second):
        until = (await pull(crm, place))["items"][-1]["delivered_at"]
        await put(crm, place, until)
    erasure = await erase(client)
    for place, status in ((search_id, "awaiting_confirmation"), (second, "confirmed")):
        await put(crm, place, (await pull(crm, place))["items"][-1]["delivered_at"])
        assert (await report(client, erasure))["status"] == status


async def test_who_is_past_the_deadline_is_late_and_stays_late(service, client, search_id, deliver, database):
    until = (await deliver(HOTEL))["delivered_until"]
    crm, slow = [await service.client(name) for name in ("crm", "=slow")]
    for consumer in (crm, slow):
        await pull(consumer, search_id)
        await put(consumer, search_id, until)
    erasure = await erase(client)
    gone_at = (await pull(crm, search_id))["items"][0]["delivered_at"]
    await put(crm, search_id, gone_at)
    await database.execute("UPDATE erasure SET deadline_at = clock_timestamp()")
    overdue = await report(client, erasure)
    assert (overdue["late"], overdue["confirmed"]) == (1, 1)
    await pull(slow, search_id)
    await put(slow, search_id, gone_at)
    late = await report(client, erasure)
    assert (late["status"], late["late"]) == ("confirmed", 1)
    assert {recipient["key_name"]: recipient["is_late"] for recipient in late["recipients"]} == {"crm": False, "=slow": True}
    rows = await table(database, late)
    assert [(row["recipient"], row["late"]) for row in rows] == [("'=slow", "yes"), ("crm", "no")]
    assert all(row["confirmed_at"] and row["received_at"] for row in rows)


async def test_an_erasure_that_reached_nobody_is_reported_in_one_row(client, search_id, deliver, database):
    erasure = await erase(client)
    assert erasure["status"] == "confirmed"
    (row,) = await table(database, erasure)
    assert (row["companies"], row["recipient"], row["late"]) == ("0", "", "no")


async def test_a_revoked_key_is_still_a_recipient(client, crm, search_id, deliver, database):
    until = (await deliver(HOTEL))["delivered_until"]
    await pull(crm, search_id)
    await put(crm, search_id, until)
    key_id = await database.value("SELECT id FROM api_key WHERE name = 'crm'")
    await revoke_key(database, key_id, actor="test")
    assert [recipient["key_name"] for recipient in (await erase(client))["recipients"]] == ["crm"]
