"""The counts in Redis: for services that share no database, or one that should have less to do. Imported only where it is asked for."""

from typing import Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

from openprospect.server.access.limits.counts import Taken
from openprospect.server.access.limits.rates import HOUR_SECONDS
from openprospect.server.access.model import KeyId
from openprospect.server.core.errors import Unavailable

# Redis is asked in the middle of a request.
_PATIENCE_SECONDS = 1.0

_TAKE = """
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
local given = math.max(math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - taken), 0)
if taken == 0 then
    redis.call('SET', KEYS[1], given, 'EX', ARGV[3])
elseif given > 0 then
    redis.call('INCRBY', KEYS[1], given)
end
return {given, tonumber(ARGV[2]) - taken - given, redis.call('PTTL', KEYS[1])}
"""


class RedisCounts:
    """One number a key, which Redis forgets when its hour is over."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS)
        self._take = self._redis.register_script(_TAKE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    async def take(self, key_id: KeyId, *, wanted: int, limit: int) -> Taken:
        try:
            given, left, milliseconds = await self._take(keys=[f"openprospect:requests:{key_id}"], args=[wanted, limit, HOUR_SECONDS])
        except (RedisError, OSError) as error:
            raise Unavailable("Redis, where requests are counted, cannot be reached just now.") from error
        return Taken(given=given, left=max(left, 0), ends_in_seconds=milliseconds / 1000)
