"""Exports of a part of a feed, and of a feed as it stood: how readers divide one among themselves."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from openprospect.server.core.timestamps import format_timestamp, parse_timestamp
from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, pull
from tests.integration.pages import SEVEN, versions
from tests.integration.receipts import receipts, settled
from tests.integration.tidying import tidy


async def stream(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(f"/deliveries/{search_id}/export", params=parameters)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def exported(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> list[str]:
    return [company["name"] for company in await stream(client, search_id, **parameters)]


async def begun_walk(client: httpx.AsyncClient, search_id: str) -> str:
    """The watermark that it is pinned to."""
    response = await client.get(f"/deliveries/{search_id}/companies", params={"limit": 1})
    assert response.json()["has_more"]
    return response.headers["delivery-watermark"]


async def age(database: Database, interval: str) -> None:
    """As if everything had happened that much earlier."""
    for table, columns in (
        ("delivery", ("delivered_at", "superseded_at")),
        ("prospect_search", ("watermark",)),
        ("walk", ("watermark", "used_at", "begun_at")),
    ):
        earlier = ", ".join(f"{column} = {column} - $1::text::interval" for column in columns)
        await database.execute(f"UPDATE {table} SET {earlier}", interval)


async def watermark_of(client: httpx.AsyncClient, search_id: str) -> str:
    return (await client.head(f"/deliveries/{search_id}/export")).headers["delivery-watermark"]


async def test_intervals_that_meet_are_the_feed_once(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(*SEVEN)
    times = [item["delivered_at"] for item in (await pull(client, search_id))["items"]]
    found = [
        await exported(client, search_id, delivered_until=times[1]),
        await exported(client, search_id, after=times[1], delivered_until=times[4]),
        await exported(client, search_id, after=times[4], delivered_until=times[6]),
    ]
    assert found == [["a", "b"], ["c", "d", "e"], ["f", "g"]]
    assert await exported(client, search_id, after=times[4], delivered_until=times[4]) == []


async def test_a_stream_says_up_to_where_it_goes(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver(*SEVEN)
    times = [item["delivered_at"] for item in (await pull(client, search_id))["items"]]
    for until, expected in ((times[2], times[2]), ("2999-01-01T00:00:00Z", result["delivered_until"])):
        response = await client.get(f"/deliveries/{search_id}/export", params={"delivered_until": until})
        assert response.headers["delivery-watermark"] == expected


async def test_to_begin_after_a_place_confirms_nothing_and_shows_withdrawals(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    result = await deliver(*SEVEN)
    await exported(client, search_id)
    await settled()
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][0]['id']}")
    companies = await stream(client, search_id, after=result["delivered_until"])
    assert [(company["name"], "removed_at" in company) for company in companies] == [("a", True)]
    await settled()
    assert (await receipts(database, search_id))["consumer"]["delivered_until"] is None


async def test_a_place_and_a_confirmation_together_are_refused(client: httpx.AsyncClient, search_id: str) -> None:
    moment = "2026-02-25T12:00:00Z"
    response = await client.get(f"/deliveries/{search_id}/export", params={"after": moment, "delivered_since": moment})
    assert (response.status_code, response.json()["details"]["parameter"]) == (422, "after")


async def test_as_of_a_walk_everything_stands_where_it_stood(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver(*SEVEN)
    as_of = await begun_walk(client, search_id)
    await deliver(*versions("b", "e", "new", version=2))
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][5]['id']}")
    times = [company["delivered_at"] for company in await stream(client, search_id, as_of=as_of)]
    found = [
        await exported(client, search_id, as_of=as_of, delivered_until=times[3]),
        await exported(client, search_id, as_of=as_of, after=times[3]),
    ]
    assert found == [["a", "b", "c", "d"], ["e", "f", "g"]]
    assert await exported(client, search_id) == ["a", "c", "d", "g", "b 2", "e 2", "new 2"]


async def test_as_of_an_earlier_moment_an_erased_person_is_gone_all_the_same(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*({"name": name, "source_id": name, "prospects": [{"email": "maria@example.com"}]} for name in SEVEN))
    as_of = await begun_walk(client, search_id)
    await client.post("/erasures", json={"email": "maria@example.com"})
    companies = await stream(client, search_id, as_of=as_of)
    assert [(company["name"], company["prospects"]) for company in companies] == [(name, []) for name in SEVEN]


async def test_a_walk_keeps_its_moment_readable_for_an_hour_after_each_use(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database
) -> None:
    await deliver(*SEVEN)
    await begun_walk(client, search_id)
    for version in (2, 3):
        await deliver(*versions(*SEVEN, version=version))
        await age(database, "50 minutes")
        await tidy(database)
        as_of = format_timestamp(await database.value("SELECT watermark FROM walk"))
        assert await exported(client, search_id, as_of=as_of) == [*SEVEN]


async def test_a_moment_that_has_not_come_yet_is_refused(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    assert await exported(client, search_id, as_of=until) == [*SEVEN]
    later = format_timestamp(parse_timestamp(until) + timedelta(microseconds=1))
    response = await client.get(f"/deliveries/{search_id}/export", params={"as_of": later})
    assert (response.status_code, response.json()["details"]["parameter"]) == (422, "as_of")
    assert until in response.json()["message"]


@pytest.mark.parametrize("is_walk_begun", [False, True])
async def test_a_moment_that_nothing_keeps_any_more_is_refused_and_not_guessed(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database, is_walk_begun: bool
) -> None:
    await deliver(*SEVEN)
    if is_walk_begun:
        await begun_walk(client, search_id)
    await age(database, "61 minutes")
    as_of = await watermark_of(client, search_id)
    assert await exported(client, search_id, as_of=as_of) == [*SEVEN]
    await deliver(*versions("b", version=2))
    response = await client.get(f"/deliveries/{search_id}/export", params={"as_of": as_of})
    assert (response.status_code, response.json()["code"]) == (410, "SNAPSHOT_EXPIRED")
