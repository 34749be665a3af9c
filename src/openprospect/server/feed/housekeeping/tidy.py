"""What has to be forgotten now and then: rows that no walk can show any more, old walks, old answers.

In portions, each committed by itself: however much there is, what is done stays done, and nobody waits for long.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from openprospect.server.core.timestamps import written
from openprospect.server.core.turns import every
from openprospect.server.db.pool import Connection, Database
from openprospect.server.db.queries import beside
from openprospect.server.searches.model import SearchId

T = TypeVar("T")

SQL = beside(__file__)

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 300.0
_PORTION = 10_000
_LEFT_FOR = timedelta(minutes=10)


@asynccontextmanager
async def tidied(database: Database) -> AsyncIterator[None]:
    """Tidy up again and again while the block runs."""
    async with every(_EVERY_SECONDS, lambda: _round(database), name="housekeeping"):
        yield


async def _round(database: Database) -> None:
    """One part after the other, on one connection; none is kept from its work by another that fails."""
    failure: Exception | None = None
    for part in (forget_superseded, forget_walks, forget_answers, tell_of_feeds_ahead):
        try:
            await part(database)
        except Exception as error:  # noqa: BLE001  # raised once all have had their turn
            failure = failure or error
    if failure:
        raise failure


async def forget_superseded(database: Database, *, left_for: timedelta = _LEFT_FOR, portion: int = _PORTION) -> None:
    """One round over all feeds, or up to where another worker is at it; what was superseded lately is left for a while."""
    feeds = await _in_turn(database, "documents", lambda db: db.rows(SQL.feeds_with_superseded, left_for))
    forgotten = sum([await _forget_in_feed(database, feed["id"], feed["until"], portion) for feed in feeds or ()])
    if forgotten:
        logger.info("forgot %d superseded documents", forgotten)


async def forget_walks(database: Database, *, portion: int = _PORTION) -> None:
    while await _in_turn(database, "walks", lambda db: db.value(SQL.forget_walks, portion)) == portion:
        pass


async def forget_answers(database: Database, *, portion: int = _PORTION) -> None:
    while await _in_turn(database, "answers", lambda db: db.value(SQL.forget_answers, portion)) == portion:
        pass


async def tell_of_feeds_ahead(database: Database) -> None:
    """What was delivered while the clock was wrong keeps all that follows ahead of it."""
    ahead = await _in_turn(database, "clock", lambda db: db.row(SQL.feeds_ahead))
    if ahead and ahead["feeds"]:
        logger.warning("%d feeds are ahead of the database's clock, up to %s: is it right?", ahead["feeds"], written(ahead["until"]))


async def _forget_in_feed(database: Database, search_id: SearchId, until: datetime, portion: int) -> int:
    forgotten, after = 0, None
    while True:
        # From where the last one ended: whatever was removed before would have to be stepped over again.
        row = await _in_turn(database, "documents", lambda db: db.row(SQL.forget_superseded, search_id, after, until, portion))  # noqa: B023  # awaited at once
        count, after = (row["count"], row["last_at"]) if row else (0, None)
        forgotten += count
        if count < portion:
            return forgotten


async def _in_turn(database: Database, part: str, work: Callable[[Connection], Awaitable[T]]) -> T | None:
    """What the work gives, in a transaction of its own; None while another worker is at this part."""
    async with database.transaction() as db:
        return await work(db) if await db.value(SQL.housekeeping_turn, part) else None
