"""Reading a feed: the page that a request asks for, live or as of its walk's watermark. Documents pass through as bytes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from openprospect.server.access.model import Caller
from openprospect.server.core.errors import Gone
from openprospect.server.core.timestamps import written
from openprospect.server.db.pool import Database, Row
from openprospect.server.feed import store
from openprospect.server.feed.walks import Walk, choose
from openprospect.server.searches.create import unknown_search
from openprospect.server.searches.model import SearchId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a consumer asks for: a page by offset, after `since` if given, or the next one in time, `after`."""

    search_id: SearchId
    since: datetime | None
    after: datetime | None
    limit: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`companies` is JSON, comma-separated; `last_at` the time of the last of them."""

    companies: bytes
    count: int
    total: int
    has_more: bool
    watermark: datetime
    last_at: datetime | None
    etag: str

    @property
    def served_until(self) -> datetime | None:
        """What a consumer has been given once it has this page."""
        return self.last_at if self.has_more else self.watermark


async def read_page(database: Database, caller: Caller, ask: Ask) -> Page:
    """Raises NotFound for a search that is not the caller's, Gone where its walk has expired."""
    if ask.after is not None:
        return _live_page(ask, await _live(database, caller, ask, since=ask.after))
    if ask.offset == 0:
        return await _first_page(database, caller, ask)
    return await _later_page(database, caller, ask)


async def unchanged_page(database: Database, caller: Caller, ask: Ask, etags: set[str]) -> Page | None:
    """The page without its companies, where the caller holds it and nothing comes after it: an empty poll reads no document."""
    if ask.offset:
        return None
    head = await store.head(database, ask.search_id, caller.organization_id)
    if head is None:
        raise unknown_search()
    etag = _etag(ask, head["watermark"], head["erasures"], has_more=False)
    if etag not in etags:
        return None
    return Page(companies=b"", count=0, total=0, has_more=False, watermark=head["watermark"], last_at=None, etag=etag)


async def _first_page(database: Database, caller: Caller, ask: Ask) -> Page:
    row = await _live(database, caller, ask, since=ask.since)
    page = _live_page(ask, row)
    if page.has_more:
        await store.begin_walk(
            database,
            ask.search_id,
            caller.consumer,
            since=ask.since,
            watermark=page.watermark,
            total=page.total,
            next_mark=(page.count, row["last_position"] + 1),
            page_mark=(0, 0),
        )
    return page


async def _later_page(database: Database, caller: Caller, ask: Ask) -> Page:
    head = await store.head(database, ask.search_id, caller.organization_id)
    if head is None:
        raise unknown_search()
    walk = choose(await store.walks(database, ask.search_id, caller.consumer, ask.since, ask.offset), ask.offset)
    if walk is None:
        return await _page_without_walk(database, caller, ask)
    if walk.is_expired:
        await store.tell_walk(database, walk.id)
        raise Gone("This walk has expired: more than an hour has passed since its last page. Start again at offset 0.", code="WALK_EXPIRED")
    position, skip = walk.nearest_mark(ask.offset)
    row = await store.page_as_of(
        database, ask.search_id, watermark=walk.watermark, since=ask.since, position=position, skip=skip, limit=ask.limit
    )
    page = _pinned_page(ask, row, total=walk.total, watermark=walk.watermark, erasures=head["erasures"])
    await _advance(database, walk, ask, row, has_more=page.has_more)
    return page


async def _advance(database: Database, walk: Walk, ask: Ask, row: Row, *, has_more: bool) -> None:
    if not row["count"]:
        return
    reached = ask.offset + row["count"]
    await store.advance_walk(
        database,
        walk.id,
        next_mark=(reached, row["last_position"] + 1) if has_more else None,
        page_mark=(ask.offset, row["first_position"]),
        reached=reached,
    )


async def _page_without_walk(database: Database, caller: Caller, ask: Ask) -> Page:
    """Somebody starts in the middle: the walk begins there, with the snapshot of now."""
    live = await _live(database, caller, ask, since=ask.since)
    position = await store.start_position(database, ask.search_id, ask.since) if ask.since else 0
    row = await store.page_as_of(
        database, ask.search_id, watermark=live["watermark"], since=ask.since, position=position or 0, skip=ask.offset, limit=ask.limit
    )
    page = _pinned_page(ask, row, total=live["total"], watermark=live["watermark"], erasures=live["erasures"])
    if page.has_more:
        await store.begin_walk(
            database,
            ask.search_id,
            caller.consumer,
            since=ask.since,
            watermark=page.watermark,
            total=page.total,
            next_mark=(ask.offset + page.count, row["last_position"] + 1),
            page_mark=(ask.offset, row["first_position"]),
        )
    return page


async def _live(database: Database, caller: Caller, ask: Ask, *, since: datetime | None) -> Row:
    row = await store.page(database, ask.search_id, caller.organization_id, since=since, limit=ask.limit)
    if row is None:
        raise unknown_search()
    return row


def _live_page(ask: Ask, row: Row) -> Page:
    has_more = row["total"] > row["count"]
    return Page(
        companies=row["companies"],
        count=row["count"],
        total=row["total"],
        has_more=has_more,
        watermark=row["watermark"],
        last_at=row["last_at"],
        etag=_etag(ask, row["watermark"], row["erasures"], has_more=has_more),
    )


def _pinned_page(ask: Ask, row: Row, *, total: int, watermark: datetime, erasures: int) -> Page:
    has_more = row["count"] > 0 and ask.offset + row["count"] < total
    return Page(
        companies=row["companies"],
        count=row["count"],
        total=total,
        has_more=has_more,
        watermark=watermark,
        last_at=row["last_at"],
        etag=_etag(ask, watermark, erasures, has_more=has_more),
    )


def _etag(ask: Ask, watermark: datetime, erasures: int, *, has_more: bool) -> str:
    """What a page shows follows from these alone: a feed's state is its watermark, and erasures reach into the past."""
    since, after = (moment and written(moment) for moment in (ask.since, ask.after))
    state = f"{ask.search_id} {since} {after} {ask.limit} {ask.offset} {written(watermark)} {erasures} {has_more}"
    return f'W/"{hashlib.blake2b(state.encode(), digest_size=12).hexdigest()}"'
