"""Receipts past a gap: whoever goes on from a time that it was not served up to confirms nothing until the gap is filled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.receipts import Receipts
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import pull
from tests.integration.receipts import put, receipts, served, settled

MARIA = {"first_name": "Maria", "email": "maria@hotel.example"}
HOTEL = {"source_id": "hotel", "name": "Hotel", "prospects": [MARIA]}


@pytest.fixture
async def crm(service):
    return await service.client("crm", scopes=["companies:read", "prospects:read"])


async def confirmed(database, search_id):
    await settled()
    until = (await receipts(database, search_id))["crm"]["delivered_until"]
    return until and format_timestamp(until)


async def test_a_cursor_put_past_an_erasure_does_not_confirm_it(client, crm, search_id, deliver, database):
    await deliver(HOTEL)
    await pull(crm, search_id)
    erasure = (await client.post("/erasures", json={"email": MARIA["email"]})).json()
    later = (await deliver("another"))["delivered_until"]
    for _ in range(2):
        await pull(crm, search_id, delivered_since=later)
    assert await confirmed(database, search_id) is None
    assert [recipient["confirmed_at"] for recipient in (await client.get(f"/erasures/{erasure['id']}")).json()["recipients"]] == [None]


async def test_a_gap_that_is_read_after_all_is_none(crm, search_id, deliver):
    first = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id)
    second = (await deliver("two"))["delivered_until"]
    third = (await deliver("three"))["delivered_until"]
    await pull(crm, search_id, delivered_since=second)
    await pull(crm, search_id, delivered_since=first, limit=1)
    assert await put(crm, search_id, third) == {"delivered_until": third}


async def test_a_time_by_the_clock_leaves_no_gap_where_nothing_was_delivered_before_it(crm, search_id, deliver):
    await deliver("one")
    await pull(crm, search_id)
    clock = format_timestamp(datetime.now(UTC))
    second = (await deliver("two"))["delivered_until"]
    await pull(crm, search_id, delivered_since=clock)
    assert await put(crm, search_id, second) == {"delivered_until": second}


async def test_a_gap_whose_companies_were_all_delivered_again_since_is_none(crm, search_id, deliver):
    await deliver("one")
    await pull(crm, search_id)
    skipped = (await deliver("two"))["delivered_until"]
    again = (await deliver({"name": "two, as it is now", "source_id": "two"}))["delivered_until"]
    await pull(crm, search_id, delivered_since=skipped)
    assert await put(crm, search_id, again) == {"delivered_until": again}


async def test_who_begins_in_the_middle_confirms_once_it_has_read_from_the_beginning(crm, search_id, deliver):
    first = (await deliver("one"))["delivered_until"]
    second = (await deliver("two"))["delivered_until"]
    await pull(crm, search_id, delivered_since=first)
    await pull(crm, search_id)
    assert await put(crm, search_id, second) == {"delivered_until": second}


async def test_who_begins_in_the_middle_is_a_recipient_of_whom_it_was_given(client, crm, search_id, deliver, database):
    first = (await deliver("one"))["delivered_until"]
    await deliver(HOTEL)
    await pull(crm, search_id, delivered_since=first)
    await served(database, search_id)
    erasure = (await client.post("/erasures", json={"email": MARIA["email"]})).json()
    assert [(recipient["key_name"], recipient["confirmed_at"]) for recipient in erasure["recipients"]] == [("crm", None)]


async def test_who_begins_at_the_end_of_a_still_feed_is_listed_with_everything_behind(crm, search_id, deliver, database):
    until = (await deliver("one", "two"))["delivered_until"]
    await pull(crm, search_id, delivered_since=until)
    receipt = await served(database, search_id)
    assert (receipt["delivered_until"], receipt["behind_companies"]) == (None, 2)


async def test_the_pages_of_a_walk_that_began_after_a_gap_confirm_nothing(crm, search_id, deliver):
    first = (await deliver("one"))["delivered_until"]
    until = (await deliver("two", "three", "four"))["delivered_until"]
    for offset in range(3):
        await pull(crm, search_id, delivered_since=first, limit=1, offset=offset)
    assert await put(crm, search_id, until) == {"delivered_until": None}
    for offset in range(4):
        await pull(crm, search_id, limit=1, offset=offset)
    assert await put(crm, search_id, until) == {"delivered_until": until}


async def test_an_offset_past_the_end_proves_nothing(crm, search_id, deliver):
    until = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id, offset=1_000)
    assert await put(crm, search_id, until) == {"delivered_until": None}


async def test_parts_of_an_export_that_were_read_out_of_order_make_a_whole(crm, search_id, deliver):
    first = (await deliver("one"))["delivered_until"]
    second = (await deliver("two"))["delivered_until"]
    third = (await deliver("three"))["delivered_until"]
    path = f"/deliveries/{search_id}/export"
    for part in ({"after": second}, {"delivered_until": first}):
        assert (await crm.get(path, params=part)).status_code == 200
    assert await put(crm, search_id, third) == {"delivered_until": None}
    await crm.get(path, params={"after": first, "delivered_until": second})
    assert await put(crm, search_id, third) == {"delivered_until": third}


async def test_other_processes_write_later_what_they_served_earlier(search_id, database):
    one, other = Receipts(), Receipts()
    one.served(SearchId(UUID(search_id)), "crm", since=None, until=moment(1))
    one.confirm(SearchId(UUID(search_id)), "crm", moment(2))
    other.served(SearchId(UUID(search_id)), "crm", since=moment(1), until=moment(2))
    await other.flush(database)
    await one.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] is None
    one.confirm(SearchId(UUID(search_id)), "crm", moment(2))
    await one.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] == moment(2)


async def test_gaps_without_end_are_kept_as_one_and_filled_as_one(search_id, database):
    process = Receipts()
    for turn in range(4):
        for number in range(turn * 40, turn * 40 + 40):
            process.served(SearchId(UUID(search_id)), "crm", since=moment(2 * number + 1), until=moment(2 * number + 2))
        await process.flush(database)
    kept = await database.value("SELECT count(*) FROM receipt, unnest(gaps) WHERE prospect_search_id = $1", search_id)
    assert kept <= 100
    process.served(SearchId(UUID(search_id)), "crm", since=None, until=moment(320))
    process.confirm(SearchId(UUID(search_id)), "crm", moment(320))
    await process.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] == moment(320)


async def test_of_all_that_a_process_cannot_keep_apart_the_furthest_is_not_forgotten(search_id, database):
    process = Receipts()
    process.served(SearchId(UUID(search_id)), "crm", since=moment(999), until=moment(1_000))
    for number in range(100):
        process.served(SearchId(UUID(search_id)), "crm", since=moment(2 * number + 1), until=moment(2 * number + 2))
    await process.flush(database)
    assert await database.value("SELECT served_until FROM receipt WHERE prospect_search_id = $1", search_id) == moment(1_000)


def moment(number):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
