"""Reads pages, and writes what is remembered of walks. Each statement that reads looks up the key it is given beside the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime

from openprospect.server.access.credential import Credential
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.reading.walks import NewWalk
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)

# Past the end of any feed, and still a number that can be added to.
_BEYOND = 1 << 62


async def page(db: Executor, key: Credential, search_id: SearchId, *, since: datetime | None, limit: int, begins_walk: bool = False) -> Row:
    """Who asks, and a page of the live feed: without a `watermark` where they have no such search."""
    return _always(await db.row(SQL.page, key.secret_hash, key.scopes, search_id, since, limit, begins_walk))


async def polls(db: Executor, asked: Sequence[tuple[Credential, SearchId]]) -> list[Row]:
    """For each, who asks, and what tells whether a page has changed: without a `watermark` where they have no such search."""
    hashes, scopes = [key.secret_hash for key, _ in asked], [" ".join(key.scopes) for key, _ in asked]
    return await db.rows(SQL.polls, hashes, [search_id for _, search_id in asked], scopes)


async def page_at(db: Executor, key: Credential, search_id: SearchId, *, since: datetime | None, limit: int, offset: int) -> Row:
    """Who asks, and a page of their walk, which it moves on; without a `walk_id` where there is none, and then as of now."""
    return _always(await db.row(SQL.page_at, key.secret_hash, key.scopes, search_id, since, limit, min(offset, _BEYOND)))


async def begin_walks(db: Executor, walks: Sequence[NewWalk]) -> Sequence[None]:
    """Runs that begin at the same place are written as one walk, which counts them."""
    runs = Counter(walks)
    await db.execute(SQL.begin_walks, *map(list, zip(*((*astuple(walk), count) for walk, count in runs.items()), strict=True)))
    return [None] * len(walks)


async def tell_walk(db: Executor, search_id: SearchId, walk_id: int) -> None:
    await db.execute(SQL.tell_walk, search_id, walk_id)


def _always(row: Row | None) -> Row:
    """The row of a statement that answers with one whatever it finds."""
    assert row is not None
    return row
