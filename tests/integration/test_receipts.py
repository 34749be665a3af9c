"""Receipts: what a consumer's polls prove, what they do not, what follows for lag, and what it costs."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from openprospect.server.app import create_app
from openprospect.server.core.errors import Unavailable
from openprospect.server.core.timestamps import format_timestamp, parse_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import FLUSH_SECONDS, Receipts
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import Service, open_search, pull, running
from tests.integration.receipts import confirmed_until, put, receipts, served, settled, steps


@pytest.fixture
async def crm(service):
    return await service.client("crm", scopes=["companies:read", "prospects:read"])


# What proves something.


async def test_the_next_poll_confirms_what_was_served(crm, search_id, deliver, database):
    until = (await deliver("one", "two"))["delivered_until"]
    await pull(crm, search_id)
    await pull(crm, search_id, delivered_since=until)
    receipt = await confirmed_until(database, search_id, until)
    assert (receipt["behind_companies"], receipt["oldest_unconfirmed_at"]) == (0, None)


async def test_a_cursor_in_the_middle_of_a_walk_confirms_up_to_there(crm, search_id, deliver, database):
    await deliver("one", "two", "three")
    page = await pull(crm, search_id, limit=2)
    middle = page["items"][0]["delivered_at"]
    await pull(crm, search_id, delivered_since=middle)
    assert (await confirmed_until(database, search_id, middle))["behind_companies"] == 2


async def test_what_is_confirmed_never_moves_back(crm, search_id, deliver, database):
    first = (await deliver("one"))["delivered_until"]
    second = (await deliver("two"))["delivered_until"]
    await pull(crm, search_id)
    assert await put(crm, search_id, second) == {"delivered_until": second}
    await pull(crm, search_id, delivered_since=first)
    assert await put(crm, search_id, first) == {"delivered_until": second}


async def test_an_invented_time_proves_nothing_even_later(crm, search_id, deliver, database):
    first = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id)
    invented = format_timestamp(datetime.now(UTC) + timedelta(seconds=0.5))
    await pull(crm, search_id, delivered_since=invented)
    assert await put(crm, search_id, invented) == {"delivered_until": None}
    later = (await deliver("two"))["delivered_until"]
    assert later > invented
    await pull(crm, search_id, delivered_since=first)
    await settled()
    assert format_timestamp((await receipts(database, search_id))["crm"]["delivered_until"]) == first


async def test_a_poll_does_not_prove_what_it_is_itself_answered_with(crm, search_id, deliver, database):
    until = (await deliver("one"))["delivered_until"]
    just_before = format_timestamp(parse_timestamp(until) - timedelta(microseconds=1))
    await pull(crm, search_id, delivered_since=just_before)
    await settled()
    receipt = (await receipts(database, search_id))["crm"]
    assert (receipt["delivered_until"], receipt["behind_companies"]) == (None, 1)


async def test_a_page_that_was_reached_by_a_link_is_no_receipt(crm, search_id, deliver, database):
    await deliver("one", "two")
    page = await pull(crm, search_id, limit=1)
    await pull(crm, search_id, limit=1, after=page["items"][0]["delivered_at"])
    await settled()
    assert (await receipts(database, search_id))["crm"]["delivered_until"] is None


async def test_what_a_link_led_to_can_be_confirmed(crm, search_id, deliver):
    until = (await deliver("one", "two"))["delivered_until"]
    page = await pull(crm, search_id, limit=1)
    assert await put(crm, search_id, until) == {"delivered_until": None}
    await pull(crm, search_id, limit=1, after=page["items"][0]["delivered_at"])
    assert await put(crm, search_id, until) == {"delivered_until": until}


async def test_a_later_page_of_a_walk_is_no_receipt(crm, search_id, deliver, database):
    before = format_timestamp(parse_timestamp((await deliver("one"))["delivered_until"]))
    await pull(crm, search_id)
    await deliver("two", "three")
    await pull(crm, search_id, delivered_since=before, limit=1, offset=1)
    await settled()
    assert (await receipts(database, search_id))["crm"]["delivered_until"] is None


async def test_a_head_request_is_served_nothing(crm, search_id, deliver, database):
    until = (await deliver("one"))["delivered_until"]
    await crm.head(f"/deliveries/{search_id}/companies")
    assert await put(crm, search_id, until) == {"delivered_until": None}


async def test_an_unchanged_page_still_confirms(crm, search_id, deliver, database):
    until = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id)
    path, parameters = f"/deliveries/{search_id}/companies", {"delivered_since": until}
    empty = await crm.get(path, params=parameters)
    second = (await deliver("two"))["delivered_until"]
    await pull(crm, search_id, delivered_since=until)
    empty = await crm.get(path, params={"delivered_since": second})
    again = await crm.get(path, params={"delivered_since": second}, headers={"If-None-Match": empty.headers["ETag"]})
    assert again.status_code == 304
    await confirmed_until(database, search_id, second)


async def test_a_receipt_for_a_search_of_somebody_else_is_refused(service, search_id, deliver):
    await deliver("one")
    stranger = await service.client("crm", organization=await service.organization("stranger"))
    answer = await stranger.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"delivered_until": "2026-01-01T00:00:00"}, {"delivered_until": 5}, {"until": "2026-01-01T00:00:00Z"}]
)
async def test_a_receipt_needs_a_time_with_a_zone(crm, search_id, body):
    assert (await crm.put(f"/deliveries/{search_id}/receipt", json=body)).status_code == 422


# Several processes, several keys.


async def test_one_process_serves_and_another_takes_the_receipt_at_once(dsn, database):
    async with running(create_app(dsn)) as one, running(create_app(dsn)) as other:
        first = Service(one, database)
        everything = await first.client("crm")
        elsewhere = httpx.AsyncClient(transport=other, base_url=everything.base_url, headers=everything.headers)
        search_id = await open_search(everything)
        body = {"companies": [{"name": "one"}]}
        for _ in range(3):
            body["companies"][0]["turn"] = str(datetime.now(UTC))
            until = (await everything.post(f"/deliveries/{search_id}/companies", json=body)).json()["delivered_until"]
            await pull(everything, search_id)
            assert await put(elsewhere, search_id, until) == {"delivered_until": until}
        await elsewhere.aclose()
        await first.close()


async def test_one_process_serves_and_a_poll_of_another_confirms(dsn, database):
    async with running(create_app(dsn)) as one, running(create_app(dsn)) as other:
        first = Service(one, database)
        everything = await first.client("crm")
        elsewhere = httpx.AsyncClient(transport=other, base_url=everything.base_url, headers=everything.headers)
        search_id = await open_search(everything)
        answer = await everything.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "one"}]})
        until = answer.json()["delivered_until"]
        await pull(everything, search_id)
        await pull(elsewhere, search_id, delivered_since=until)
        await confirmed_until(database, search_id, until)
        await elsewhere.aclose()
        await first.close()


async def test_a_rotated_key_keeps_the_place_of_its_name(service, database, search_id, deliver):
    until = (await deliver("one"))["delivered_until"]
    old = await service.client("crm")
    await pull(old, search_id)
    await service.database.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'crm'")
    new = await service.client("crm")
    assert await put(new, search_id, until) == {"delivered_until": until}
    assert list(await receipts(database, search_id)) == ["crm"]


async def test_each_name_is_a_consumer_of_its_own(service, crm, database, search_id, deliver):
    until = (await deliver("one"))["delivered_until"]
    warehouse = await service.client("warehouse")
    await pull(crm, search_id)
    await pull(warehouse, search_id)
    await put(crm, search_id, until)
    found = await receipts(database, search_id)
    assert {name: receipt["behind_companies"] for name, receipt in found.items()} == {"crm": 0, "warehouse": 1}


# Lag.


async def test_lag_counts_companies_and_tells_the_oldest(crm, search_id, deliver, database):
    first = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id)
    await put(crm, search_id, first)
    second = (await deliver("two"))["delivered_until"]
    await deliver("three")
    await deliver({"name": "one", "source_id": "one", "city": "Bern"})
    receipt = (await receipts(database, search_id))["crm"]
    assert receipt["behind_companies"] == 3
    assert format_timestamp(receipt["oldest_unconfirmed_at"]) == second
    assert receipt["seen_at"] <= datetime.now(UTC)


async def test_who_has_pulled_and_never_confirmed_is_behind_with_everything_that_is_there(client, crm, search_id, deliver, database):
    result = await deliver("one", "two", "three")
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][0]['id']}")
    await pull(crm, search_id)
    receipt = await served(database, search_id)
    assert (receipt["delivered_until"], receipt["behind_companies"]) == (None, 2)


async def test_a_removal_counts_as_behind_for_who_has_confirmed_the_company(client, crm, search_id, deliver, database):
    result = await deliver("one", "two")
    await pull(crm, search_id)
    await put(crm, search_id, result["delivered_until"])
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][0]['id']}")
    assert (await receipts(database, search_id))["crm"]["behind_companies"] == 1


async def test_who_has_pulled_an_empty_feed_is_listed_with_nothing_behind(crm, search_id, database):
    await pull(crm, search_id)
    assert (await served(database, search_id))["behind_companies"] == 0


# What it costs.


async def test_five_hundred_quick_polls_of_a_still_feed_write_once_each(crm, search_id, deliver, database):
    until = (await deliver("one"))["delivered_until"]
    await pull(crm, search_id)
    for _ in range(500):
        await pull(crm, search_id, delivered_since=until)
    await settled()
    assert await steps(database, search_id) == [("served", until), ("confirmed", until)]


async def test_polls_of_a_moving_feed_write_every_couple_of_seconds(crm, search_id, deliver, database):
    begun = asyncio.get_running_loop().time()
    until = (await deliver("company"))["delivered_until"]
    await pull(crm, search_id)
    for number in range(60):
        await deliver({"name": "company", "source_id": "company", "number": number})
        until = (await pull(crm, search_id, delivered_since=until))["items"][0]["delivered_at"]
    await pull(crm, search_id, delivered_since=until)
    await settled()
    flushes = (asyncio.get_running_loop().time() - begun) / FLUSH_SECONDS + 1
    written_steps = await steps(database, search_id)
    assert 2 <= len(written_steps) <= 2 * flushes
    assert written_steps[-1] == ("confirmed", until)


async def test_nothing_is_lost_when_the_service_stops(dsn, database):
    async with running(create_app(dsn)) as transport:
        service = Service(transport, database)
        crm = await service.client("crm")
        search_id = await open_search(crm)
        for number in range(2):
            answer = await crm.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "one", "number": number}]})
            until = answer.json()["delivered_until"]
            await pull(crm, search_id)
        await pull(crm, search_id, delivered_since=until)
        await service.close()
    receipt = (await receipts(database, search_id))["crm"]
    assert (format_timestamp(receipt["delivered_until"]), receipt["behind_companies"]) == (until, 0)


async def test_what_cannot_be_written_is_written_the_next_time(dsn, database, search_id, deliver):
    until = parse_timestamp((await deliver("one"))["delivered_until"])
    gathered = Receipts()
    gathered.served(SearchId(UUID(search_id)), "crm", since=None, until=until)
    gathered.confirm(SearchId(UUID(search_id)), "crm", until)

    closed = await Database.open(dsn, size=1)
    await closed.close()
    with pytest.raises(Unavailable):
        await gathered.flush(closed)
    await gathered.flush(database)
    assert (await receipts(database, search_id))["crm"]["delivered_until"] == until
