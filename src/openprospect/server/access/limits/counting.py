"""Which counts a service uses. The driver of Redis is imported only where it is named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from urllib.parse import urlsplit

from openprospect.server.access.limits.counts import Counts, DatabaseCounts
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.pool import Database


@asynccontextmanager
async def counts_in(database: Database, redis_url: str | None) -> AsyncIterator[Counts]:
    """In Redis, where one is named, else in the database."""
    if redis_url is None:
        yield DatabaseCounts(database)
        return
    from openprospect.server.access.limits.redis_counts import RedisCounts  # noqa: PLC0415

    async with RedisCounts(redis_url) as counts:
        yield counts


def checked_redis_url(url: str | None) -> str | None:
    """Raises Misconfigured for what cannot be used."""
    if url is None:
        return None
    try:
        is_readable = url.startswith(("redis://", "rediss://", "unix://")) and urlsplit(url).port != 0
    except ValueError:  # whose message would quote the password, where that is taken for a port
        is_readable = False
    if not is_readable:
        raise Misconfigured(
            "OPENPROSPECT_REDIS_URL must look like redis://:password@redis.internal:6379/0, or begin with rediss:// or unix://; "
            "write /, ?, #, [ and @ in the password as %2F, %3F, %23, %5B and %40."
        )
    if find_spec("redis") is None:
        raise Misconfigured(
            "OPENPROSPECT_REDIS_URL is set, but the driver of Redis is not installed: run `pip install 'openprospect[redis]'`."
        )
    return url
