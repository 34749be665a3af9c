"""Receipts: how far each consumer was served and has confirmed. Gathered here, off the reading path, and written when it moves."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openprospect.server.core.background import attempt, every
from openprospect.server.db.pool import Database
from openprospect.server.feed import store
from openprospect.server.feed.clock import Clock, ClockReading
from openprospect.server.feed.journal import Given, Journal, LeftBehind, own_journal
from openprospect.server.feed.served import BEGINNING, ServedIntervals
from openprospect.server.searches.model import SearchId

_Consumer = tuple[SearchId, str]

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
# Another worker may have served what is confirmed here, and writes it within its own interval.
_PATIENCE_SECONDS = 3 * FLUSH_SECONDS
# A failover may lose what was written, and nothing new need be delivered for its consumer to be asked about.
RECALL_SECONDS = 600.0

_NOTHING: tuple[tuple[None, None], ...] = ((None, None),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """'I have stored everything up to `until`', said at a time of this process; proven where it had served all of it."""

    until: datetime
    at: float
    is_proven: bool


class Receipts:
    """One a process. `served` and `confirm` return at once; `flush` writes what has moved."""

    def __init__(self, journal: Journal | None = None, *, clock: Clock | None = None) -> None:
        self._journal = journal
        self._clock = clock or Clock()
        self._reaches: dict[_Consumer, ServedIntervals] = {}
        self._moved: dict[_Consumer, float] = {}
        self._written: dict[_Consumer, float] = {}
        self._claims: dict[_Consumer, list[_Claim]] = {}
        self._confirmed: dict[_Consumer, datetime] = {}
        self._writing = asyncio.Lock()
        self._stirred = asyncio.Event()

    def served(self, search_id: SearchId, consumer: str, *, since: datetime | None, until: datetime) -> None:
        """A page went out that holds all that was delivered after `since`, or at all, and up to `until`."""
        who, now = (search_id, consumer), self._clock.now()
        if self._is_news(who, since, until):
            if self._journal:
                at = self._clock.calendar(now)
                self._journal.note(Given(search_id=search_id, consumer=consumer, since=since, until=until, at=at))
        elif now - self._written.get(who, now) < RECALL_SECONDS or not self._reaches[who].recall():
            return
        self._moved[who] = now
        self._stirred.set()

    async def take_over(self, database: Database, left: LeftBehind) -> None:
        """Write what processes that were killed had given out."""
        for given in left.given():
            who = (given.search_id, given.consumer)
            if self._is_news(who, given.since, given.until):
                self._moved[who] = self._clock.of(given.at)
        await self.flush(database)
        left.dispose()

    def _is_news(self, who: _Consumer, since: datetime | None, until: datetime) -> bool:
        reach = self._reaches.get(who)
        if reach is None:
            # They are listed now, be it that nothing was given out.
            self._reaches[who] = ServedIntervals()
            self._reaches[who].add(since or BEGINNING, until)
            return True
        return reach.add(since or BEGINNING, until)

    def confirm(self, search_id: SearchId, consumer: str, until: datetime) -> None:
        """The consumer says that it has stored everything up to `until`; that counts only as far as it was served all."""
        who = (search_id, consumer)
        if until <= self._confirmed.get(who, BEGINNING):
            return
        reach = self._reaches.get(who)
        claim = _Claim(until=until, at=self._clock.now(), is_proven=reach is not None and until <= reach.whole)
        # A proven claim says all that the smaller ones say; of the others, any may turn out to be proven by another worker.
        claims = [other for other in self._claims.get(who, []) if not claim.is_proven or other.until > until]
        self._claims[who] = [*claims[-3:], claim]
        self._stirred.set()

    async def confirm_now(self, database: Database, search_id: SearchId, consumer: str, until: datetime) -> datetime | None:
        """As `confirm`, written before it returns; answers what is stored then."""
        self.confirm(search_id, consumer, until)
        now = asyncio.get_running_loop().time
        deadline = now() + 1.5 * FLUSH_SECONDS
        while True:
            await self.flush(database.whole)  # what has gathered is of every tenant
            stored = await store.confirmed_until(database, search_id, consumer)
            if (stored is not None and stored >= until) or now() > deadline:
                return stored
            await asyncio.sleep(FLUSH_SECONDS / 8)

    async def wait_for_changes(self) -> None:
        """Wait until there is something to write: a consumer's first move is written at once, the next ones together."""
        await self._stirred.wait()
        self._stirred.clear()

    async def flush(self, database: Database) -> None:
        """Write what moved since the last time. What cannot be written stays for the next."""
        async with self._writing:
            if not self._moved and not self._claims:
                return
            try:
                reading = await self._clock.read(database)
                await self._flush_served(database, reading)
                await self._flush_claims(database, reading)
            except BaseException:
                self._stirred.set()
                raise

    async def _flush_served(self, database: Database, reading: ClockReading) -> None:
        moved, self._moved = self._moved, {}
        if not moved:
            return
        taken = {who: self._reaches[who].take() for who in moved}
        try:
            served = [
                (*who, since, until, reading.earliest(moved[who]), moved[who])
                for who, stretches in taken.items()
                for since, until in stretches or _NOTHING
            ]
            stored = await store.note_served(database, self._clock.machine, served)
        except BaseException:
            for who, stretches in taken.items():
                self._reaches[who].put_back(stretches)
            self._moved = moved | self._moved
            raise
        for who, (whole, confirmed) in stored.items():
            self._reaches[who].learn(whole)
            self._confirmed[who] = confirmed or BEGINNING
            self._written[who] = self._clock.now()
        self._forget(moved.keys() - stored.keys())
        self._keep_journal()

    def _forget(self, lost: Collection[_Consumer]) -> None:
        """Their searches are gone."""
        for who in lost:
            for remembered in (self._reaches, self._moved, self._written, self._claims, self._confirmed):
                remembered.pop(who, None)
        if lost:
            searches = len({search_id for search_id, _ in lost})
            logger.warning("Receipts of %d searches are dropped: the database does not have these searches, as after a failover.", searches)

    def _keep_journal(self) -> None:
        if self._journal:
            self._journal.keep(
                [
                    Given(search_id=who[0], consumer=who[1], since=since, until=until, at=self._clock.calendar(moment))
                    for who, moment in self._moved.items()
                    for since, until in self._reaches[who].unwritten
                ]
            )

    async def _flush_claims(self, database: Database, reading: ClockReading) -> None:
        claims = {(*who, claim.until): claim for who, several in self._claims.items() for claim in several}
        # One at a time, the biggest first: once that has moved its receipt, the smaller ones have nothing left to say.
        for (search_id, name, until), claim in sorted(claims.items(), reverse=True):
            if until > self._confirmed.get((search_id, name), BEGINNING):
                row = (search_id, name, until, reading.latest(claim.at), claim.at, claim.is_proven)
                if await store.note_confirmed(database, self._clock.machine, [row]):
                    self._confirmed[search_id, name] = until
        self._drop_settled(self._clock.now())

    def _drop_settled(self, now: float) -> None:
        """Forget claims that are written, and those that nobody has proven in time."""
        for who, claims in list(self._claims.items()):
            confirmed = self._confirmed.get(who, BEGINNING)
            kept = [claim for claim in claims if claim.until > confirmed and now - claim.at < _PATIENCE_SECONDS]
            if kept:
                self._claims[who] = kept
                self._stirred.set()
            else:
                del self._claims[who]


@asynccontextmanager
async def open_receipts(database: Database, folder: Path) -> AsyncIterator[Receipts]:
    """The receipts of this process, what others that were killed left in the folder among them; written to the end."""
    with own_journal(folder) as journal:
        receipts = Receipts(journal)
        if journal:
            await receipts.take_over(database, LeftBehind(folder))

        async def write() -> None:
            await receipts.wait_for_changes()
            await receipts.flush(database)

        try:
            async with every(FLUSH_SECONDS, write, name="receipts"):
                yield receipts
        finally:
            await attempt(lambda: receipts.flush(database), name="receipts")
