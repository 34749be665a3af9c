"""Whoever waits for an erasure, or for a feed, holds nothing that another tenant needs."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Busy
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed.store import SQL, hold_organization, lock_feed
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import Deliver, Service, open_search
from tests.integration.hotel import feed, post

MORE_THAN_THERE_ARE_CONNECTIONS = 20


@dataclass(frozen=True)
class Neighbour:
    """Another tenant, with a feed."""

    client: httpx.AsyncClient
    search_id: str

    async def does_everything(self) -> list[int]:
        """Reads, writes and confirms; the answers' status codes."""
        path = f"/deliveries/{self.search_id}"
        await post(self.client, self.search_id, [{"name": "hotel"}])
        polled = await self.client.get(f"{path}/companies")
        since = polled.headers["Delivery-Watermark"]
        answers = [
            polled,
            await self.client.get(f"{path}/companies", params={"delivered_since": since}),
            await post(self.client, self.search_id, [{"name": "another", "source_id": "another"}]),
            await self.client.put(f"{path}/receipt", json={"delivered_until": since}),
            await self.client.get(f"{path}/export"),
            await self.client.get("/companies", params={"prospect_search_id": self.search_id}),
            await self.client.delete(f"{path}/companies/{polled.json()['items'][0]['id']}"),
            await self.client.post("/erasures", json={"email": "nobody@example.com"}),
        ]
        return [answer.status_code for answer in answers]


EVERYTHING = [200, 200, 200, 200, 200, 200, 204, 201]


@pytest.fixture
async def neighbour(service: Service) -> Neighbour:
    client = await service.client("neighbour", organization=await service.organization("next door"))
    search_id = await open_search(client)
    return Neighbour(client, search_id)


async def organization_of(database: Database, search_id: str) -> UUID:
    found: UUID = await database.value("SELECT organization_id FROM prospect_search WHERE id = $1", UUID(search_id))
    return found


async def keep_nobody_waiting(neighbour: Neighbour, requests: Sequence[Awaitable[httpx.Response]]) -> list[asyncio.Task[httpx.Response]]:
    """Send requests that cannot be answered just now, and see that the neighbour is."""
    tasks = [asyncio.ensure_future(request) for request in requests]
    for _ in range(2):  # in the first round they get as far as they can
        assert await asyncio.wait_for(neighbour.does_everything(), 20) == EVERYTHING
    assert not any(task.done() for task in tasks)
    return tasks


async def test_deliveries_that_wait_for_an_erasure_keep_no_other_tenant_waiting(
    client: httpx.AsyncClient, database: Database, neighbour: Neighbour
) -> None:
    searches = [await open_search(client, f"search {number}") for number in range(MORE_THAN_THERE_ARE_CONNECTIONS)]
    async with database.transaction() as db:
        await db.value(SQL.hold_organization_alone, await organization_of(database, searches[0]))
        waiting = await keep_nobody_waiting(neighbour, [post(client, search_id, [{"name": "hotel"}]) for search_id in searches])
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


async def test_erasures_that_wait_for_a_delivery_keep_no_other_tenant_waiting(
    client: httpx.AsyncClient, search_id: str, database: Database, neighbour: Neighbour
) -> None:
    async with database.transaction() as db:
        await db.row(SQL.hold_organization, await organization_of(database, search_id))
        erasures = [client.post("/erasures", json={"email": f"{number}@example.com"}) for number in range(MORE_THAN_THERE_ARE_CONNECTIONS)]
        waiting = await keep_nobody_waiting(neighbour, erasures)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {201}


async def test_withdrawals_that_wait_for_a_feed_keep_no_other_tenant_waiting(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Database, neighbour: Neighbour
) -> None:
    delivered = await deliver(*(f"hotel {number}" for number in range(MORE_THAN_THERE_ARE_CONNECTIONS)))
    async with database.transaction() as db:
        await db.row(SQL.lock_feed, UUID(search_id))
        withdrawals = [client.delete(f"/deliveries/{search_id}/companies/{item['id']}") for item in delivered["items"]]
        waiting = await keep_nobody_waiting(neighbour, withdrawals)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {204}
    items = await feed(client, search_id)
    assert items == []


async def test_an_erasure_that_waits_is_overtaken_by_nobody(
    client: httpx.AsyncClient, search_id: str, database: Database, deliver: Deliver
) -> None:
    maria = {"name": "hotel", "source_id": "1", "prospects": [{"email": "maria@example.com"}]}
    await deliver(maria)
    async with database.transaction() as db:
        await db.row(SQL.hold_organization, await organization_of(database, search_id))
        erasure = asyncio.create_task(client.post("/erasures", json={"email": "maria@example.com"}))
        while not await database.value("SELECT count(*) FROM pg_locks, pg_sleep(0.01) WHERE NOT granted"):
            pass
        with pytest.raises(Busy):
            async with database.transaction() as another:
                await hold_organization(another, OrganizationId(await organization_of(database, search_id)))
        delivery = asyncio.create_task(post(client, search_id, [maria | {"source_id": "2"}]))
    assert (await erasure).status_code == 201
    assert (await delivery).json()["suppressed"] == 1


async def test_whoever_waits_too_long_is_told_so_and_may_come_again(database: Database, client: httpx.AsyncClient, search_id: str) -> None:
    impatient = Writing(database, patience_seconds=0.1)
    searches = [SearchId(UUID(search_id)), SearchId(UUID(await open_search(client)))]
    organization_id = OrganizationId(await organization_of(database, search_id))

    async def hold(db: Connection) -> None:
        await hold_organization(db, organization_id)

    async with database.transaction() as db:
        await db.value(SQL.hold_organization_alone, organization_id)
        told = await asyncio.gather(*(impatient.at_feed(search, hold) for search in searches * 2), return_exceptions=True)
    assert [type(error) for error in told] == [Busy] * 4
    await asyncio.gather(*(impatient.at_feed(search, hold) for search in searches * 2))


async def test_who_waits_for_a_lock_gives_the_connection_back_in_between(dsn: str, database: Database, search_id: str) -> None:
    attempts: asyncio.Queue[None] = asyncio.Queue()
    wanted = SearchId(UUID(search_id))

    async def take(db: Connection) -> str:
        attempts.put_nowait(None)
        await lock_feed(db, wanted)
        return "taken"

    async with await Database.open(dsn, size=1, lock_seconds=0.02) as single:
        async with database.transaction() as db:
            await lock_feed(db, wanted)
            waiting = asyncio.create_task(Writing(single).at_feed(wanted, take))
            for _ in range(3):
                await attempts.get()
                assert await single.value("SELECT 1") == 1
        assert await waiting == "taken"
