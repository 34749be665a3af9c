"""Pages that are asked for at once are read together, and each is answered for itself."""

import asyncio
from typing import Any

import httpx
import pytest

from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, Service, open_search
from tests.integration.pages import ask

BROKEN_LIMIT = 7


async def fill(client: httpx.AsyncClient, search_id: str, *names: str) -> str:
    """Deliver companies one by one; answers the time of the middle one."""
    answers = [
        await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": name, "source_id": name}]}) for name in names
    ]
    middle: str = answers[len(names) // 2].json()["delivered_until"]
    return middle


def said(answer: httpx.Response) -> tuple[int, Any]:
    """What an answer says, whenever it is asked for."""
    body = answer.json()
    return answer.status_code, {name: value for name, value in body.items() if name != "request_id"}


async def test_whoever_asks_at_the_same_time_as_others_is_answered_as_if_they_asked_alone(
    service: Service, client: httpx.AsyncClient, search_id: str
) -> None:
    middle = await fill(client, search_id, *(f"hotel {number}" for number in range(9)))
    neighbour = await service.client("neighbour", organization=await service.organization("another tenant"))
    theirs = await open_search(neighbour)
    await fill(neighbour, theirs, "inn 1", "inn 2", "inn 3")
    revoked, half = await service.client("revoked"), await service.client("half", scopes=["companies:read"])
    await service.database.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'revoked'")
    asked: list[tuple[httpx.AsyncClient, str, dict[str, Any]]] = [
        (client, search_id, {"limit": 4}),
        (client, search_id, {"limit": 100}),
        (client, search_id, {"limit": 2, "offset": 4}),
        (client, search_id, {"limit": 3, "offset": 6}),
        (client, search_id, {"limit": 2, "offset": 100}),
        (client, search_id, {"limit": 2, "delivered_since": middle}),
        (client, search_id, {"limit": 2, "offset": 2, "delivered_since": middle}),
        (client, search_id, {"limit": 3, "after": middle}),
        (neighbour, theirs, {"limit": 2}),
        (neighbour, theirs, {"limit": 2, "offset": 1}),
        *((who, search_id, {"limit": 2, "offset": offset}) for who in (neighbour, revoked, half) for offset in (0, 2)),
    ]
    alone = [said(await ask(who, where, **parameters)) for who, where, parameters in asked]
    assert [status for status, _ in alone] == [200] * 10 + [404] * 2 + [401] * 2 + [403] * 2
    for _ in range(5):
        answers = await asyncio.gather(*(ask(who, where, **parameters) for who, where, parameters in asked * 3))
        assert [said(answer) for answer in answers] == alone * 3


async def test_a_page_that_cannot_be_read_fails_for_whoever_asked_for_it_alone(
    database: Database, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver("a", "b", "c")
    await database.execute("ALTER FUNCTION page_of_feed RENAME TO readable_page_of_feed")
    await database.execute(
        f"""
        CREATE FUNCTION page_of_feed(
            feed uuid, live bigint, started_after timestamptz, size integer, OUT total bigint, OUT count bigint, OUT last_at timestamptz,
            OUT first_position bigint, OUT last_position bigint, OUT companies bytea
        ) LANGUAGE plpgsql STABLE AS $$
        BEGIN
            IF size = {BROKEN_LIMIT} THEN
                RAISE 'invalid page in block 7' USING ERRCODE = 'data_corrupted';
            END IF;
            SELECT * INTO total, count, last_at, first_position, last_position, companies
            FROM readable_page_of_feed(feed, live, started_after, size);
        END;
        $$
        """
    )
    limits = [1, 2, BROKEN_LIMIT, 3, 4, BROKEN_LIMIT, 5]
    answers = await asyncio.gather(*(ask(client, search_id, limit=limit) for limit in limits))
    assert [answer.status_code for answer in answers] == [500 if limit == BROKEN_LIMIT else 200 for limit in limits]


@pytest.mark.parametrize("connections", [2, 12])
async def test_runs_of_one_consumer_side_by_side_each_see_every_company_once(
    service: Service, client: httpx.AsyncClient, search_id: str, connections: int
) -> None:
    names = [f"hotel {number}" for number in range(12)]
    await fill(client, search_id, *names)

    async def run() -> list[str]:
        seen: list[str] = []
        while True:
            page = (await ask(client, search_id, limit=2, offset=len(seen))).json()
            seen += [company["id"] for company in page["items"]]
            if not page["has_more"]:
                return seen
            # What is delivered meanwhile belongs to later runs.
            await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": names[len(seen)], "source_id": names[0]}]})

    first, *others = await asyncio.gather(*(run() for _ in range(connections)))
    for seen in (first, *others):
        assert len(seen) == len(set(seen)) == len(names)
