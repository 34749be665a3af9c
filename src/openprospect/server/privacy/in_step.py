"""A database in step with its erasure log: what it lacks, as after a failover, is carried out before anybody is served from it.

The log is written first, so it may know an erasure whose transaction failed: that is carried out as well, as somebody has asked for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.background import every
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.db.pool import Connection, Database, ServerId
from openprospect.server.feed import store as feed
from openprospect.server.feed.writing.locks import LOCK_SECONDS, Writing
from openprospect.server.instance.store import known_log, note_log_read
from openprospect.server.privacy import store
from openprospect.server.privacy.log import ErasureLog, Logged, LoggedErasure, News
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.privacy.restore import carry_out

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 30.0
# As long as a client waits without a word; where it takes longer it is told to come back.
_PATIENCE_SECONDS = 5.0


class InStep:
    """Lets a process use a server once its database was seen to be in step with the log, if there is one. Requests cost no more by this."""

    def __init__(self, dsn: str, policy: ErasurePolicy) -> None:
        self._dsn = dsn
        self._policy = policy
        self._admitted: ServerId | None = None
        self._turn: asyncio.Task[None] | None = None

    async def admit(self, server: ServerId) -> None:
        """Raises Unavailable as long as the database there lacks anything, or nobody can tell."""
        if self._policy.log is None or server == self._admitted:
            return
        await asyncio.wait({turn := self._begun()}, timeout=_PATIENCE_SECONDS)
        if not turn.done():
            raise Unavailable("Erasures that the database did not know are being carried out again; try again in a few seconds.")
        turn.result()
        if server != self._admitted:
            raise Unavailable("The database has just been exchanged for another; try again in a few seconds.")

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look again and again, for what no new connection tells: an erasure that failed, a server that was exchanged behind a pooler."""
        async with every(_EVERY_SECONDS, self._look, name="erasure log"):
            yield
        if self._turn:
            self._turn.cancel()
            await asyncio.wait({self._turn})

    async def _look(self) -> None:
        await asyncio.wait({turn := self._begun()})
        turn.result()

    def _begun(self) -> "asyncio.Task[None]":
        """One turn for all who wait: it goes on when they have gone away."""
        if self._turn is None or self._turn.done():
            self._turn = asyncio.create_task(self._catch_up())
            self._turn.add_done_callback(lambda turn: turn.cancelled() or turn.exception())
        return self._turn

    async def _catch_up(self) -> None:
        if self._policy.log is None:
            return
        met: set[ServerId] = set()

        async def note(server: ServerId) -> None:
            met.add(server)

        async with await Database.open(self._dsn, size=1, lock_seconds=LOCK_SECONDS, admit=note) as database:
            try:
                await catch_up(database, self._policy.log, deadline=self._policy.deadline)
            except Misconfigured as error:
                raise Unavailable(error.message) from error  # whoever started with this log may bring it back
        self._admitted = met.pop() if len(met) == 1 else None


async def catch_up(database: Database, log: ErasureLog, *, deadline: timedelta) -> None:
    """Carry out what the log has beyond what the database has read of it. Recipients have until `deadline` from now to confirm.

    Raises Misconfigured where it is another log than the database's, or an older copy of it.
    """
    known = await known_log(database)
    mark, known_by = (known.mark, known.first_line_hash) if known else (None, None)
    news = await asyncio.to_thread(log.since, mark, known_by=known_by)
    if news.mark == mark:
        return
    if mark is None:
        # A log that this database has not read before, such as one that was begun from it: its lists are right as they are.
        news = News(entries=[entry for entry in news.entries if isinstance(entry, LoggedErasure)], mark=news.mark)
    for organization_id in await _concerned(database, news.entries):
        await _catch_up_in(database, organization_id, log, news, known_by=known_by, deadline=deadline)
    await note_log_read(database, news.mark, known_by=known_by, before=mark)


async def _concerned(database: Database, entries: Sequence[Logged]) -> list[OrganizationId]:
    """Whose database may lack something: an erasure that it does not know, or any change of a list, which nobody knows by an id."""
    known = await store.known_among(database, [entry.id for entry in entries if isinstance(entry, LoggedErasure)])
    others = {OrganizationId(entry.organization_id) for entry in entries if not isinstance(entry, LoggedErasure) or entry.id not in known}
    return await store.organizations_among(database, others)


async def _catch_up_in(
    database: Database, organization_id: OrganizationId, log: ErasureLog, news: News, *, known_by: bytes | None, deadline: timedelta
) -> None:
    async def work(db: Connection) -> int:
        await feed.hold_organization_alone(db, organization_id)
        # Whoever was about to change anything has committed by now, or failed: what they wrote down meanwhile is the last word.
        late = await asyncio.to_thread(log.since, news.mark, known_by=known_by)
        own = [entry for entry in (*news.entries, *late.entries) if entry.organization_id == organization_id]
        return await carry_out(db, await _without_repeated(db, own), deadline=deadline)

    if count := await Writing(database).alone(organization_id, work):
        logger.warning("the database lacked erasures that its log knows, as after a failover or a recovery: %d carried out again", count)


async def _without_repeated(db: Connection, entries: Sequence[Logged]) -> list[Logged]:
    """Without erasures that failed and were asked for again: what the database then did reaches all that they would have."""
    known = await store.known_among(db, [entry.id for entry in entries if isinstance(entry, LoggedErasure)])
    done_at: dict[bytes, datetime] = {}
    left: list[Logged] = []
    for entry in reversed(entries):
        if isinstance(entry, LoggedErasure):
            if entry.id in known:
                done_at.setdefault(entry.subject_hash, entry.at)
            elif entry.subject_hash in done_at and entry.at <= done_at[entry.subject_hash]:
                continue
        left.append(entry)
    return left[::-1]
