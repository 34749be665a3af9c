"""Feeds that come from a backup, or that somebody took back to an earlier moment: how they go on without giving a time twice."""

from openprospect.server.core.errors import Misconfigured
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store


async def go_on_from_now(db: Connection, *, is_clock_right: bool = False) -> None:
    """Let feeds go on from this moment, so that no time is given twice.

    Raises Misconfigured where a feed is ahead of the clock, unless that is said to be right: then such a feed goes on an hour after its
    end. Ahead of the clock a feed moves by a microsecond a company, so nothing given since the backup can lie later than that.
    """
    latest = await store.latest_ahead(db)
    if latest is not None and not is_clock_right:
        raise Misconfigured(
            f"A feed goes up to {format_timestamp(latest)}, which by the database's clock is yet to come. "
            "Set that clock and run this again; where it is right, and was wrong when this was delivered, run this again with "
            "--clock-is-right. What was loaded of a backup is kept."
        )
    await store.move_feeds_on(db)
