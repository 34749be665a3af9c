"""Transactions that change feeds: one at a time for each feed, one erasure at a time in each organization.

Whoever has to wait holds no connection: for others of this process not at all, for other processes a moment before it goes back. Order and
time are given by the database's locks alone, as `publish.py` takes them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import Busy
from openprospect.server.db.pool import Connection, Database
from openprospect.server.searches.model import SearchId

T = TypeVar("T")
Work = Callable[[Connection], Awaitable[T]]

LOCK_SECONDS = 2.0
"""How long a connection may wait for a lock: some commits of others long, and no longer, since somebody else may want the connection."""

_PATIENCE_SECONDS = 30.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 1.0
# They take long where there is much to write; what others change goes on beside them.
_MOST_ALONE = 2


@dataclass(frozen=True, slots=True)
class FeedLocks:
    """The locks of this process: of a feed, of an organization for work that is alone in it, and for reading it all beforehand."""

    at_feed: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    alone: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    beforehand: WeakValueDictionary[UUID, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    places_alone: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_ALONE))


@dataclass(frozen=True, slots=True)
class Writing:
    """Transactions that change feeds; all of a process's, through one of these."""

    database: Database
    patience_seconds: float = _PATIENCE_SECONDS
    locks: FeedLocks = field(default_factory=FeedLocks)

    def within(self, organization_id: OrganizationId) -> "Writing":
        """The same, where statements see and change this tenant's rows alone."""
        return replace(self, database=self.database.within(organization_id))

    async def at_feed(self, search_id: SearchId, work: Work[T]) -> T:
        """What `work` gives in a transaction; it is begun anew where something is held by others. Raises Busy where it stays so."""
        until = self._until()
        async with _held(self.locks.at_feed.setdefault(search_id, asyncio.Lock()), until):
            return await _once_free(lambda: self._transaction(work), until)

    async def alone(self, organization_id: OrganizationId, work: Work[T]) -> T:
        """The same, for work that keeps out all others who change the organization's feeds."""
        until = self._until()

        async def attempt() -> T:
            async with _held(self.locks.places_alone, until):
                return await self._transaction(work)

        async with _held(self.locks.alone.setdefault(organization_id, asyncio.Lock()), until):
            return await _once_free(attempt, until)

    async def beforehand(self, organization_id: OrganizationId, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gives, for `alone` or for a look: long as it may take, it keeps nobody out. One at a time for each organization."""
        async with _held(self.locks.beforehand.setdefault(organization_id, asyncio.Lock()), self._until()):
            return await read()

    async def _transaction(self, work: Work[T]) -> T:
        async with self.database.transaction() as db:
            return await work(db)

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self.patience_seconds


async def _once_free(attempt: Callable[[], Awaitable[T]], until: float) -> T:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await attempt()
        except Busy:
            if asyncio.get_running_loop().time() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def _held(lock: asyncio.Lock | asyncio.Semaphore, until: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(until):
            await lock.acquire()
    except TimeoutError:
        raise Busy from None
    try:
        yield
    finally:
        lock.release()
