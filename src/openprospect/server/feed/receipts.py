"""Receipts: how far each consumer was served and has confirmed. Gathered here, off the reading path, and written when it moves."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from openprospect.server.db.pool import Database
from openprospect.server.feed import store
from openprospect.server.searches.model import SearchId

_Consumer = tuple[SearchId, str]

FLUSH_SECONDS = 2.0
# Another worker may have served what is confirmed here, and writes it within its own interval.
_PATIENCE = timedelta(seconds=3 * FLUSH_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """'I have stored everything up to `until`', said at a time; proven where this process served it."""

    until: datetime
    at: datetime
    is_proven: bool


class Receipts:
    """One a process. `served` and `confirm` return at once; `flush` writes what has moved."""

    def __init__(self) -> None:
        self._served: dict[_Consumer, datetime] = {}
        self._unwritten: dict[_Consumer, tuple[datetime, datetime]] = {}
        self._claims: dict[_Consumer, list[_Claim]] = {}
        self._confirmed: dict[_Consumer, datetime] = {}
        self._writing = asyncio.Lock()
        self._stirred = asyncio.Event()

    def served(self, search_id: SearchId, consumer: str, until: datetime | None) -> None:
        """A page went out whose newest company, or whose watermark, is `until`."""
        who = (search_id, consumer)
        if until is None or until <= self._served.get(who, _BEGINNING):
            return
        self._served[who] = until
        self._unwritten[who] = (until, datetime.now(UTC))
        self._stirred.set()

    def confirm(self, search_id: SearchId, consumer: str, until: datetime) -> None:
        """The consumer says that it has stored everything up to `until`; that counts only as far as it was served."""
        who = (search_id, consumer)
        if until <= self._confirmed.get(who, _BEGINNING):
            return
        claim = _Claim(until=until, at=datetime.now(UTC), is_proven=until <= self._served.get(who, _BEGINNING))
        # A proven claim says all that the smaller ones say; of the others, any may turn out to be proven by another worker.
        claims = [other for other in self._claims.get(who, []) if not claim.is_proven or other.until > until]
        self._claims[who] = [*claims[-3:], claim]
        self._stirred.set()

    async def confirm_now(self, database: Database, search_id: SearchId, consumer: str, until: datetime) -> datetime | None:
        """As `confirm`, written before it returns; answers what is stored then."""
        self.confirm(search_id, consumer, until)
        deadline = datetime.now(UTC) + timedelta(seconds=1.5 * FLUSH_SECONDS)
        while True:
            await self.flush(database.whole)  # what has gathered is of every tenant
            stored = await store.confirmed_until(database, search_id, consumer)
            if (stored is not None and stored >= until) or datetime.now(UTC) > deadline:
                return stored
            await asyncio.sleep(FLUSH_SECONDS / 8)

    async def settle(self) -> None:
        """Wait until there is something to write: a consumer's first move is written at once, the next ones together."""
        await self._stirred.wait()
        self._stirred.clear()

    async def flush(self, database: Database) -> None:
        """Write what moved since the last time. What cannot be written stays for the next."""
        async with self._writing:
            try:
                await self._flush_served(database)
                await self._flush_claims(database)
            except BaseException:
                self._stirred.set()
                raise

    async def _flush_served(self, database: Database) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        if not unwritten:
            return
        try:
            await store.note_served(database, [(*who, until, at) for who, (until, at) in unwritten.items()])
        except BaseException:
            self._unwritten = unwritten | self._unwritten
            raise

    async def _flush_claims(self, database: Database) -> None:
        claims = {(*who, claim.until): claim for who, several in self._claims.items() for claim in several}
        # One at a time, the biggest first: once that has moved its receipt, the smaller ones have nothing left to say.
        for (search_id, name, until), claim in sorted(claims.items(), reverse=True):
            if until > self._confirmed.get((search_id, name), _BEGINNING):
                row = (search_id, name, until, claim.at, claim.is_proven)
                if await store.note_confirmed(database, [row]):
                    self._confirmed[search_id, name] = until
        self._drop_settled(datetime.now(UTC))

    def _drop_settled(self, now: datetime) -> None:
        """Forget claims that are written, and those that nobody has proven in time."""
        for who, claims in list(self._claims.items()):
            confirmed = self._confirmed.get(who, _BEGINNING)
            kept = [claim for claim in claims if claim.until > confirmed and now - claim.at < _PATIENCE]
            if kept:
                self._claims[who] = kept
                self._stirred.set()
            else:
                del self._claims[who]


_BEGINNING = datetime.min.replace(tzinfo=UTC)
