"""Reads pages, and writes what is remembered of walks. Each statement that reads looks up the key it is given beside the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from operator import itemgetter

from openprospect.server.access.credential import Credential
from openprospect.server.db.columns import columns
from openprospect.server.db.pool import Executor, Row
from openprospect.server.db.queries import beside
from openprospect.server.feed.reading.ask import Ask
from openprospect.server.feed.reading.walks import NewWalk
from openprospect.server.searches.model import SearchId

SQL = beside(__file__)

Asked = tuple[Credential, Ask]

# Past the end of any feed, and still a number that can be added to.
_BEYOND = 1 << 62


async def pages(db: Executor, asked: Sequence[Asked]) -> list[Row]:
    """For each, who asks, and a page of the live feed: without a `watermark` where they have no such search."""
    asks = [ask for _, ask in asked]
    return _in_order(
        await db.rows(
            SQL.pages, *_keys(asked), [ask.begins_after for ask in asks], [ask.limit for ask in asks], [ask.begins_walk for ask in asks]
        )
    )


async def polls(db: Executor, asked: Sequence[Asked]) -> list[Row]:
    """For each, who asks, and what tells whether a page has changed: without a `watermark` where they have no such search."""
    return _in_order(await db.rows(SQL.polls, *_keys(asked)))


async def pages_at(db: Executor, asked: Sequence[Asked]) -> list[Row]:
    """For each, who asks, and a page of their walk, which it moves on; without a `walk_id` where there is none, and then as of now."""
    asks = [ask for _, ask in asked]
    offsets = [min(ask.offset, _BEYOND) for ask in asks]
    return _in_order(await db.rows(SQL.pages_at, *_keys(asked), [ask.since for ask in asks], [ask.limit for ask in asks], offsets))


async def begin_walks(db: Executor, walks: Sequence[NewWalk]) -> Sequence[None]:
    """Runs that begin at the same place are written as one walk, which counts them."""
    runs = Counter(walks)
    await db.execute(SQL.begin_walks, *columns((*astuple(walk), count) for walk, count in runs.items()))
    return [None] * len(walks)


async def tell_walk(db: Executor, search_id: SearchId, walk_id: int) -> None:
    await db.execute(SQL.tell_walk, search_id, walk_id)


def _keys(asked: Sequence[Asked]) -> tuple[list[bytes], list[SearchId], list[str]]:
    """What is shown, for which search, and the scopes that are needed: columns, as the statements take them."""
    return [key.secret_hash for key, _ in asked], [ask.search_id for _, ask in asked], [" ".join(key.scopes) for key, _ in asked]


def _in_order(rows: list[Row]) -> list[Row]:
    """That in which they were asked for: a statement may have another."""
    return sorted(rows, key=itemgetter("place"))
