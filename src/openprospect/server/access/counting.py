"""Which counts a service uses. The driver of Redis is imported only where it is named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from openprospect.server.access.counts import Counts, DatabaseCounts
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database


@asynccontextmanager
async def counts_in(database: Database, redis_url: str | None) -> AsyncIterator[Counts]:
    """In Redis, where one is named, else in the database."""
    if redis_url is None:
        yield DatabaseCounts(database)
        return
    from openprospect.server.access.redis_counts import RedisCounts  # noqa: PLC0415

    async with RedisCounts(redis_url) as counts:
        yield counts


def checked_redis_url(url: str | None) -> str | None:
    """Raises Misconfigured for what cannot be used."""
    if url is None:
        return None
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise Misconfigured("OPENPROSPECT_REDIS_URL must begin with redis://, rediss:// or unix://, as in redis://redis.internal:6379/0.")
    if find_spec("redis") is None:
        raise Misconfigured(
            "OPENPROSPECT_REDIS_URL is set, but the driver of Redis is not installed: run `pip install 'openprospect[redis]'`."
        )
    return url
