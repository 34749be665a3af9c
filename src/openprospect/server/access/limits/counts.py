"""Where the requests of a key are counted over all processes: the contract, and the counts in PostgreSQL."""

from dataclasses import dataclass
from typing import Protocol

from openprospect.server.access import store
from openprospect.server.access.model import KeyId
from openprospect.server.db.pool import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was given of a key's hour in advance: a number of requests, how many nobody has taken yet, and when the hour ends."""

    given: int
    left: int
    ends_in_seconds: float


class Counts(Protocol):
    """An hour begins with a key's first request, and no more is given of it than its limit."""

    async def take(self, key_id: KeyId, *, wanted: int, limit: int) -> Taken:
        """Up to `wanted` requests, nothing where the hour is spent. Raises Unavailable."""


@dataclass(frozen=True, slots=True)
class DatabaseCounts:
    """Counts beside the keys."""

    database: Database

    async def take(self, key_id: KeyId, *, wanted: int, limit: int) -> Taken:
        row = await store.take_requests(self.database, key_id, wanted=wanted, limit=limit)
        return Taken(given=row["given"], left=row["left"], ends_in_seconds=row["seconds"])
