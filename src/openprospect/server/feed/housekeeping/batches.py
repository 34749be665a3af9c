"""Deletes in batches, each in a transaction of its own: what is done stays done, and nobody waits long for a lock."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from openprospect.server.db.pool import Connection, Database, Row
from openprospect.server.db.queries import beside

T = TypeVar("T")

SQL = beside(__file__)

PORTION = 10_000

Forget = Callable[[Connection, datetime | None], Awaitable[Row | None]]
"""Removes the next rows after a time, and answers their `count` and the time of the last, `last_at`."""


async def by_one_worker(database: Database, part: str, work: Callable[[Connection], Awaitable[T]]) -> T | None:
    """What the work gives, in a transaction of its own; None while another worker is at this part."""
    async with database.transaction() as db:
        return await work(db) if await db.value(SQL.housekeeping_turn, part) else None


async def in_order_of_time(database: Database, part: str, forget: Forget, *, portion: int) -> int:
    """All there is, oldest first, so many at a time, or up to where another worker is at it; answers how many are gone."""
    forgotten, after = 0, None
    while True:
        # From where the last one ended: whatever was removed before would have to be stepped over again.
        row = await by_one_worker(database, part, lambda db: forget(db, after))  # noqa: B023  # awaited at once
        count, after = (row["count"], row["last_at"]) if row else (0, None)
        forgotten += count
        if count < portion:
            return forgotten
