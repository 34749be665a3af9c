"""What has to be forgotten now and then: rows that no walk can show any more, old walks, old answers."""

import logging

from openprospect.server.core.timestamps import written
from openprospect.server.db.pool import Database
from openprospect.server.db.queries import beside

SQL = beside(__file__)

logger = logging.getLogger(__name__)


async def tidy(database: Database) -> None:
    """One round, by one worker at a time."""
    async with database.transaction() as db:
        if not await db.value(SQL.housekeeping_turn):
            return
        await db.execute(SQL.forget_walks)
        await db.execute(SQL.forget_answers)
        forgotten = await db.value(SQL.forget_superseded)
        ahead = await db.row(SQL.feeds_ahead)
    if forgotten:
        logger.info("forgot %d superseded documents", forgotten)
    if ahead and ahead["feeds"]:
        logger.warning("%d feeds are ahead of the database's clock, up to %s: is it right?", ahead["feeds"], written(ahead["until"]))
