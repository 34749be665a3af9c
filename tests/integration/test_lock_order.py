"""Statements over many rows take their locks in one order: two processes that write the same rows never wait for each other in a circle."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from openprospect.server.access import store as access
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION, KeyId
from openprospect.server.access.secret import hash_of
from openprospect.server.db.pool import Database
from openprospect.server.feed.reading import store as reading
from openprospect.server.feed.reading.walks import NewWalk
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks import store as webhooks
from openprospect.server.webhooks.model import Claim
from tests.integration.conftest import Service, open_search
from tests.integration.waiting import until_somebody_waits
from tests.webhooks.pushing import endpoint

ROWS = 30


async def waits_for_the_first_and_holds_no_other(database: Database, table: str, order: str, writing: Awaitable[object]) -> None:
    """While somebody holds the first row, whoever writes them all has taken none of those that come after it."""
    async with database.transaction() as holder:
        await holder.execute(f"SELECT FROM {table} ORDER BY {order} LIMIT 1 FOR UPDATE")
        task = asyncio.ensure_future(writing)
        await until_somebody_waits(database)
        async with database.transaction() as other:
            free = await other.rows(f"SELECT 1 FROM {table} FOR UPDATE SKIP LOCKED")
    await task
    assert len(free) == await database.value(f"SELECT count(*) - 1 FROM {table}")


async def test_walks_that_begin_in_several_feeds_at_once(client: httpx.AsyncClient, database: Database) -> None:
    searches = [SearchId(UUID(await open_search(client, f"feed {number}"))) for number in range(ROWS)]
    walks = [
        NewWalk(
            search_id=search,
            consumer="consumer",
            since=None,
            watermark=datetime(2026, 1, 1, tzinfo=UTC),
            total=9,
            next_offset=2,
            next_position=3,
            page_offset=0,
            page_position=1,
        )
        for search in sorted(searches, reverse=True)
    ]
    await reading.begin_walks(database, walks)
    await waits_for_the_first_and_holds_no_other(database, "walk", "prospect_search_id, id", reading.begin_walks(database, walks))


async def test_pages_of_walks_that_are_read_together(service: Service, client: httpx.AsyncClient, database: Database) -> None:
    search_id = SearchId(UUID(await open_search(client)))
    body = {"companies": [{"name": f"hotel {number}"} for number in range(9)]}
    assert (await client.post(f"/deliveries/{search_id}/companies", json=body)).is_success
    names = [f"consumer {number}" for number in range(ROWS)]
    secrets = [hash_of((await service.client(name)).headers["authorization"].removeprefix("Bearer ")) for name in names]
    watermark = await database.value("SELECT watermark FROM prospect_search WHERE id = $1", search_id)
    for name in sorted(names, key=lambda name: secrets[names.index(name)], reverse=True):
        await reading.begin_walks(
            database,
            [
                NewWalk(
                    search_id=search_id,
                    consumer=name,
                    since=None,
                    watermark=watermark,
                    total=9,
                    next_offset=2,
                    next_position=3,
                    page_offset=0,
                    page_position=1,
                )
            ],
        )
    many = [[search_id] * ROWS, [""] * ROWS, [None] * ROWS, [2] * ROWS, [2] * ROWS]
    pages = database.rows(reading.SQL.pages_at, secrets, *many)
    await waits_for_the_first_and_holds_no_other(database, "walk", "prospect_search_id, id", pages)


async def test_keys_that_are_used_on_several_workers_at_once(service: Service, dsn: str) -> None:
    for method in ("seqscan", "hashjoin", "mergejoin"):  # as among many keys: one is looked up after the other
        await service.database.execute(f"ALTER DATABASE {urlsplit(dsn).path[1:]} SET enable_{method} = off")
    for number in range(ROWS):
        await service.client(f"key {number}")
    rows = await service.database.rows("SELECT id FROM api_key ORDER BY id DESC")
    used = {KeyId(row["id"]): datetime.now(UTC) for row in rows}
    async with await Database.open(dsn) as database:
        await waits_for_the_first_and_holds_no_other(database, "api_key", "id", access.touch_keys(database, used))


async def test_places_that_are_claimed_moved_and_let_go_of_at_once(database: Database) -> None:
    owner = await organization_named(database, DEFAULT_ORGANIZATION)
    searches = [await create_search(database, f"feed {number}", organization_id=owner.id, actor="test") for number in range(ROWS)]
    webhook_id = (await endpoint(database, searches[-1], "http://receiver.example/")).id
    await database.execute(  # backwards on the disk
        "INSERT INTO webhook_position (webhook_id, prospect_search_id, position, completed_until) "
        "SELECT $1, id, created_at, created_at FROM prospect_search ORDER BY id DESC ON CONFLICT DO NOTHING",
        webhook_id,
    )
    ways: list[Callable[[list[Claim]], Awaitable[object]]] = [
        lambda claims: webhooks.keep_claims(database, claims, lease=timedelta(seconds=6)),
        lambda claims: webhooks.let_go_all(database, claims),
        lambda _: webhooks.begin_anew(database, webhook_id),
        lambda _: webhooks.rewind(database, webhook_id, since=datetime.now(UTC)),
    ]
    for write in ways:
        claimed = await database.rows("UPDATE webhook_position SET claim = gen_random_uuid() RETURNING claim")
        writing = write([row["claim"] for row in claimed])
        await waits_for_the_first_and_holds_no_other(database, "webhook_position", "webhook_id, prospect_search_id", writing)
