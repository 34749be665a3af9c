"""Whoever waits for a lock of PostgreSQL's."""

import asyncio

from openprospect.server.db.pool import Database

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(10):
        while not await database.value(_WAITING):  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.01)
