"""What has to be forgotten now and then: rows that no walk can show any more, old walks, old answers."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from openprospect.server.core.timestamps import written
from openprospect.server.core.turns import every
from openprospect.server.db.pool import Database
from openprospect.server.feed.housekeeping.portions import PORTION, SQL, in_order_of_time, in_turn

logger = logging.getLogger(__name__)

EVERY_SECONDS = 300.0
_LEFT_FOR = timedelta(minutes=10)


@asynccontextmanager
async def tidied(database: Database) -> AsyncIterator[None]:
    """Tidy up again and again while the block runs."""
    async with every(EVERY_SECONDS, lambda: _round(database), name="housekeeping"):
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


async def forget_superseded(database: Database, *, left_for: timedelta = _LEFT_FOR, portion: int = PORTION) -> None:
    """One round over all feeds, or up to where another worker is at it; what was superseded lately is left for a while."""
    feeds = await in_turn(database, "documents", lambda db: db.rows(SQL.feeds_with_superseded, left_for))
    forgotten = 0
    for feed in feeds or ():
        statement = SQL.forget_superseded, feed["id"], feed["until"], portion
        forgotten += await in_order_of_time(database, "documents", lambda db, after: db.row(*statement, after), portion=portion)  # noqa: B023  # awaited at once
    if forgotten:
        logger.info("forgot %d superseded documents", forgotten)


async def forget_walks(database: Database, *, portion: int = PORTION) -> None:
    while await in_turn(database, "walks", lambda db: db.value(SQL.forget_walks, portion)) == portion:
        pass


async def forget_answers(database: Database, *, portion: int = PORTION) -> None:
    while await in_turn(database, "answers", lambda db: db.value(SQL.forget_answers, portion)) == portion:
        pass


async def tell_of_feeds_ahead(database: Database) -> None:
    """What was delivered while the clock was wrong keeps all that follows ahead of it."""
    ahead = await in_turn(database, "clock", lambda db: db.row(SQL.feeds_ahead))
    if ahead and ahead["feeds"]:
        logger.warning("%d feeds are ahead of the database's clock, up to %s: is it right?", ahead["feeds"], written(ahead["until"]))
