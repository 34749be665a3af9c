"""What the read suite measures on: one big feed among others, feeds of several sizes, some churned, and consumers with their keys."""

import asyncio
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from bench.feed import churn, companies, deliver, new_key, open_search
from openprospect.server.access.secret import hash_of
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.server.feed.reading.store import begin_walks
from openprospect.server.feed.reading.walks import NewWalk
from openprospect.server.searches.model import SearchId

PAGE = 50
CONSUMERS = 16
_SEARCHES = 20


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One search: what it holds, up to when, and the time after which exactly a page follows."""

    search_id: str
    total: int
    watermark: str
    near_head: str


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """`sized` are feeds of other sizes for the same consumers, by name."""

    dsn: str
    organization_id: str
    keys: list[str]
    main: Feed
    sized: dict[str, Feed]

    @property
    def secret_hash(self) -> bytes:
        return hash_of(self.keys[0])


async def build(dsn: str, count: int) -> Data:
    """Half of the companies in the feed that is measured, the other half in nineteen more; beside them two that were churned."""
    await migrate(dsn)
    async with await Database.open(dsn) as database:
        keys = [await new_key(database, name_of(number)) for number in range(CONSUMERS)]
        big, small, tiny = count // 2, count // 10, count // 50
        rest = max((count - big - small - tiny) // (_SEARCHES - 3), 1)
        plain, churned = [big, small, tiny], [big, small]
        sizes = plain + [rest] * (_SEARCHES - len(plain))
        async with asyncio.TaskGroup() as group:
            made = [group.create_task(_feed(database, size, is_churned=False)) for size in sizes]
            made += [group.create_task(_feed(database, size, is_churned=True)) for size in churned]
        organization_id = str((await open_search(database)).organization_id)
        feeds = [task.result() for task in made]
    await _analyze(dsn)
    sizes_named = [named(count) for count in plain] + [named(count, is_churned=True) for count in churned]
    sized = dict(zip(sizes_named, feeds[: len(plain)] + feeds[_SEARCHES:], strict=True))
    return Data(dsn=dsn, organization_id=organization_id, keys=keys, main=feeds[0], sized=sized)


def name_of(number: int) -> str:
    """What a consumer's key is called."""
    return f"consumer {number}"


def named(count: int, *, is_churned: bool = False) -> str:
    """What a feed of this size is called."""
    return f"{count:,}, a fifth churned" if is_churned else f"{count:,}"


async def _feed(database: Database, count: int, *, is_churned: bool) -> Feed:
    search = await open_search(database)
    ids = await deliver(database, search, companies(count))
    if is_churned:
        await churn(database, search, ids)
    return await described(database, search.id)


async def described(database: Database, search_id: object) -> Feed:
    """A feed as it is now."""
    head = await database.row("SELECT watermark, live_companies FROM prospect_search WHERE id = $1", search_id)
    assert head is not None
    near_head: datetime | None = await database.value(
        "SELECT delivered_at FROM delivery WHERE prospect_search_id = $1 AND superseded_at IS NULL ORDER BY delivered_at DESC"
        f" LIMIT 1 OFFSET {PAGE}",
        search_id,
    )
    watermark: datetime = head["watermark"]
    return Feed(
        search_id=str(search_id),
        total=head["live_companies"],
        watermark=format_timestamp(watermark),
        near_head=format_timestamp(near_head or datetime.fromisoformat("2000-01-01T00:00:00Z")),
    )


async def stand_at(data: Data, feed: Feed, offset: int | None) -> None:
    """Every consumer has come so far in one run through a feed, page by page, and has begun no other; without an offset, none at all."""
    async with await Database.open(data.dsn) as database:
        await database.execute("DELETE FROM walk")
        if offset is not None:
            walk = await _walk_at(database, feed, offset)
            await begin_walks(database, [replace(walk, consumer=name_of(number)) for number in range(CONSUMERS)])
        await database.execute("VACUUM walk")


async def _walk_at(database: Database, feed: Feed, offset: int) -> NewWalk:
    search_id, watermark = SearchId(UUID(feed.search_id)), datetime.fromisoformat(feed.watermark)
    page_position, next_position = [
        await database.value("SELECT place_at($1, NULL, $2, $3)", search_id, watermark, place) for place in (offset - PAGE, offset)
    ]
    return NewWalk(
        search_id=search_id,
        consumer="",
        since=None,
        watermark=watermark,
        total=feed.total,
        next_offset=offset,
        next_position=next_position,
        page_offset=offset - PAGE,
        page_position=page_position,
    )


async def _analyze(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
