"""Empty polls: many at once are looked up together, and each is answered for itself."""

import asyncio

import httpx

from openprospect.server.db.pool import Database
from tests.integration.conftest import Deliver, Service, open_search
from tests.integration.pages import ask


async def poll(client: httpx.AsyncClient, search_id: str, since: str, etag: str) -> httpx.Response:
    return await client.get(f"/deliveries/{search_id}/companies", params={"delivered_since": since}, headers={"If-None-Match": etag})


async def test_those_who_poll_at_the_same_time_are_each_answered_for_themselves(
    service: Service, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    newest = (await deliver("a", "b"))["delivered_until"]
    held = (await ask(client, search_id, delivered_since=newest)).headers["etag"]
    neighbour = await service.client("neighbour", organization=await service.organization("another tenant"))
    theirs = await open_search(neighbour)
    revoked = await service.client("revoked")
    await service.database.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'revoked'")
    half = await service.client("half", scopes=["companies:read"])
    asked = {
        "holds the newest": (client, search_id, held),
        "holds something older": (client, search_id, 'W/"older"'),
        "of another tenant": (neighbour, search_id, held),
        "holds another feed's": (neighbour, theirs, held),
        "revoked": (revoked, search_id, held),
        "lacks a scope": (half, search_id, held),
    }
    answers = await asyncio.gather(*(poll(who, where, newest, etag) for who, where, etag in list(asked.values()) * 20))
    expected = dict(zip(asked, [304, 200, 404, 200, 401, 403], strict=True))
    assert [answer.status_code for answer in answers] == list(expected.values()) * 20


async def test_a_poll_that_comes_after_a_delivery_sees_it_however_many_poll(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    newest = (await deliver("a"))["delivered_until"]
    etag = (await ask(client, search_id, delivered_since=newest)).headers["etag"]
    for name in ("b", "c", "d"):
        crowd = [asyncio.create_task(poll(client, search_id, newest, etag)) for _ in range(30)]
        newer = (await deliver(name))["delivered_until"]
        answer = await poll(client, search_id, newest, etag)
        assert [company["name"] for company in answer.json()["items"]] == [name]
        assert {answer.status_code for answer in await asyncio.gather(*crowd)} <= {200, 304}
        newest, etag = newer, (await ask(client, search_id, delivered_since=newer)).headers["etag"]


async def test_a_key_that_is_revoked_is_refused_at_its_next_poll(
    service: Service, database: Database, client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    newest = (await deliver("a"))["delivered_until"]
    etag = (await ask(client, search_id, delivered_since=newest)).headers["etag"]
    assert (await poll(client, search_id, newest, etag)).status_code == 304
    await database.execute("UPDATE api_key SET revoked_at = now()")
    assert {answer.status_code for answer in await asyncio.gather(*(poll(client, search_id, newest, etag) for _ in range(10)))} == {401}
