"""What has to be forgotten now and then: rows that no walk can show any more, old walks, old answers."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from openprospect.server.core.background import every
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Connection, Database, Row
from openprospect.server.feed.housekeeping.batches import PORTION, SQL, by_one_worker, in_order_of_time
from openprospect.server.feed.housekeeping.watermarks import PastWatermarks
from openprospect.server.feed.lifetimes import WALK_BEGINS_WITHIN, WALK_IS_SPARED
from openprospect.server.searches.model import SearchId

logger = logging.getLogger(__name__)

EVERY_SECONDS = 300.0


@asynccontextmanager
async def housekeeping(database: Database) -> AsyncIterator[None]:
    """Tidy up again and again while the block runs."""
    watermarks = PastWatermarks()
    async with every(EVERY_SECONDS, lambda: _round(database, watermarks), name="housekeeping"):
        yield


async def _round(database: Database, watermarks: PastWatermarks) -> None:
    """One part after the other, on one connection; none is kept from its work by another that fails."""
    failure: Exception | None = None
    parts = (lambda db: forget_superseded(db, watermarks), forget_walks, forget_idempotent_answers, tell_of_feeds_ahead)
    for part in parts:
        try:
            await part(database)
        except Exception as error:  # noqa: BLE001  # raised once all have had their turn
            failure = failure or error
    if failure:
        raise failure


async def forget_superseded(
    database: Database, watermarks: PastWatermarks, *, left_for: timedelta = WALK_BEGINS_WITHIN, portion: int = PORTION
) -> None:
    """One round over all feeds, or up to where another worker is at it; what was superseded lately is left for a while."""
    watermarks.note({feed["id"]: feed["watermark"] for feed in await database.rows(SQL.feeds_with_superseded)})
    stood = watermarks.long_ago()
    arguments = list(stood.keys()), list(stood.values()), left_for, WALK_IS_SPARED
    forgotten = 0
    for feed in await database.rows(SQL.forgettable, *arguments):
        forgotten += await _forget_in_feed(database, feed["id"], feed["until"], portion)
    if forgotten:
        logger.info("forgot %d superseded documents", forgotten)


async def _forget_in_feed(database: Database, search_id: SearchId, until: datetime, portion: int) -> int:
    async def forget(db: Connection, after: datetime | None) -> Row | None:
        return await db.row(SQL.forget_superseded, search_id, until, portion, after)

    return await in_order_of_time(database, "documents", forget, portion=portion)


async def forget_walks(database: Database, *, portion: int = PORTION) -> None:
    while await by_one_worker(database, "walks", lambda db: db.value(SQL.forget_walks, portion)) == portion:
        pass


async def forget_idempotent_answers(database: Database, *, portion: int = PORTION) -> None:
    while await by_one_worker(database, "answers", lambda db: db.value(SQL.forget_idempotent_answers, portion)) == portion:
        pass


async def tell_of_feeds_ahead(database: Database) -> None:
    """What was delivered while the clock was wrong keeps all that follows ahead of it."""
    ahead = await by_one_worker(database, "clock", lambda db: db.row(SQL.feeds_ahead))
    if ahead and ahead["feeds"]:
        logger.warning(
            "%d feeds are ahead of the database's clock, up to %s: is it right?", ahead["feeds"], format_timestamp(ahead["until"])
        )
